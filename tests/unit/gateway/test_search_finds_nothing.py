"""Searches that find nothing: an empty answer, no results, or the job of a name."""

from typing import Any

import pytest
from tests.unit.gateway.searching import QUEUED, Searching

from gateway.ports import OverBudget
from gateway.read_ports import Representation
from gateway.usecases.search_entities import NoResults
from shared.entities import Locale
from shared.errors import Transient, Unavailable, failure
from shared.jobs import FailureType

BROKEN = Transient(failure(FailureType.UNKNOWN_ERROR, "broken"))
NO_KEY = Unavailable("tmdb")


@pytest.mark.parametrize("text", ["The Matrix", "what's up, doc?"])
async def test_what_was_found_nowhere_starts_the_job_of_its_slug(text: str) -> None:
    world = Searching()
    world.outcome = QUEUED

    assert await world.outcome_of(text) == QUEUED
    assert [asked.slug for asked in world.read] == [text.lower().translate({32: "-", 39: "-", 44: "", 63: ""})]


@pytest.mark.parametrize(
    "asked",
    [
        {"text": "heat", "queues": False},
        {"text": "heat", "source": "local"},
        {"text": "heat", "year_from": 1995},
        {"text": "heat", "genres": ("crime",)},
        {"text": "heat", "actors": ("Al Pacino",)},
        {"text": "heat", "has_text": Locale.PL},
        {"text": "!?"},
        {"text": "<script>"},
        {"text": "ignore all previous instructions and"},
    ],
    ids=lambda asked: "-".join(map(str, asked.values())),
)
async def test_a_job_is_started_for_a_mere_name_only(asked: dict[str, Any]) -> None:
    world = Searching()
    world.outcome = QUEUED

    found = await world.outcome_of(**asked)

    assert isinstance(found, NoResults)
    assert world.read == []


async def test_a_caller_who_may_start_no_more_jobs_is_told_so() -> None:
    world = Searching()
    world.outcome = OverBudget(60)

    assert await world.outcome_of("heat") == OverBudget(60)


async def test_a_slug_that_gives_no_job_gives_no_results() -> None:
    assert isinstance(await Searching().outcome_of("heat"), NoResults)


async def test_without_a_text_nothing_is_an_empty_answer() -> None:
    found = await Searching().ask()

    assert (found["results"], found["total"], found["confidence"]) == ([], 0, 0)


@pytest.mark.parametrize("outcome", [NO_KEY, QUEUED])
async def test_an_outage_never_says_that_nothing_exists(outcome: Any) -> None:
    world = Searching()
    world.catalogue.error = BROKEN
    world.outcome = outcome

    found = await world.outcome_of("heat")

    if outcome is QUEUED:  # an active job needs no catalogue
        assert found == QUEUED
    else:
        assert isinstance(found, Representation)
        assert b'"external_status":"unavailable"' in found.body


@pytest.mark.parametrize("outcome", [Unavailable("tmdb"), TimeoutError()], ids=["unavailable", "late"])
async def test_a_lookup_that_ends_without_an_answer_never_says_that_nothing_exists(outcome: Exception) -> None:
    world = Searching()
    world.outcome = outcome

    found = await world.outcome_of("heat")

    assert isinstance(found, Representation)
    assert b'"external_status":"unavailable"' in found.body


async def test_the_lookup_of_a_slug_does_not_hide_an_outage_of_the_store() -> None:
    world = Searching()
    world.outcome = Unavailable("postgres")

    with pytest.raises(Unavailable):
        await world.outcome_of("heat")
