"""Slugs: how a title becomes one, what a caller may send as one, and what one can mean.

Pure. A slug is 1..255 characters of `[a-z0-9-]` without a leading, trailing or doubled hyphen. Canonical slugs are
built from verified facts only (`candidates`); one that came from outside passes `normalise` and proves nothing.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Literal

from anyascii import anyascii

from shared.entities import KINDS, Candidate, EntityKind, Facts, MovieDetails, PersonDetails
from shared.errors import MovieMindError

MAX_LENGTH = 255
RESERVED = frozenset({"search", "compare"})
"""What stands in an address where a slug does, and means something else there."""
PLAUSIBLE = 0.5
"""The confidence from which a slug is worth a lookup."""

Reason = Literal["characters", "length", "hostile"]
Level = Literal["high", "medium", "low", "very_low"]

_MAX_RAW_LENGTH = 1024
_YEARS_AHEAD = 10
_YEAR_READINGS = 4
_WORD = re.compile(r"[a-z0-9]+")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_YEAR = re.compile(r"[12]\d{3}")
_NUMBER = re.compile(r"[1-9]\d{0,2}")
_JOINERS = "\u200c\u200d"  # part of the spelling in Persian and Indic scripts
_MARKUP = re.compile(r"\A\.\.|[/\\<>]|\b(?:https?|ftp|file|data|javascript|vbscript)\s*:", re.IGNORECASE)
_INSTRUCTION = re.compile(
    r"(?:^|-)(?:"
    r"(?:ignore|disregard|forget|override|bypass)(?:-(?:all|any|the|these|those|your|my|of|previous|prior|above|earlier|preceding|"
    r"system|safety))+-(?:instructions?|prompts?|rules|guidelines|directions|commands|messages?|context)"
    r"|(?:ignore|disregard|forget)-(?:everything|all|the-text)-(?:above|before|previous)"
    r"|(?:reveal|show|print|repeat|output|leak|expose|dump|give|tell)(?:-(?:me|us))?-(?:your|the|all)(?:-(?:your|system|hidden|secret|"
    r"initial|internal))*-(?:prompts?|instructions|api-keys?|credentials)"
    r"|system-(?:prompts?|messages?|instructions?)|new-instructions|you-are-now|from-now-on-you|do-anything-now|developer-mode-(?:on|enabled)"
    r"|(?:pretend|act)(?:-(?:to-be|as|like|you-are))?-(?:an?|the)-(?:ai|assistant|system|language-model|chatbot|admin|administrator|developer)"
    r"|jailbreak-(?:mode|prompt)|as-an-ai-(?:language-model|assistant)|what-(?:are|is|were|was)-your-(?:system-)?(?:instructions?|prompts?)"
    r"|(?:ignore|disregard|override|bypass)-(?:instructions|prompts?)|repeat-(?:the|all)-(?:words|text)-above"
    r"|ignoriere-(?:alle-)?(?:vorherigen|bisherigen|obigen)-(?:anweisungen|befehle|regeln)"
    r"|(?:z?ignoruj|zapomnij)-(?:wszystkie-)?(?:poprzednie|powyzsze|wczesniejsze)-(?:instrukcje|polecenia|zasady)"
    r"|ignore[rz]?-(?:toutes-)?les-(?:instructions|consignes|regles)-(?:precedentes|ci-dessus)"
    r"|ignora-(?:todas-)?las-(?:instrucciones|ordenes|reglas)-(?:anteriores|previas)"
    r")(?:-|$)"
)
_DIGRAPH = re.compile(r"sch|[cgkprstwz]h|ng|ck")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]+")
_REPEAT = re.compile(r"(.)\1+")
_DIGITS = re.compile(r"\d+")
_TWICE = re.compile(r"([a-z]{3,9}?)\1")
_SYLLABLES = re.compile(r"([a-z]{2,4}?)\1{3,}")
_KEY_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "poiuytrewq", "lkjhgfdsa", "mnbvcxz", "qazwsxedcrfvtgbyhnujm")


class SlugError(MovieMindError):
    """A caller's slug that is refused before anything is looked up."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"invalid slug: {reason}")
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class ParsedSlug:
    """One reading of a slug; `tail` is what follows the year: a director, a birthplace or a number."""

    slug: str
    title_part: str
    year: int | None = None
    tail: str | None = None

    @property
    def number(self) -> int | None:
        """The tail as the number that tells equal titles apart."""
        return int(self.tail) if self.tail and _NUMBER.fullmatch(self.tail) else None


