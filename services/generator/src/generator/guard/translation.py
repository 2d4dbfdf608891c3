"""Whether a translation says what its source says: names, years and other numbers survive, and no new ones come in."""

import re
from collections.abc import Iterable, Iterator

from generator.guard.folding import folded, words
from generator.guard.names import mentions, mentions_person, people_of, titles_of, works_of
from generator.guard.problems import Problem
from generator.guard.years import known_numbers, titles_blanked
from shared.entities import EntityKind, Facts

SHORTEST, LONGEST = 0.4, 2.2
"""Length of an honest translation as a part of its source's; below fifty characters an idiom may be anything."""
MIN_COMPARED = 50
MIN_COPIED_WORDS = 4
_DECADE = re.compile(
    r"(?:\b(?:lat|lata|latach|années|annees|años|ans)\s+)?(?:\b\d{4}|['’]?\b\d{2})(?:s\b|er\b|er-)|\b(?:lat|lata|latach|années|años)\s+\d{2,4}\b\.?"
)
_ORDINAL = re.compile(r"\b\d+(?:st|nd|rd|th|e|er|re|ème|º|ª)\b", re.IGNORECASE)
_GROUPED = re.compile(r"(?<=\d)[,.\s\u00a0\u202f](?=\d{3}(?!\d))")
_NUMBER = re.compile(r"(?<!\w)\d+(?!\w)")
_SPELLED = {
    1: "one jeden jedna jedno jednego jednej ein eine einen un une uno una first pierwszy",
    2: "two dwa dwie dwoje dwoch zwei deux dos second drugi both oba obie beide",
    3: "three trzy troje trzech drei trois tres third trzeci",
    4: "four cztery czworo czterech vier quatre cuatro",
    5: "five piec pieciu fuenf funf cinq cinco",
    6: "six szesc szesciu sechs seis",
    7: "seven siedem siedmiu sieben sept siete",
    8: "eight osiem osmiu acht huit ocho",
    9: "nine dziewiec dziewieciu neun neuf nueve",
    10: "ten dziesiec dziesieciu zehn dix diez",
    11: "eleven jedenascie elf onze once",
    12: "twelve dwanascie zwoelf zwolf douze doce",
}  # fmt: skip
_SPELLED_AS = {word: number for number, spelled in _SPELLED.items() for word in spelled.split()}


def fidelity(source: str, translated: str, facts: Facts) -> tuple[Problem, ...]:
    """What of `source` did not survive in `translated`: codes `lost_number`, `new_number`, `lost_name`, `cut`, `untranslated`.

    Small numbers may change between figures and words, decades and ordinals are worded as the language does, names may be inflected,
    and the subject may be called by any title of the facts.
    """
    said, kept = _numbers(source, facts), _numbers(translated, facts)
    in_words = {_SPELLED_AS[word] for word in words(translated) if word in _SPELLED_AS}
    lost = {number for number in said if number not in kept and number not in in_words}
    spelled = {_SPELLED_AS[word] for word in words(source) if word in _SPELLED_AS}
    new = {number for number in kept if number not in said and number not in spelled} - known_numbers(facts)
    found = {
        Problem("lost_number", "A year or number of the source is missing or changed."): bool(lost),
        Problem("new_number", "The translation has a year or number that the source does not have."): bool(new),
        Problem("lost_name", "A name of the source is missing or changed."): any(
            _lost_names(source, translated, facts)
        ),
        Problem("cut", "The translation leaves out or adds too much."): _cut(source, translated),
        Problem("untranslated", "The text is still the source."): _same(source, translated, facts),
    }
    return tuple(problem for problem, holds in found.items() if holds)


def _numbers(text: str, facts: Facts) -> frozenset[int]:
    plain = _ORDINAL.sub(" ", _DECADE.sub(" ", _GROUPED.sub("", titles_blanked(text, facts))))
    return frozenset(map(int, _NUMBER.findall(plain)))


def _lost_names(source: str, translated: str, facts: Facts) -> Iterator[bool]:
    said, kept = words(source), words(translated)
    for name in people_of(facts):
        whole = words(name)
        if len(whole) > 1 and f" {' '.join(whole)} " in f" {' '.join(said)} ":
            yield not mentions_person(kept, name)
    names = titles_of(facts)
    if facts.kind is EntityKind.PERSON:
        yield _any(mentions_person(said, name) for name in names) and not _any(
            mentions_person(kept, name) for name in names
        )
    else:
        yield _any(_quoted(source, name) for name in names) and not _any(mentions(kept, name) for name in names)


def _any(found: Iterable[bool]) -> bool:
    return any(found)


def _quoted(source: str, title: str) -> bool:
    """Whether `source` names the subject. Titles can be everyday words, so they count only as they are spelled."""
    return re.search(rf"(?<!\w){re.escape(title)}(?!\w)", source) is not None


def _cut(source: str, translated: str) -> bool:
    return len(source) >= MIN_COMPARED and not SHORTEST <= len(translated) / len(source) <= LONGEST


def _same(source: str, translated: str, facts: Facts) -> bool:
    names = {word for name in (*titles_of(facts), *people_of(facts), *works_of(facts)) for word in words(name)}
    own = [word for word in words(source) if word not in names]
    return len(own) >= MIN_COPIED_WORDS and folded(source) == folded(translated)
