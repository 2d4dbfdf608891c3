"""`python -m tests.golden`: the table of the golden set, and what each threshold of the guard would cost.

The curves are of the cases that may choose a threshold, and of the whole catalogue for names; held-out cases are left out of them.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence

from tests.golden.cases import GOOD, Case, cases
from tests.golden.catalogue import catalogue, titles
from tests.golden.report import judged, table
from tests.golden.spellings import SPELLINGS

from generator.guard import Validator, cleaned
from generator.guard.language import DOUBT, LanguageCheck
from generator.guard.likeness import COPIED, NEAR_DUPLICATE, likeness, overlap
from generator.guard.names import (
    SAME_PERSON,
    SAME_TITLE,
    folded_without_names,
    people_of,
    person_likeness,
    title_likeness,
    titles_of,
)
from shared.entities import PersonDetails


def main() -> None:
    print("\n".join(table(judged(Validator.load(), cases()))))  # noqa: T201
    tuning = [case for case in cases() if not case.held_out]
    _curve("NEAR_DUPLICATE", NEAR_DUPLICATE, range(60, 100, 5), *_of(tuning, "near-duplicate", _nearest))
    _curve("COPIED", COPIED, range(50, 100, 5), *_of(tuning, "copied", _copied))
    _curve("SAME_TITLE", SAME_TITLE, range(60, 100, 5), _titles_apart(), _alike(SPELLINGS.titles.same, title_likeness))
    _curve(
        "SAME_PERSON", SAME_PERSON, range(70, 100, 3), _people_apart(), _alike(SPELLINGS.people.same, person_likeness)
    )
    language = LanguageCheck.load()

    def foreign(case: Case) -> float | None:
        own = language.likelihood(cleaned(case.text), case.locale)
        return None if own is None or case.brief.source is not None else 100 * (1 - own)

    _curve(
        "1 - DOUBT, per cent",
        100 * (1 - DOUBT),
        (1, 5, 20, 50, 85, 95, 99, 99.9),
        *_of(tuning, "wrong language", foreign),
    )


def _curve(
    name: str, chosen: float, thresholds: Iterable[float], below: Sequence[float], above: Sequence[float]
) -> None:
    """How many scores end on the wrong side of each threshold."""
    gap = f"{max(below):.0f} is the highest below, {min(above):.0f} the lowest above"
    print(f"\n{name} = {chosen:g}: {len(below)} scores belong below, {len(above)} at or above; {gap}")  # noqa: T201
    for threshold in thresholds:
        wrong = (sum(score >= threshold for score in below), sum(score < threshold for score in above))
        print(f"{threshold:>8g}  wrongly above {wrong[0]:>5}   wrongly below {wrong[1]:>5}")  # noqa: T201


def _of(found: Iterable[Case], kind: str, score: Callable[[Case], float | None]) -> tuple[list[float], list[float]]:
    """Scores of the good cases, and of those of a class; cases without a score say nothing."""
    scored = [(case.kind, value) for case in found if (value := score(case)) is not None]
    return [value for one, value in scored if one == GOOD], [value for one, value in scored if one == kind]


def _nearest(case: Case) -> float | None:
    own = folded_without_names(case.text, case.brief.facts)
    others = (folded_without_names(other, case.brief.facts) for other in case.brief.others)
    return max((likeness(own, other) for other in others), default=None)


def _copied(case: Case) -> float | None:
    details = case.brief.facts.details
    prose = details.biography if isinstance(details, PersonDetails) else details.overview
    return overlap(*(folded_without_names(text, case.brief.facts) for text in (case.text, prose))) if prose else None


def _titles_apart() -> list[float]:
    """Each title of the catalogue with its nearest neighbour of another work."""
    names = [(number, name) for number, facts in enumerate(titles().values()) for name in titles_of(facts)]
    return [
        max(title_likeness(mine, theirs) for other, theirs in names if other != number and theirs != mine)
        for number, mine in names
    ]


def _people_apart() -> list[float]:
    """Each person of the credits of one title with the nearest other one of that title, and the pairs that mean two."""
    pairs = (pair for facts in catalogue().values() for pair in itertools.combinations(people_of(facts), 2))
    single = ((one, other) for one, other in pairs if "," not in one + other)
    return [person_likeness(*pair) for pair in (*single, *SPELLINGS.people.other)]


def _alike(pairs: Iterable[tuple[str, str]], score: Callable[[str, str], float]) -> list[float]:
    return [score(*pair) for pair in pairs]


if __name__ == "__main__":
    main()
