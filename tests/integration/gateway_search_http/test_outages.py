"""A TMDb that is late or down costs its own hits and nothing else."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr
from tests.integration.gateway_search.library import MOVIE
from tests.integration.gateway_search_http.harness import Gateway, Running


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("hang", "timeout"),
        ("error", "unavailable"),
        ("throttle", "unavailable"),
        ("reset", "unavailable"),
        ("malformed", "unavailable"),
    ],
)
async def test_what_is_stored_is_found_during_an_outage_and_everything_after_it(
    running: Running, fault: str, status: str
) -> None:
    async with running(tmdb_deadline_s=0.3) as gateway:
        await gateway.library.add("Matrix of Evil", 2001)
        await gateway.sandbox.fault(fault, provider="tmdb")

        during = await gateway.search(MOVIE, q="matrix")
        await gateway.sandbox.heal()
        after = await gateway.search(MOVIE, q="matrix")

    assert during.status_code == after.status_code == 200
    assert [item["title"] for item in during.json()["results"]] == ["Matrix of Evil"]
    assert (during.json()["external_status"], during.json()["total"]) == (status, 1)
    assert (after.json()["external_status"], after.json()["total"]) == ("ok", 5)
    assert during.headers["etag"] != after.headers["etag"]


async def test_a_refused_key_leaves_what_is_stored(running: Running) -> None:
    async with running(tmdb_api_key=SecretStr("invalid")) as gateway:
        await gateway.library.add("Matrix of Evil", 2001)

        found = await gateway.find(MOVIE, q="matrix")

    assert (found["total"], found["external_status"]) == (1, "unavailable")


async def test_during_an_outage_an_unknown_name_is_an_empty_answer_and_starts_nothing(gateway: Gateway) -> None:
    await gateway.sandbox.fault("error", provider="tmdb")

    found = await gateway.find(MOVIE, q="the matrix 1999")

    assert (found["results"], found["total"], found["external_status"]) == ([], 0, "unavailable")


async def test_a_burst_of_equal_searches_is_one_search_at_tmdb(gateway: Gateway) -> None:
    answers = await asyncio.gather(*(gateway.search(MOVIE, q="matrix") for _ in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["etag"] for answer in answers}) == 1
    assert await gateway.searches() == 1


async def test_no_call_is_made_per_hit(gateway: Gateway) -> None:
    await gateway.find(MOVIE, q="the", external_limit=20)

    calls: list[dict[str, Any]] = await gateway.sandbox.calls("tmdb")
    assert [call["path"].rpartition("/")[0] for call in calls] == ["/tmdb/3/search"]