@dataclass(frozen=True, slots=True)
class Plausibility:
    """`reason` is set below `PLAUSIBLE` only."""

    confidence: float
    reason: Literal["implausible"] | None = None

    @property
    def plausible(self) -> bool:
        return self.confidence >= PLAUSIBLE

    @property
    def level(self) -> Level:
        return confidence_level(self.confidence)


def fold(text: str) -> str:
    """`text` in lower-case ASCII with single spaces, punctuation kept: what search compares."""
    return " ".join(_ascii(text).lower().split())


def slugify(title: str) -> str:
    """The slug of a title in any script, never empty: what has no transliteration is spelled by its code points."""
    words = _WORD.findall(_ascii(title).replace("&", " and ").lower())
    slug = "-".join(words) or "-".join(f"u{ord(char):x}" for char in title if not char.isspace()) or "untitled"
    return _cut(slug, MAX_LENGTH)


def is_slug(text: str) -> bool:
    """Whether `text` is spelled as a slug is."""
    return len(text) <= MAX_LENGTH and _SLUG.fullmatch(text) is not None


def normalise(raw: str) -> str:
    """The slug meant by percent-decoded input; raises `SlugError`.

    Idempotent. Accents and other scripts are transliterated as in `slugify`, case is folded, `_` and space become `-`.
    Refused: any other character (`characters`), nothing or more than 255 characters (`length`), and paths, markup, URLs
    and phrases that instruct a language model (`hostile`; a single word never is one).
    """
    if len(raw) <= MAX_LENGTH and _SLUG.fullmatch(raw) and not _INSTRUCTION.search(raw):
        return raw
    if len(raw) > _MAX_RAW_LENGTH:
        raise SlugError("length")
    if any(unicodedata.category(char)[0] == "C" and char not in _JOINERS for char in raw):
        raise SlugError("characters")
    if _MARKUP.search(unicodedata.normalize("NFKC", raw)):
        raise SlugError("hostile")
    slug = re.sub(r"[\s_-]+", "-", _ascii(raw).lower()).strip("-")
    if not slug and any(char.isalnum() for char in raw):
        slug = slugify(raw)
    if not 1 <= len(slug) <= MAX_LENGTH:
        raise SlugError("length")
    if not _SLUG.fullmatch(slug):
        raise SlugError("characters")
    if _INSTRUCTION.search(slug):
        raise SlugError("hostile")
    return slug


def parse(kind: EntityKind, slug: str, this_year: int) -> ParsedSlug:
    """The preferred reading of a normalised slug."""
    return readings(kind, slug, this_year)[0]


def readings(kind: EntityKind, slug: str, this_year: int) -> tuple[ParsedSlug, ...]:
    """Everything a normalised slug can mean, best first, at least one and at most six.

    A year at the end, then a year followed by a director, birthplace or number, then the whole slug as a title, then a
    title with a number that tells it from its namesakes. A year lies between the kind's earliest and `this_year` + 10
    (people: `this_year`).
    """
    words = slug.split("-")
    latest = this_year if kind is EntityKind.PERSON else this_year + _YEARS_AHEAD
    dated = (
        ParsedSlug(slug, "-".join(words[:place]), int(words[place]), "-".join(words[place + 1 :]) or None)
        for place in range(len(words) - 1, 0, -1)
        if _YEAR.fullmatch(words[place]) and KINDS[kind].earliest_year <= int(words[place]) <= latest
    )
    fitting = (reading for reading in dated if _tail_fits(kind, reading))
    found = [*islice(fitting, _YEAR_READINGS), ParsedSlug(slug, slug)]
    if len(words) > 1 and _NUMBER.fullmatch(words[-1]):
        found.append(ParsedSlug(slug, "-".join(words[:-1]), None, words[-1]))
    return tuple(found)


def plausibility(kind: EntityKind, slug: str, this_year: int) -> Plausibility:
    """How likely a normalised slug names something at all; a filter against noise, not a proof.

    A plausible year gives 0.9, a person's name of two to four words 0.85, any other title 0.6, a bare number or up to
    two characters 0.5. Keyboard rows, repeated syllables and long runs of consonants or digits give 0.3; a year excuses all
    but gross ones.
    """
    reading = parse(kind, slug, this_year)
    if _mashed(reading.title_part, excused=reading.year is not None):
        return Plausibility(0.3, "implausible")
    if reading.year is not None:
        return Plausibility(0.9)
    if kind is EntityKind.PERSON and 2 <= slug.count("-") + 1 <= 4 and not slug.replace("-", "").isdigit():
        return Plausibility(0.85)
    return Plausibility(0.5 if len(slug) <= 2 or slug.replace("-", "").isdigit() else 0.6)


