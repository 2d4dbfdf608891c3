"""Kept lists and bulk reads are fast, forgetful and never wrong."""

import asyncio
from typing import Any

import pytest
from tests.integration.gateway_reads.harness import Gateway, acting, facts, running

from gateway.adapters.postgres_lists import PostgresLists
from gateway.read_ports import Page, Selection
from shared import cache_keys
from shared.db.engine import Database
from shared.db.facts import update_facts
from shared.entities import KINDS, EntityKind
from shared.testing.catalog import FakeCatalog

MOVIE, PERSON = EntityKind.MOVIE, EntityKind.PERSON
every_kind = pytest.mark.parametrize("kind", EntityKind)
QUERIES = ("", "?q=matrix", "?slugs=the-matrix,nobody", "?sort=created_at&per_page=1")


class SlowLists(PostgresLists):
    """Stops between reading and answering until it is let go on."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.read = asyncio.Event()
        self.go_on = asyncio.Event()
        self.reads = 0

    async def page(self, kind: EntityKind, selection: Selection) -> Page:
        found = await super().page(kind, selection)
        self.reads += 1
        self.read.set()
        await self.go_on.wait()
        return found


def titles(kind: EntityKind, answer: Any) -> list[str]:
    return [item[KINDS[kind].title] for item in answer.json()["data"]]


@every_kind
@pytest.mark.parametrize("query", QUERIES)
async def test_a_kept_answer_costs_one_round_trip_to_redis_and_nothing_else(
    gateway: Gateway, kind: EntityKind, query: str, statements: list[str], redis_commands: Any
) -> None:
    await gateway.stored_with_text(facts(kind, "The Matrix"))
    first = await gateway.get(kind, query)
    statements.clear()

    async with redis_commands() as seen:
        second = await gateway.get(kind, query)
    same = await gateway.get(kind, query, headers={"If-None-Match": first.headers["etag"]})

    assert seen == ["MGET"]
    assert statements == []
    assert (second.content, second.headers["etag"]) == (first.content, first.headers["etag"])
    assert (same.status_code, same.content) == (304, b"")


@every_kind
async def test_a_miss_is_one_statement(gateway: Gateway, kind: EntityKind, statements: list[str]) -> None:
    await gateway.stored_with_text(facts(kind, "The Matrix"))
    await gateway.stored_with_text(facts(kind, "Heat", 1995, 949))

    for query in QUERIES:
        statements.clear()
        await gateway.get(kind, query)
        assert len(statements) == 1


@every_kind
async def test_after_an_announced_change_every_answer_is_new(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
    before = [(await gateway.get(kind, query)).headers["etag"] for query in QUERIES]

    await gateway.announce(stored, await gateway.change(stored, title="The Matrix, renamed"))

    after = [await gateway.get(kind, query) for query in QUERIES]
    assert [titles(kind, answer) for answer in after] == [["The Matrix, renamed"]] * len(QUERIES)
    assert not {answer.headers["etag"] for answer in after} & set(before)


@every_kind
async def test_what_is_created_shows_as_soon_as_it_is_announced(gateway: Gateway, kind: EntityKind) -> None:
    missing = [await gateway.get(kind, query) for query in QUERIES]

    stored = await gateway.store(facts(kind, "The Matrix"))
    await gateway.announce(stored)

    assert [titles(kind, answer) for answer in missing] == [[]] * len(QUERIES)
    assert [titles(kind, await gateway.get(kind, query)) for query in QUERIES] == [["The Matrix"]] * len(QUERIES)


@pytest.mark.parametrize("kind", [kind for kind in EntityKind if kind is not PERSON])
async def test_a_title_and_its_people_renew_each_others_answers(gateway: Gateway, kind: EntityKind) -> None:
    title = await gateway.store(facts(kind, "The Matrix", credits=(acting("Keanu Reeves", 6384, 0),)))
    await gateway.announce(title)
    people, listed = await gateway.get(PERSON), await gateway.get(kind)
    person = facts(PERSON, "Keanu Charles Reeves", 1964, 6384)

    renamed = await gateway.store(person)
    await gateway.announce(renamed)

    assert titles(PERSON, people) == ["Keanu Reeves"]
    assert titles(PERSON, await gateway.get(PERSON)) == ["Keanu Charles Reeves"]
    assert [credit["name"] for credit in listed.json()["data"][0]["people"]] == ["Keanu Reeves"]
    again = (await gateway.get(kind)).json()["data"][0]
    assert [credit["name"] for credit in again["people"]] == ["Keanu Charles Reeves"]

    added = facts(kind, "The Matrix", credits=(acting("Carrie-Anne Moss", 530, 0),))
    version = await gateway.database.run(lambda tx: update_facts(tx, title.id, added))
    await gateway.announce(title, version)

    assert set(titles(PERSON, await gateway.get(PERSON))) == {"Keanu Charles Reeves", "Carrie-Anne Moss"}


@every_kind
async def test_a_kept_answer_equals_a_fresh_read(gateway: Gateway, kind: EntityKind) -> None:
    await gateway.stored_with_text(facts(kind, "The Matrix"))
    for query in QUERIES:
        await gateway.get(kind, query)
        kept = await gateway.get(kind, query)

        await gateway.redis.flushdb()

        fresh = await gateway.get(kind, query)
        assert (kept.content, kept.headers["etag"]) == (fresh.content, fresh.headers["etag"])


async def test_equal_questions_share_an_answer_and_different_ones_do_not(gateway: Gateway) -> None:
    for number, title in enumerate(("Heat", "Dune")):
        await gateway.store(facts(MOVIE, title, 1990 + number, number + 1, genres=("Drama", "War")))
    same = (
        {"q": " HEAT ", "genre": "war,Drama", "include": "genres,descriptions", "page": "1", "unknown": "x"},
        {
            "q": "héat",
            "genre": ["drama", "war", "drama"],
            "include": "descriptions,genres",
            "order": "desc",
            "sort": "",
        },
    )
    others: tuple[dict[str, Any], ...] = (
        {},
        {"q": "heat"},
        {"q": "heat", "genre": "drama"},
        {"page": 2},
        {"year": 1990},
        {"order": "asc"},
    )

    for params in (*same, *others):
        await gateway.get(MOVIE, params=params)

    assert len(await gateway.redis.keys("answer:*")) == 1 + len(others)


async def test_f61_a_slow_reader_cannot_put_an_old_list_back(
    database: Database, redis_url: str, catalog: FakeCatalog
) -> None:
    async with running(database, redis_url, catalog, lists_type=SlowLists) as gateway:
        slow = gateway.lists
        assert isinstance(slow, SlowLists)
        stored = await gateway.stored_with_text(facts(MOVIE, "The Matrix"))
        late = asyncio.create_task(gateway.get(MOVIE))
        await slow.read.wait()

        await gateway.announce(stored, await gateway.change(stored, title="Changed"))
        told = [asyncio.create_task(gateway.get(MOVIE)) for _ in range(20)]
        slow.go_on.set()

        assert {titles(MOVIE, answer)[0] for answer in await asyncio.gather(*told)} == {"Changed"}
        assert titles(MOVIE, await late) == ["The Matrix"]
        assert titles(MOVIE, await gateway.get(MOVIE)) == ["Changed"]


async def test_f59_1000_readers_of_a_cold_list_are_one_read(
    database: Database, redis_url: str, catalog: FakeCatalog, statements: list[str]
) -> None:
    async with running(database, redis_url, catalog) as gateway:
        await gateway.stored_with_text(facts(MOVIE, "The Matrix"))
        await gateway.redis.flushdb()
        statements.clear()

        answers = await asyncio.gather(*(gateway.get(MOVIE) for _ in range(1000)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(statements) == 1


async def test_f59_a_lost_generation_hides_no_change(gateway: Gateway) -> None:
    stored = await gateway.stored_with_text(facts(MOVIE, "The Matrix"))
    await gateway.get(MOVIE)
    await gateway.redis.delete(cache_keys.generation(MOVIE))
    await gateway.change(stored, title="Changed")

    assert titles(MOVIE, await gateway.get(MOVIE)) == ["Changed"]


async def test_f60_a_key_of_another_type_is_a_miss(gateway: Gateway) -> None:
    await gateway.stored_with_text(facts(MOVIE, "The Matrix"))
    await gateway.get(MOVIE)
    for key in (*await gateway.redis.keys("answer:*"), cache_keys.generation(MOVIE)):
        await gateway.redis.delete(key)
        await gateway.redis.hset(key, "a", "b")  # pyright: ignore[reportGeneralTypeIssues] (sync/async union)

    answers = [await gateway.get(MOVIE) for _ in range(2)]

    assert [titles(MOVIE, answer) for answer in answers] == [["The Matrix"]] * 2


@every_kind
async def test_while_redis_is_away_lists_come_from_postgres(
    database: Database, catalog: FakeCatalog, kind: EntityKind
) -> None:
    async with running(database, "redis://127.0.0.1:1/0", catalog) as gateway:
        stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
        shown = await asyncio.gather(*(gateway.get(kind, query) for query in QUERIES * 5))
        await gateway.change(stored, title="Changed")
        changed = [await gateway.get(kind, query) for query in QUERIES]

    assert {answer.status_code for answer in shown} == {200}
    assert [titles(kind, answer) for answer in changed] == [["Changed"]] * len(QUERIES)
