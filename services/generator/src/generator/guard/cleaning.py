"""Plain text out of what a model wrote."""

import html
import re
import unicodedata

import nh3

_BLOCK = re.compile(r"<(?=/?(?:p|br|div|li|ul|ol|h[1-6]|tr|td|blockquote)\b)", re.IGNORECASE)
_JOINERS = "\u200c\u200d"
_MAX_LAYERS = 3


def cleaned(text: str) -> str:
    """`text` without markup, scripts, control, invisible and direction characters, in NFC with single spaces.

    Right-to-left titles need no direction characters: the algorithm of Unicode (UAX 9) orders them by their letters. The joiners that
    spell Persian and Indic words stay between letters of such scripts.
    """
    plain = _BLOCK.sub(" <", _printable(text))
    for _ in range(_MAX_LAYERS):  # entities can hide markup, and what hides in it once hides in it twice
        stripped = _printable(html.unescape(nh3.clean(plain, tags=set())))
        if stripped == plain:
            break
        plain = stripped
    return " ".join(unicodedata.normalize("NFC", plain).split())


def _printable(text: str) -> str:
    if not any(unicodedata.category(char)[0] == "C" for char in text):
        return text
    return "".join(
        char
        for before, char, after in zip(f" {text}", text, f"{text[1:]} ", strict=False)
        if char.isspace() or unicodedata.category(char)[0] != "C" or (char in _JOINERS and _joined(before, after))
    )


def _joined(before: str, after: str) -> bool:
    """Whether a joiner stands between letters that are joined in writing: those of scripts without case, such as Persian."""
    return all(unicodedata.category(char) in {"Lo", "Mn", "Mc"} for char in (before, after))
