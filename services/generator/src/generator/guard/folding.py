"""Words as they are compared: without case, accents, script and punctuation, and with the endings of inflected names."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from anyascii import anyascii

MAX_ENDING = 4
"""Letters that an ending may add: `Kieślowski`, `Kieślowskiego`."""
_WORD = re.compile(r"[a-z0-9]+")
_APOSTROPHE = re.compile(r"['’`]")


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The words of `text` in plain ASCII: `L’Été à Łódź` is `l ete a lodz`."""
    plain = anyascii(_APOSTROPHE.sub(" ", unicodedata.normalize("NFKC", text)).replace("&", " and "))
    return tuple(_WORD.findall(plain.casefold()))


def folded(text: str) -> str:
    return " ".join(words(text))


def latin(text: str) -> bool:
    """Whether `text` has any Latin letter or digit: what has none cannot be compared with a romanisation of it."""
    return any(char.isascii() or "LATIN" in unicodedata.name(char, "") for char in text if char.isalnum())


def same_word(one: str, other: str) -> bool:
    """Whether two folded words can be forms of one: `wajda` and `wajdy`, `marek` and `marka`. Figures have no forms."""
    if one == other:
        return True
    shorter = min(len(one), len(other))
    if one.isdigit() or other.isdigit() or shorter < 3:
        return False
    short = shorter < 5
    stem = shorter - 1 if short else shorter - 2
    return abs(len(one) - len(other)) <= (2 if short else MAX_ENDING) and one[:stem] == other[:stem]


def holds(text: Sequence[str], name: Sequence[str]) -> bool:
    """Whether the words of `name`, in any of their forms, follow each other in `text`."""
    length = len(name)
    return length > 0 and any(
        all(map(same_word, name, text[start : start + length])) for start in range(len(text) - length + 1)
    )


def without(text: str, names: Iterable[str]) -> str:
    """`text` without any of `names`, as they are spelled, the longest first."""
    longest_first = sorted({name for name in names if name}, key=len, reverse=True)
    if not longest_first:
        return text
    return re.sub(
        "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in longest_first), " ", text, flags=re.IGNORECASE
    )
