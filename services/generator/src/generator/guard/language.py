"""Whether a text is written in the language of its locale."""

import re
from collections.abc import Callable, Iterable
from typing import Protocol, Self, cast

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from generator.guard.folding import without
from generator.guard.problems import Problem
from shared.entities import Form, Locale

DOUBT = 0.15
"""A long text is in another language only if its own is less likely than this: names leave any identifier in doubt."""
SHORT_DOUBT = 0.01
"""The same for a tagline or a summary, of which little is left without names."""
MIN_LETTERS = 25
"""Letters without names that say anything about a language."""
MIN_SENTENCE = 60
FOREIGN_SHARE = 0.4
"""The part of a long text that may stand in sentences of another language: quotations and titles do."""

_LANGUAGES = {Locale.PL: "Polish", Locale.EN: "English", Locale.DE: "German", Locale.FR: "French", Locale.ES: "Spanish"}
_RIVALS = ("it", "pt", "nl", "cs", "ro", "sv")
"""Languages near enough to one of ours to be taken for it, if the identifier knew ours only."""
_QUOTED = re.compile(r"[„“”«\"][^„“”«»\"]{1,120}[“”»\"]")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")


class _Identifier(Protocol):
    def rank(self, text: str) -> list[tuple[str, float]]: ...


class LanguageCheck:
    """Tells our five languages from each other and from their neighbours."""

    def __init__(self, likelihoods: Callable[[str], dict[str, float]]) -> None:
        self._likelihoods = likelihoods

    @classmethod
    def load(cls) -> Self:
        """With the packaged language model; takes most of a second, so it is done once, at start."""
        identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        identifier.set_languages([*map(_code, Locale), *_RIVALS])
        rank = cast("_Identifier", identifier).rank  # the package has no types
        return cls(lambda text: dict(rank(text)))

    def problems(self, text: str, form: Form, locale: Locale, names: Iterable[str]) -> tuple[Problem, ...]:
        """Whether `text` is in another language. `names` say nothing about it."""
        plain = without(text, names)
        long = form in {Form.DESCRIPTION, Form.BIO}
        own = self.likelihood(plain, locale)
        clear = own is None or own >= (DOUBT if long else SHORT_DOUBT)
        if clear and not (long and self._foreign_share(plain, locale) > FOREIGN_SHARE):
            return ()
        return (Problem("language", f"The text is not in {_LANGUAGES[locale]}."),)

    def likelihood(self, text: str, locale: Locale) -> float | None:
        """How likely `text` is in the language of `locale`, 0..1; None when too little is left of it."""
        plain = _without_names(text)
        if sum(char.isalpha() for char in plain) < MIN_LETTERS:
            return None
        return self._likelihoods(plain)[_code(locale)]

    def _foreign_share(self, text: str, locale: Locale) -> float:
        sentences = [sentence for sentence in _SENTENCE.split(text) if len(sentence) >= MIN_SENTENCE]
        judged = [(len(sentence), self.likelihood(sentence, locale)) for sentence in sentences]
        foreign = sum(length for length, own in judged if own is not None and own < DOUBT)
        return foreign / max(1, len(text))


def _without_names(text: str) -> str:
    """What is left for telling the language: quoted titles and capitalised words inside sentences say nothing about it."""
    spoken = _QUOTED.sub(" ", text).split()
    pairs = zip([".", *spoken], spoken, strict=False)
    return " ".join(word for before, word in pairs if before[-1] in ".!?…" or not _capitalised(word))


def _capitalised(word: str) -> bool:
    return next((char.isupper() for char in word if char.isalpha()), False)


def _code(locale: Locale) -> str:
    return locale.split("-")[0]
