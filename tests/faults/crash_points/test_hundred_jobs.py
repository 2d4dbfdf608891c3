"""Workers die in the middle of a hundred jobs: one at each point that a generation passes."""

import itertools
from contextlib import ExitStack

import pytest
from tests.faults.crash_points.stage import Cell, Stage
from tests.support import summary
from tests.support.processes import wait_until

from shared.entities import Locale
from shared.faults import CRASH_POINTS, Mode
from shared.jobs import AttemptPolicy

POINTS = sorted(point for point in CRASH_POINTS if point.startswith(("consumer.", "generator.")))
FILMS = 20
PASSES = 4
"""A victim dies when it comes by its point for this time: with others of its jobs in hand."""
_said: list[str] = []


@pytest.mark.rabbit
@pytest.mark.slow
def test_g3_a_hundred_jobs_end_with_one_effect_each_and_no_more_calls_than_attempts(stage: Stage) -> None:
    stage.begin()
    films = list(itertools.islice(stage.films, FILMS))
    with ExitStack() as stack:
        victims = [
            stack.enter_context(stage.victim("generator", Cell(point, Mode.EXIT, passes=PASSES))) for point in POINTS
        ]
        for victim in victims:
            victim.wait_serving()
        asked = [stage.generate(slug, locale=locale) for slug in films for locale in Locale]
        for victim in victims:
            wait_until(lambda victim=victim: victim.struck, victim.describe())
            assert victim.ended() == 137
        stage.rule(asked)

    made = stage.calls_by_job()
    again = sum(count > 1 for count in made.values())
    _said.append(
        f"{len(POINTS)} workers died: {made.total()} AI calls, {again} jobs called again, at most {max(made.values())} per job"
    )
    assert set(made) == {one.job_id for one in asked}
    assert max(made.values()) <= AttemptPolicy().max_attempts


summary.say("a hundred jobs", lambda: _said)
