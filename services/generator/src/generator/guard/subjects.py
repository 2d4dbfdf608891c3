"""Whether facts can be written about at all, before a call is paid for."""

from generator.guard.names import titles_of
from generator.guard.problems import Problem
from generator.guard.years import main_years
from shared.entities import KINDS, Facts

LATEST_YEAR = 2100


def implausible(facts: Facts) -> tuple[Problem, ...]:
    """What makes `facts` no subject: no readable title, or a year before there was film or after anything is announced.

    A strange or hostile title is data and no reason: titles are stranger than any rule.
    """
    earliest = KINDS[facts.kind].earliest_year
    found = {
        Problem("no_title", "The facts hold no title."): not any(
            char.isalnum() or char.isprintable() for title in titles_of(facts) for char in title.strip()
        ),
        Problem("year_range", "The year of the facts cannot be."): not all(
            earliest <= year <= LATEST_YEAR for year in main_years(facts)
        ),
    }
    return tuple(problem for problem, holds in found.items() if holds)
