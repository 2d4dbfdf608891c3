"""The checks that every answer of a model passes before anything else sees it. Pure, but for the language model read once by `load`."""

import html
import re
import unicodedata
from dataclasses import dataclass
from typing import Protocol, Self, cast

import nh3
from py3langid.langid import MODEL_FILE, LanguageIdentifier
from pydantic import BaseModel, ConfigDict, ValidationError

from generator.ports import Answer, Brief
from shared.entities import Locale

MIN_LENGTH = 50
MAX_LENGTH = 5000
MAX_RAW_LENGTH = 200_000
LANGUAGE_DOUBT = 0.15
"""A text is in another language only if its own is less likely than this: short texts full of names leave any identifier in doubt."""

_LANGUAGES = {Locale.PL: "Polish", Locale.EN: "English", Locale.DE: "German", Locale.FR: "French", Locale.ES: "Spanish"}
_BLOCK = re.compile(r"<(?=/?(?:p|br|div|li|ul|ol|h[1-6]|tr|td|blockquote)\b)", re.IGNORECASE)
_MARKUP = re.compile(r"<[a-z/!?]", re.IGNORECASE)
_URL = re.compile(r"(?:\b[a-z][a-z0-9+.-]*://|\bwww\.|\bmailto:)\S", re.IGNORECASE)
_MARKDOWN = re.compile(r"```|\[[^\]]+\]\([^)]+\)|\*\*[^*]+\*\*|(?:^|\s)#{1,6}\s")
_QUOTED = re.compile(r"[„“”«\"][^„“”«»\"]{1,120}[“”»\"]")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text was refused: a code for people who operate it, a sentence for the model that is to repair it."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Valid:
    """Plain text in one line: no markup, no control or invisible characters, single spaces, NFC."""

    text: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The model says that its subject does not exist."""


@dataclass(frozen=True, slots=True)
class Rejected:
    problems: tuple[Problem, ...]


Verdict = Valid | Missing | Rejected


class _Identifier(Protocol):
    def rank(self, text: str) -> list[tuple[str, float]]: ...


class _Content(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    exists: bool
    text: str


class Validator:
    """Checks answers. Safe to share: it keeps nothing of a text."""

    def __init__(self, identifier: _Identifier) -> None:
        self._identifier = identifier

    @classmethod
    def load(cls) -> Self:
        """A validator with the packaged language model; takes most of a second, so it is done once, at start."""
        identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        identifier.set_languages([_code(locale) for locale in Locale])
        return cls(cast("_Identifier", identifier))  # the package has no types

    def check(self, answer: Answer, brief: Brief) -> Verdict:
        """What `answer` is worth as the text that `brief` asks for."""
        if answer.finish_reason == "length":
            return Rejected((Problem("truncated", "The answer was cut off: write a shorter text."),))
        try:
            content = _Content.model_validate_json(answer.content[:MAX_RAW_LENGTH])
        except ValidationError:
            return Rejected((Problem("malformed", "The answer was not the JSON object that was asked for."),))
        if not content.exists:
            return Missing()
        text = cleaned(content.text)
        problems = (*_form_problems(text), *self._language_problems(text, brief.locale))
        return Rejected(problems) if problems else Valid(text)

    def _language_problems(self, text: str, locale: Locale) -> tuple[Problem, ...]:
        ranked = dict(self._identifier.rank(_without_names(text)))
        if len(text) < MIN_LENGTH or ranked[_code(locale)] >= LANGUAGE_DOUBT:
            return ()
        return (Problem("language", f"The text is not in {_LANGUAGES[locale]}."),)


def cleaned(text: str) -> str:
    """`text` without markup, scripts, control, invisible and direction characters, in NFC with single spaces."""
    plain = _BLOCK.sub(" <", _printable(text))
    for _ in range(3):  # entities can hide markup, and what hides in it once hides in it twice
        stripped = _printable(html.unescape(nh3.clean(plain, tags=set())))
        if stripped == plain:
            break
        plain = stripped
    return " ".join(unicodedata.normalize("NFC", plain).split())


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isspace() or unicodedata.category(char)[0] != "C")


def _form_problems(text: str) -> tuple[Problem, ...]:
    found = {
        Problem("too_short", f"The text has fewer than {MIN_LENGTH} characters."): len(text) < MIN_LENGTH,
        Problem("too_long", f"The text has more than {MAX_LENGTH} characters."): len(text) > MAX_LENGTH,
        Problem("markup", "The text contains HTML."): _MARKUP.search(text),
        Problem("url", "The text contains a web address."): _URL.search(text),
        Problem("markdown", "The text contains Markdown."): _MARKDOWN.search(text),
    }
    return tuple(problem for problem, holds in found.items() if holds)


def _without_names(text: str) -> str:
    """What is left for telling the language: quoted titles and capitalised words inside sentences say nothing about it."""
    words = _QUOTED.sub(" ", text).split()
    pairs = zip([".", *words], words, strict=False)
    return " ".join(word for before, word in pairs if before[-1] in ".!?…" or not _capitalised(word))


def _capitalised(word: str) -> bool:
    return next((char.isupper() for char in word if char.isalpha()), False)


def _code(locale: Locale) -> str:
    return locale.split("-")[0]
