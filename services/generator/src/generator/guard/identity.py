"""Whether the model wrote about the right subject: its title, year and director, as it names them and as the text has them."""

import re
from collections.abc import Iterator

from generator.guard.answers import Content
from generator.guard.folding import without, words
from generator.guard.names import (
    directors_of,
    is_titled,
    mentions,
    mentions_person,
    same_person,
    several,
    titles_of,
)
from generator.guard.problems import Problem
from generator.guard.shape import LIMITS
from generator.guard.years import main_years
from shared.entities import EntityKind, Facts, Form

# names as they are written: capitalised words, joined by particles; an initial may carry its full stop
_NAME = (
    r"(?:(?:[A-ZÀ-ÖØ-ÞĀ-Ž][\w’'-]+|[A-Z]\.)(?:\s+(?:(?:de|da|del|della|di|van|von|der|den|la|le|du|dos|bin|ten|af)\s+)*"
    r"(?:[A-ZÀ-ÖØ-ÞĀ-Ž][\w’'-]+|[A-Z]\.)){1,3})"
)
_DIRECTED = re.compile(
    r"(?:\b(?:[Dd]irected|[Hh]elmed)\s+(?:\w+\s+)?by|\b[Dd]irector\s+is"
    r"|\b[Ww]\s+reżyserii|\b[Rr]eżyseri[ai]\s*(?::|to)|\b[Zz]a\s+reżyserię\s+(?:odpowiada(?:ją)?)|\b[Ww]?y?reżyserowa(?:ł|ła|li|ny|na|ne)(?:\s+przez)?"
    r"|\b[Rr]egie\s*:|\b[Uu]nter\s+der\s+Regie\s+von|\bRegie\s+führt?e?n?(?:\s+hier)?|\b[Ii]nszenierte?(?:\s+von|\s+hat)?|\b[Ii]n\s+der\s+Regie\s+von"
    r"|\b[Rr]éalisée?s?\s+par|\b[Rr]éalisation\s*(?:de|:|est\s+signée|signée)|\b[Mm]is\s+en\s+scène\s+par|\b[Mm]ise\s+en\s+scène\s+(?:de|par|signée)|\b[Àà]\s+la\s+réalisation,?"
    r"|\b[Dd]irigid[oa]s?\s+por|\b[Dd]irección\s*(?:de|:|corre\s+a\s+cargo\s+de)|\b[Dd]irige[n]?)"
    rf"\s+({_NAME})"
)


def claim_problems(content: Content, facts: Facts) -> tuple[Problem, ...]:
    """Where the answer's own title, year and director are not those of the facts. What either side leaves open is no contradiction.

    The year is compared exactly: the request states it, so another one is another subject.
    """
    years, directors = main_years(facts), directors_of(facts)
    claimed = several(content.director) if content.director and directors else []
    found = {
        Problem("title", "The answer is about another title."): not is_titled(content.title, titles_of(facts)),
        Problem("year", "The year of the answer is not the year of the facts."): content.year is not None
        and bool(years)
        and content.year not in years,
        Problem("director", "The director of the answer is not the director of the facts."): not all(
            any(same_person(name, known) for known in directors) for name in claimed
        ),
    }
    return tuple(problem for problem, holds in found.items() if holds)


def subject_problems(text: str, content: Content, form: Form, facts: Facts) -> Iterator[Problem]:
    """Where the text itself is about something else: it never names the subject, or it names another director."""
    found = words(text)
    known = titles_of(facts)
    names = (*known, content.title) if is_titled(content.title, known) else known
    named = mentions_person if facts.kind is EntityKind.PERSON else mentions
    if LIMITS[form].sentences and form is not Form.SUMMARY and not any(named(found, name) for name in names):
        yield Problem("subject", "The text does not name its subject.")
    directors = directors_of(facts)
    said = _DIRECTED.findall(without(text, titles_of(facts))) if directors else []
    if not all(any(same_person(name, known) for known in directors) for name in said):
        yield Problem("director_in_text", "The text names another director than the facts.")