def confidence_level(confidence: float) -> Level:
    """The name of a confidence on the wire."""
    if confidence >= 0.9:
        return "high"
    if confidence >= 0.7:
        return "medium"
    return "low" if confidence >= PLAUSIBLE else "very_low"


def candidates(facts: Facts) -> Iterator[str]:
    """Canonical slugs for an entity, best first, all different; endless: the caller takes the first free one.

    Movies `title-year`, `title-year-director`, `title-year-2`…; people `name`, `name-birthyear`,
    `name-birthyear-place`, `name-birthyear-2`…; TV `title-year`, `title-year-2`…; without a year `title`, `title-2`….
    None of `RESERVED` is one.
    """
    title, year = slugify(facts.title), str(facts.year or "")
    tails = [year]
    match facts.details:
        case PersonDetails(birthplace=birthplace):
            tails = ["", year, f"{year}-{slugify(birthplace.split(',')[0])[:80]}" if year and birthplace else year]
        case MovieDetails(director=str(director)) if year and director:
            tails.append(f"{year}-{slugify(director.split(',')[0])[:80]}")
        case _:
            pass
    yield from dict.fromkeys(slug for tail in tails if (slug := _joined(title, tail)) not in RESERVED)
    for number in count(2):
        yield _joined(title, f"{year}-{number}" if year else str(number))


def option_slugs(offered: Sequence[Candidate]) -> tuple[str, ...]:
    """One slug per candidate, all different, each leading a lookup to just this candidate.

    `title-year` or `title`; candidates that would share it, and undated ones with namesakes, are numbered from 1 by
    their TMDb id, which is how a lookup counts them.
    """
    titles = Counter(slugify(candidate.title) for candidate in offered)
    bases = [_joined(slugify(candidate.title), str(candidate.year or "")) for candidate in offered]
    shared = Counter(bases)
    found: list[str] = []
    for candidate, base in zip(offered, bases, strict=True):
        if base in RESERVED or shared[base] > 1 or (candidate.year is None and titles[slugify(candidate.title)] > 1):
            peers = sorted(other.tmdb_id for other, name in zip(offered, bases, strict=True) if name == base)
            found.append(_joined(base, str(peers.index(candidate.tmdb_id) + 1)))
        else:
            found.append(base)
    return tuple(found)


def _ascii(text: str) -> str:
    return text if text.isascii() else "".join(map(_plain, unicodedata.normalize("NFC", text)))


def _plain(char: str) -> str:
    if char.isascii():
        return char
    plain = anyascii(char)
    if unicodedata.category(char)[0] in "LM":  # a glottal stop is a letter, its apostrophe would split the word
        return "".join(filter(str.isalnum, plain))
    if unicodedata.category(char)[0] == "N" and not plain.isalnum():  # a fraction is two numbers
        return f" {' '.join(_WORD.findall(plain.lower()))} "
    return plain


def _cut(slug: str, length: int) -> str:
    return slug[:length].rstrip("-")


def _joined(title: str, tail: str) -> str:
    return f"{_cut(title, MAX_LENGTH - len(tail) - 1)}-{tail}" if tail else title


def _tail_fits(kind: EntityKind, reading: ParsedSlug) -> bool:
    if reading.tail is None or reading.number is not None:
        return True
    return kind in {EntityKind.MOVIE, EntityKind.PERSON} and not reading.tail.replace("-", "").isdigit()


def _mashed(title: str, *, excused: bool) -> bool:
    keys, repeats, consonants = (8, 10, 10) if excused else (5, 5, 7)
    return (
        any(row[start : start + keys] in title for row in _KEY_ROWS for start in range(len(row) - keys + 1))
        or _longest(_REPEAT, title) >= repeats
        or (not excused and _SYLLABLES.search(title) is not None)
        or (not excused and any(match[1] in row for match in _TWICE.finditer(title) for row in _KEY_ROWS))
        or _longest(_CONSONANTS, _DIGRAPH.sub("b", title)) >= consonants
        or _longest(_DIGITS, title) >= 10
    )


def _longest(pattern: re.Pattern[str], text: str) -> int:
    return max((len(match[0]) for match in pattern.finditer(text)), default=0)
