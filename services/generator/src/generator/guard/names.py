"""The names that facts hold: of the subject, of people and of other works; and when two spellings mean the same."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz

from generator.guard.commands import uncommanded
from generator.guard.folding import folded, holds, latin, same_word, words
from shared.entities import Facts, PersonDetails, Role, TvDetails

SAME_TITLE = 80.0
SAME_PERSON = 82.0
"""Likeness (0..100) from which two spellings are one: docs/guard.md shows the curve."""
_ARTICLES = frozenset(
    [
        "the",
        "a",
        "an",
        "le",
        "la",
        "les",
        "l",
        "un",
        "une",
        "der",
        "die",
        "das",
        "ein",
        "eine",
        "el",
        "los",
        "las",
        "uno",
        "una",
        "il",
        "lo",
        "i",
        "gli",
    ]
)
_ROMAN = {
    roman: str(n)
    for n, roman in enumerate(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"], start=1)
}
_YEAR_IN_BRACKETS = re.compile(r"\s*\((?:\d{4}[^)]*|[^)]*\d{4})\)\s*$")
_SUBTITLE = re.compile(r"\s*(?::|\s[-–—]\s|\s?[-–—]\s)\s*")
_BETWEEN_PEOPLE = re.compile(r"\s*(?:,|;|/|&|\+|\b(?:and|und|et|y|e|i|oraz)\b)\s*")
_ALIKE = str.maketrans("wjyck", "viikk")
_HISSING = re.compile("s?kh|sz|sh|kz|zh")
_TWICE = re.compile(r"(.)\1")
_NOT_A_NAME = frozenset(["the", "brothers", "sisters", "jr", "sr", "dr", "sir", "bros"])


def titles_of(facts: Facts) -> tuple[str, ...]:
    """Every title or name that the facts give to the subject, without commands hidden in them."""
    spelled = (facts.title, facts.original_title, *facts.titles.values())
    names = (name for title in spelled if title for name in (title, uncommanded(title)))
    return tuple(dict.fromkeys(name for name in names if name.strip()))


def people_of(facts: Facts) -> tuple[str, ...]:
    """The people whom the facts name with the subject."""
    creators = facts.details.creators if isinstance(facts.details, TvDetails) else ()
    names = (*(credit.name for credit in facts.credits), *directors_of(facts), *creators)
    return tuple(dict.fromkeys(names))


def directors_of(facts: Facts) -> tuple[str, ...]:
    """The directors of a film; nobody for everything else."""
    credited = (credit.name for credit in facts.credits if credit.role is Role.DIRECTOR)
    if facts.director is None:
        return ()
    return tuple(dict.fromkeys((*credited, *several(facts.director), facts.director)))


def works_of(facts: Facts) -> tuple[str, ...]:
    """Titles of other works that the facts name."""
    known_for = facts.details.known_for if isinstance(facts.details, PersonDetails) else ()
    collection = (facts.collection.name,) if facts.collection else ()
    return (*(known.title for known in known_for), *collection)


def characters_of(facts: Facts) -> tuple[str, ...]:
    return tuple(dict.fromkeys(credit.character for credit in facts.credits if credit.character))


def short_title(title: str) -> str:
    """`title` without its subtitle."""
    return _SUBTITLE.split(title, maxsplit=1)[0] or title


def several(names: str) -> list[str]:
    """`Joel Coen & Ethan Coen` as two names."""
    return [name for name in _BETWEEN_PEOPLE.split(names) if name]


def title_likeness(one: str, other: str) -> float:
    """0..100, without articles, accents and script; 0 for what only a number tells apart, as it does sequels."""
    mine, others = _bare(one), _bare(other)
    if not mine or not others:
        return 100.0 if one.strip() == other.strip() else 0.0
    return fuzz.ratio(" ".join(mine), " ".join(others)) if _numbers(mine) == _numbers(others) else 0.0


def is_titled(title: str, known: Iterable[str]) -> bool:
    """Whether `title` names a work or person called any of `known`.

    A subtitle may be missing on either side, unless it numbers a sequel. A romanisation is believed where the known titles have no
    Latin letter.
    """
    titles = tuple(known)
    if latin(title) and not any(map(latin, titles)):
        return True
    spelled = _YEAR_IN_BRACKETS.sub("", title)
    return any(
        title_likeness(mine, theirs) >= SAME_TITLE
        for known_title in titles
        for mine in _readings(spelled)
        for theirs in _readings(_YEAR_IN_BRACKETS.sub("", known_title))
        if mine == spelled or theirs in {known_title, mine}
    )


def same_person(one: str, other: str) -> bool:
    """Whether two spellings can mean one person: other order, initials, a missing middle name, another transliteration."""
    mine, others = _person(one), _person(other)
    if not mine or not others:
        return one.strip() == other.strip()
    shorter, longer = sorted((mine, others), key=len)
    if len(shorter) == 1:
        return same_word(shorter[0], longer[-1]) or same_word(shorter[0], longer[0])
    if all(any(_fits(name, given) for given in longer) for name in shorter) and _share_a_word(shorter, longer):
        return True
    return person_likeness(one, other) >= SAME_PERSON


def person_likeness(one: str, other: str) -> float:
    """0..100, whatever the order and the transliteration."""
    return fuzz.token_sort_ratio(_sound(_person(one)), _sound(_person(other)))


def mentions(text: Sequence[str], name: str) -> bool:
    """Whether folded `text` has `name` in any inflected form, with or without its article or its subtitle."""
    full = words(name)
    spellings = [full, tuple(word for word in full if word not in _ARTICLES), words(short_title(name))]
    return any(holds(text, spelled) for spelled in spellings if spelled)


def mentions_person(text: Sequence[str], name: str) -> bool:
    """Whether folded `text` has the last or the whole name of a person in any inflected form."""
    parts = [part for part in words(name) if len(part) > 1]
    return holds(text, parts) or holds(text, parts[-1:])


def _readings(title: str) -> tuple[str, ...]:
    head, *tail = _SUBTITLE.split(title, maxsplit=1)
    numbered = tail and _numbers(_bare(f"- {tail[0]}"))
    return (title,) if not tail or numbered or not head else (title, head)


def _bare(title: str) -> tuple[str, ...]:
    found = tuple(_ROMAN.get(word, word) if at else word for at, word in enumerate(words(title)))
    return tuple(word for word in found if word not in _ARTICLES) or found


def _numbers(title: Sequence[str]) -> frozenset[str]:
    """What tells sequels apart."""
    return frozenset(word for word in title if word.isdigit())


def _person(name: str) -> list[str]:
    return [word for word in words(name) if word not in _NOT_A_NAME]


def _sound(name: Sequence[str]) -> str:
    """A name as transliterations share it: `Tarkowski` and `Tarkovsky`."""
    spoken = _HISSING.sub("s", " ".join(name).translate(_ALIKE))
    return _TWICE.sub(r"\1", spoken)


def _fits(name: str, given: str) -> bool:
    return same_word(name, given) or (min(len(name), len(given)) == 1 and name[0] == given[0])


def _share_a_word(shorter: Sequence[str], longer: Sequence[str]) -> bool:
    return any(len(name) > 1 and same_word(name, given) for name in shorter for given in longer)


def all_names(facts: Facts) -> tuple[str, ...]:
    """Everything in the facts that is a name: what two honest texts about one subject share."""
    return (*titles_of(facts), *people_of(facts), *characters_of(facts), *works_of(facts))


def folded_without_names(text: str, facts: Facts) -> str:
    """The folded words of `text` that are not names from the facts."""
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for name in {word for spelled in all_names(facts) for word in words(spelled) if len(word) > 2}:
        alike[name[:2]].append(name)  # forms of one word share its first two letters
    return " ".join(word for word in folded(text).split() if not any(same_word(word, name) for name in alike[word[:2]]))
