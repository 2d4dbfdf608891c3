"""Every crash point in every mode it has: no job is lost, none has two effects, and everything goes on."""

import re
from pathlib import Path

import pytest
from tests.faults.crash_points.conftest import Row
from tests.faults.crash_points.scenarios import COSTS_ANOTHER_CALL, WAYS, Scenario
from tests.faults.crash_points.stage import Cell, Stage

from shared.faults import CRASH_POINTS, Mode, modes

GUARANTEES = Path(__file__).parents[3] / "docs" / "guarantees.md"
CELLS = [
    pytest.param(Cell(point, mode), way, id=f"{point}-{mode}-{way.__name__}")
    for point, ways in WAYS.items()
    for way in ways
    for mode in modes(point)
]


def test_every_point_of_the_registry_has_a_way_to_it_and_every_way_a_point() -> None:
    assert set(WAYS) == CRASH_POINTS


@pytest.mark.rabbit
@pytest.mark.slow
@pytest.mark.parametrize(("cell", "way"), CELLS)
def test_a_crash_loses_no_job_and_doubles_no_effect(stage: Stage, cell: Cell, way: Scenario, row: Row) -> None:
    stage.begin()

    outcome = way(stage, cell)

    stage.rule(outcome.asked)
    row.victim, row.ai_calls = outcome.victim, stage.calls()
    assert row.ai_calls == outcome.calls
    row.verdict = "held"


def test_the_guarantees_say_what_a_crash_at_each_point_leaves() -> None:
    section = GUARANTEES.read_text(encoding="utf-8").split("\n## Crash points\n", 1)[1].split("\n## ", 1)[0]

    rows = re.findall(r"^\| `([\w.]+)` \| (yes|no) \|.*\| (none|one) \|$", section, re.MULTILINE)

    assert {point: lost == "yes" for point, lost, _ in rows} == {
        point: Mode.EXECUTE_THEN_RAISE in modes(point) for point in CRASH_POINTS
    }
    assert [point for point, _, calls in rows if calls == "one"] == [COSTS_ANOTHER_CALL]
