"""The catalogue is complete, and the documentation says what it says."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from shared.db.engine import Database
from shared.invariants import CATALOGUE, CHECKED, Evidence, Invariant, check_all
from shared.invariants.model import COUNT_LIMIT, SAMPLES, Check, Unchecked

ROOT = Path(__file__).parents[3]
RUNBOOK = (ROOT / "docs/operations.md").read_text("utf-8")
NOWHERE = Evidence(Database.connect("postgresql://nobody@127.0.0.1:1/none", "tests"))
NOT_SHOWN_YET = {"I14", "I18"}


def finding(*names: str) -> Check:
    async def find(_: Evidence) -> Sequence[str]:
        return names

    return Check("things are wrong", find)


async def blind(_: Evidence) -> Sequence[str]:
    raise Unchecked("the store is away")


def test_ids_run_from_1_to_18() -> None:
    assert [invariant.id for invariant in CATALOGUE] == [f"I{number}" for number in range(1, 19)]


def test_each_invariant_is_checked_or_shown_by_tests_that_exist() -> None:
    shown = {invariant.id: invariant.shown_by for invariant in CATALOGUE}

    assert all((ROOT / path).is_file() for paths in shown.values() for path in paths)
    assert {item.id for item in CATALOGUE if not item.checks and not item.shown_by} == NOT_SHOWN_YET


@pytest.mark.parametrize("invariant", CHECKED, ids=lambda invariant: invariant.id)
def test_each_checked_invariant_has_a_runbook_entry(invariant: Invariant) -> None:
    assert re.search(rf"^### {invariant.id}: {re.escape(invariant.title)}$", RUNBOOK, re.MULTILINE)


def test_the_documentation_lists_all_with_what_shows_them() -> None:
    rows = re.findall(r"^\| (I\d+) \| ([^|]+) \| ([^|]+) \|$", RUNBOOK, re.MULTILINE)

    assert [(number, title) for number, title, _ in rows] == [(item.id, item.title) for item in CATALOGUE]
    for invariant, (_, _, shown) in zip(CATALOGUE, rows, strict=True):
        assert bool(invariant.checks) == ("`./moviemind invariants`" in shown)
        assert re.findall(r"\]\(\.\./([^)]+)\)", shown) == list(invariant.shown_by)


async def test_what_is_found_is_counted_and_ten_are_named() -> None:
    invariant = Invariant("I99", "Nothing is wrong", "It is.", (finding(*map(str, range(12))), finding()))

    (result,) = await check_all(NOWHERE, [invariant])

    (violation,) = result.violations
    assert (violation.sentence, violation.count) == ("12 things are wrong", 12)
    assert str(violation) == "I99: 12 things are wrong: " + ", ".join(map(str, range(SAMPLES)))
    assert not result.holds


async def test_counting_ends_somewhere_and_says_so() -> None:
    invariant = Invariant("I99", "Nothing is wrong", "It is.", (finding(*map(str, range(COUNT_LIMIT))),))

    (result,) = await check_all(NOWHERE, [invariant])

    assert result.violations[0].sentence == f"{COUNT_LIMIT} or more things are wrong"


async def test_a_part_that_cannot_be_looked_at_hides_no_violation_and_lets_nothing_hold() -> None:
    half = Invariant("I98", "Half", "It is.", (Check("of these", blind), finding("it")))
    none = Invariant("I99", "None", "It is.", (Check("of these", blind), Check("of those", blind)))
    whole = Invariant("I97", "Whole", "It is.", (finding(),))

    results = await check_all(NOWHERE, [half, none, whole])

    assert [result.holds for result in results] == [False, False, True]
    assert [len(result.violations) for result in results] == [1, 0, 0]
    assert [result.unchecked for result in results] == [("the store is away",), ("the store is away",), ()]
