"""What readers without a key may start, over HTTP: exactly the budget, however many ask at the same time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack

import httpx
import pytest
from tests.integration.gateway_reads.harness import Gateway, facts, running

from gateway.http.languages import Language
from gateway.ports import Budget
from shared.db.engine import Database
from shared.db.keys import create_key
from shared.entities import KINDS, EntityKind
from shared.errors import Unavailable
from shared.testing.catalog import FakeCatalog

every_kind = pytest.mark.parametrize("kind", EntityKind)
MOVIE = EntityKind.MOVIE
NO_REDIS = "redis://127.0.0.1:1/0"
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"


@pytest.fixture
async def thrifty(database: Database, redis_url: str, catalog: FakeCatalog) -> AsyncIterator[Gateway]:
    """A gateway whose readers without a key may start two jobs a minute."""
    async with running(database, redis_url, catalog, budget=Budget(limit=2, window_s=60)) as gateway:
        yield gateway


def add_films(catalog: FakeCatalog, count: int) -> list[str]:
    for number in range(count):
        catalog.add(facts(MOVIE, f"Film No {number}", tmdb_id=1000 + number))
    return [f"film-no-{number}-1999" for number in range(count)]


async def statuses(answers: Sequence[Awaitable[httpx.Response]]) -> Counter[int]:
    return Counter(answer.status_code for answer in await asyncio.gather(*answers))


@every_kind
async def test_beyond_the_budget_a_read_is_429_and_leaves_nothing(thrifty: Gateway, kind: EntityKind) -> None:
    for number, title in enumerate(("Heat", "Jaws", "Alien")):
        thrifty.catalog.add(facts(kind, title, 1990, tmdb_id=number))
    stored = await thrifty.store(facts(kind, "Dune", 1984, tmdb_id=841))
    for slug in ("heat-1990", "jaws-1990"):
        assert (await thrifty.get(kind, slug)).status_code == 202
    before = await thrifty.jobs()

    unknown = await thrifty.get(kind, "alien-1990")
    lacking = await thrifty.get(kind, stored.slug, params={"locale": "de-DE"})

    for answer in (unknown, lacking):
        body = answer.json()
        assert answer.status_code == body["status"] == 429
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        assert (body["type"], body["error"]) == (QUOTA_EXCEEDED, "Too many requests")
        assert body["title"] == "Request cannot be satisfied as assigned quota has been exceeded"
        assert body["violated-policies"] == ["anonymous-generation"]
        assert answer.headers["retry-after"] == str(body["retry_after"])
        assert 30 < body["retry_after"] <= 60
    assert await thrifty.jobs() == before
    assert await thrifty.count(kind) == 1


@pytest.mark.parametrize("language", Language)
async def test_the_refusal_speaks_the_language_of_its_reader(thrifty: Gateway, language: Language) -> None:
    for slug in add_films(thrifty.catalog, 2):
        await thrifty.get(MOVIE, slug)
    thrifty.catalog.add(facts(MOVIE, "Heat"))

    answer = await thrifty.get(MOVIE, "heat-1999", headers={"Accept-Language": language})

    assert answer.headers["content-language"] == language
    assert "anonymous-generation" in answer.json()["detail"]


@every_kind
async def test_an_active_job_is_joined_and_what_is_stored_is_shown_without_a_unit_left(
    thrifty: Gateway, kind: EntityKind
) -> None:
    shown = await thrifty.stored_with_text(facts(kind, "Dune", 1984, tmdb_id=841))
    thrifty.catalog.add(facts(kind, "Heat", 1990, tmdb_id=1))
    thrifty.catalog.add(facts(kind, "Jaws", 1990, tmdb_id=2))
    first = await thrifty.get(kind, "heat-1990")
    await thrifty.get(kind, "jaws-1990")

    again = await thrifty.get(kind, "heat-1990")
    spelled = await thrifty.get(kind, "Heat_1990")

    assert [answer.status_code for answer in (first, again, spelled)] == [202, 202, 202]
    assert len({answer.json()["job_id"] for answer in (first, again, spelled)}) == 1
    assert (await thrifty.get(kind, shown.slug)).status_code == 200
    assert len(await thrifty.jobs()) == 2


async def test_a_reader_with_a_key_is_not_limited(thrifty: Gateway, database: Database) -> None:
    films = add_films(thrifty.catalog, 5)
    headers = {"X-API-Key": (await create_key(database, "reader")).key}

    answers = [await thrifty.get(MOVIE, slug, headers=headers) for slug in films]

    assert {answer.status_code for answer in answers} == {202}
    thrifty.catalog.add(facts(MOVIE, "Heat"))
    assert (await thrifty.get(MOVIE, "heat-1999")).status_code == 202


@every_kind
async def test_answers_other_than_a_new_job_cost_nothing(thrifty: Gateway, kind: EntityKind) -> None:
    thrifty.catalog.add(facts(kind, "Dune", 2021, 438631))
    thrifty.catalog.add(facts(kind, "Dune", 1984, 841))
    path = f"/api/v1/{KINDS[kind].path}"
    refused = [
        await thrifty.get(kind, "dune"),
        await thrifty.get(kind, "dune-1999"),
        await thrifty.get(kind, "asdfghjkl"),
        await thrifty.get(kind, "no-such-thing"),
        await thrifty.get(kind, "dune", params={"slug": "heat-1995"}),
        await thrifty.http.head(f"{path}/dune-1984"),
    ]
    thrifty.catalog.error = Unavailable("tmdb")
    refused.append(await thrifty.get(kind, "heat-1995"))
    thrifty.catalog.error = None

    assert [answer.status_code for answer in refused] == [300, 404, 400, 404, 404, 404, 503]
    for slug in ("dune-2021", "dune-1984"):
        assert (await thrifty.get(kind, slug)).status_code == 202


async def test_a_unit_comes_back_when_retry_after_has_passed(thrifty: Gateway) -> None:
    first, second, third = add_films(thrifty.catalog, 3)
    for slug in (first, second):
        await thrifty.get(MOVIE, slug)
    retry_after_s = int((await thrifty.get(MOVIE, third)).headers["retry-after"])

    await thrifty.age_jobs(retry_after_s)

    assert (await thrifty.get(MOVIE, third)).status_code == 202


@pytest.mark.parametrize("redis", ["there", "away"])
async def test_a_hundred_parallel_reads_of_a_hundred_cold_titles_start_exactly_the_budget(
    database: Database, redis_url: str, catalog: FakeCatalog, redis: str
) -> None:
    films = add_films(catalog, 100)
    url = redis_url if redis == "there" else NO_REDIS

    async with running(database, url, catalog) as gateway:
        found = await statuses([gateway.get(MOVIE, slug) for slug in films])

        assert found == {202: 10, 429: 90}
        assert len(await gateway.jobs()) == 10


async def test_the_budget_is_shared_by_all_processes(database: Database, redis_url: str, catalog: FakeCatalog) -> None:
    films = add_films(catalog, 90)

    async with AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(running(database, redis_url, catalog)) for _ in range(3)]
        found = await statuses([processes[n % 3].get(MOVIE, slug) for n, slug in enumerate(films)])

        assert found == {202: 10, 429: 80}
        assert len(await processes[0].jobs()) == 10


@every_kind
async def test_a_hundred_parallel_reads_of_one_cold_title_cost_one_unit(thrifty: Gateway, kind: EntityKind) -> None:
    thrifty.catalog.add(facts(kind, "Heat", 1990, tmdb_id=1))
    thrifty.catalog.add(facts(kind, "Jaws", 1990, tmdb_id=2))

    found = await statuses([thrifty.get(kind, "heat-1990") for _ in range(100)])

    assert found == {202: 100}
    assert (await thrifty.get(kind, "jaws-1990")).status_code == 202


async def test_with_a_budget_of_nothing_reads_without_a_key_start_nothing(
    database: Database, redis_url: str, catalog: FakeCatalog
) -> None:
    [film] = add_films(catalog, 1)

    async with running(database, redis_url, catalog, budget=Budget(limit=0, window_s=60)) as gateway:
        answer = await gateway.get(MOVIE, film)

        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert await gateway.jobs() == []
