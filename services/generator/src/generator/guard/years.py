"""The years and numbers that facts hold, and the names they hide in."""

import re
from collections.abc import Iterator
from datetime import date

from generator.guard.folding import without
from generator.guard.names import characters_of, short_title, titles_of, works_of
from shared.entities import Facts, MovieDetails, PersonDetails, TvDetails

_NUMBER = re.compile(r"\d+")
_YEAR = re.compile(r"(?<!\d)(?:1[89]|20)\d{2}(?!\d)")
_QUOTED_TITLE = re.compile(r"[„“«\"][^„“”«»\"]{1,120}[“”»\"]")


def titles_blanked(text: str, facts: Facts) -> str:
    """`text` without titles: what the facts call one, and what stands in quotation marks. The number in a title is no fact."""
    names = (*titles_of(facts), *works_of(facts), *characters_of(facts))
    heads = (head for name in names if (head := short_title(name)) != name)
    return without(_QUOTED_TITLE.sub(" ", text), (*names, *heads))


def main_years(facts: Facts) -> frozenset[int]:
    """When the subject was released, first shown or born; empty when that is not known."""
    return frozenset(() if facts.year is None else (facts.year,))


def known_years(facts: Facts) -> frozenset[int]:
    """Every year that the facts hold, those in their prose included."""
    return frozenset((*main_years(facts), *_other_years(facts)))


def known_numbers(facts: Facts) -> frozenset[int]:
    """Every number that the facts hold."""
    details = facts.details
    counts: tuple[int | None, ...] = ()
    if isinstance(details, MovieDetails):
        counts = (details.runtime_min,)
    elif isinstance(details, TvDetails):
        counts = (details.number_of_seasons, details.number_of_episodes)
    networks = details.networks if isinstance(details, TvDetails) else ()
    prose = " ".join((*titles_of(facts), *works_of(facts), *networks, _prose(facts)))
    days = (day.day for day in _dates(facts))
    return known_years(facts) | {*map(int, _NUMBER.findall(prose)), *days, *(n for n in counts if n is not None)}


def _other_years(facts: Facts) -> Iterator[int]:
    details = facts.details
    yield from (day.year for day in _dates(facts))
    if isinstance(details, PersonDetails):
        yield from (known.year for known in details.known_for if known.year is not None)
    yield from map(int, _YEAR.findall(_prose(facts)))


def _dates(facts: Facts) -> Iterator[date]:
    details = facts.details
    match details:
        case MovieDetails():
            days = (details.release_date,)
        case PersonDetails():
            days = (details.birth_date, details.death_date)
        case TvDetails():
            days = (details.first_air_date, details.last_air_date)
    yield from (day for day in days if day is not None)


def _prose(facts: Facts) -> str:
    details = facts.details
    if isinstance(details, PersonDetails):
        return details.biography or ""
    return f"{details.overview or ''} {details.tagline or ''}"
