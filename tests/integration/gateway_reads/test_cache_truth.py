"""The cache is fast, forgetful and never wrong."""

import asyncio
from typing import Any

import pytest
from tests.integration.gateway_reads.harness import Gateway, acting, facts, running

from gateway.adapters.postgres_entities import PostgresEntities
from shared import cache_keys
from shared.db.engine import Database
from shared.entities import KINDS, EntityKind
from shared.testing.catalog import FakeCatalog

every_kind = pytest.mark.parametrize("kind", EntityKind)
MOVIE = EntityKind.MOVIE


class SlowEntities(PostgresEntities):
    """Stops between reading and answering until it is let go on."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.read = asyncio.Event()
        self.go_on = asyncio.Event()
        self.loads = 0

    async def load(self, kind: EntityKind, entity_id: Any) -> Any:
        found = await super().load(kind, entity_id)
        self.loads += 1
        self.read.set()
        await self.go_on.wait()
        return found


@every_kind
@pytest.mark.parametrize("query", ["", "?locale=en-US"])
async def test_a_cached_answer_costs_one_round_trip_to_redis_and_nothing_else(
    gateway: Gateway, kind: EntityKind, query: str, statements: list[str], redis_commands: Any
) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
    first = await gateway.get(kind, stored.slug + query)
    statements.clear()

    async with redis_commands() as seen:
        second = await gateway.get(kind, stored.slug + query)

    assert seen == ["HGET"]
    assert statements == []
    assert (second.content, second.headers["etag"]) == (first.content, first.headers["etag"])


@every_kind
async def test_a_miss_reads_postgres_twice_and_never_once_per_text_or_credit(
    gateway: Gateway, kind: EntityKind, statements: list[str]
) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
    await gateway.write(stored, default=False, context_tag="modern")
    statements.clear()

    await gateway.get(kind, stored.slug)

    assert len(statements) == 2


@every_kind
async def test_after_an_announced_change_the_next_read_is_new(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
    queries = ["", "?locale=en-US"]
    before = [(await gateway.get(kind, stored.slug + query)).headers["etag"] for query in queries]

    version = await gateway.change(stored, title="The Matrix, renamed")
    await gateway.cache.invalidate(kind, stored.slug, version)

    after = [await gateway.get(kind, stored.slug + query) for query in queries]
    assert {answer.json()[KINDS[kind].title] for answer in after} == {"The Matrix, renamed"}
    assert not {answer.headers["etag"] for answer in after} & set(before)


@every_kind
async def test_a_cached_body_equals_a_fresh_read(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
    await gateway.get(kind, stored.slug)
    cached = await gateway.get(kind, stored.slug)

    await gateway.redis.flushdb()

    fresh = await gateway.get(kind, stored.slug)
    assert (cached.content, cached.headers["etag"]) == (fresh.content, fresh.headers["etag"])


@pytest.mark.parametrize("value", [b"", b"garbage", b'"tag-without-a-body"', b'\xff"\n{}', b"\x00" * 64])
async def test_f60_a_value_that_nobody_wrote_is_a_miss_and_is_repaired(gateway: Gateway, value: bytes) -> None:
    stored = await gateway.stored_with_text(facts(MOVIE, "The Matrix"))
    key, name = cache_keys.entity_bodies(MOVIE, stored.slug), cache_keys.variant(None, None)
    await gateway.redis.hset(key, name, value)  # pyright: ignore[reportGeneralTypeIssues] (sync/async union)

    answers = [await gateway.get(MOVIE, stored.slug) for _ in range(2)]

    assert [answer.json()["title"] for answer in answers] == ["The Matrix"] * 2


async def test_f60_a_key_of_another_type_is_a_miss(gateway: Gateway) -> None:
    stored = await gateway.stored_with_text(facts(MOVIE, "The Matrix"))
    await gateway.redis.set(cache_keys.entity_bodies(MOVIE, stored.slug), "old format")

    answer = await gateway.get(MOVIE, stored.slug)

    assert answer.status_code == 200


async def test_f61_a_slow_reader_cannot_put_old_data_back(
    database: Database, redis_url: str, catalog: FakeCatalog
) -> None:
    async with running(database, redis_url, catalog, entities_type=SlowEntities) as gateway:
        slow = gateway.reader
        assert isinstance(slow, SlowEntities)
        stored = await gateway.stored_with_text(facts(MOVIE, "The Matrix"))
        late = asyncio.create_task(gateway.get(MOVIE, stored.slug))
        await slow.read.wait()

        version = await gateway.change(stored, title="Changed")
        await gateway.cache.invalidate(MOVIE, stored.slug, version)
        slow.go_on.set()

        assert (await late).json()["title"] == "The Matrix"
        assert (await gateway.get(MOVIE, stored.slug)).json()["title"] == "Changed"
        assert (await gateway.get(MOVIE, stored.slug)).json()["title"] == "Changed"


async def test_whoever_was_told_of_a_change_does_not_share_a_read_that_began_before_it(
    database: Database, redis_url: str, catalog: FakeCatalog
) -> None:
    async with running(database, redis_url, catalog, entities_type=SlowEntities) as gateway:
        slow = gateway.reader
        assert isinstance(slow, SlowEntities)
        stored = await gateway.stored_with_text(facts(MOVIE, "The Matrix"))
        late = asyncio.create_task(gateway.get(MOVIE, stored.slug))
        await slow.read.wait()
        version = await gateway.change(stored, title="Changed")
        await gateway.cache.invalidate(MOVIE, stored.slug, version)

        told = [asyncio.create_task(gateway.get(MOVIE, stored.slug)) for _ in range(20)]
        await gateway.responses.until_asked(1 + len(told))
        slow.go_on.set()

        assert {answer.json()["title"] for answer in await asyncio.gather(*told)} == {"Changed"}
        assert (await late).json()["title"] == "The Matrix"
        assert slow.loads == 2


@every_kind
async def test_f59_after_redis_lost_everything_one_read_serves_everyone(
    database: Database, redis_url: str, catalog: FakeCatalog, kind: EntityKind
) -> None:
    async with running(database, redis_url, catalog, entities_type=SlowEntities) as gateway:
        slow = gateway.reader
        assert isinstance(slow, SlowEntities)
        stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
        readers = [asyncio.create_task(gateway.get(kind, stored.slug)) for _ in range(50)]
        await slow.read.wait()
        await gateway.responses.until_asked(len(readers))
        slow.go_on.set()

        assert {answer.status_code for answer in await asyncio.gather(*readers)} == {200}
        assert slow.loads == 1


@every_kind
async def test_while_redis_is_away_reads_come_from_postgres(
    database: Database, catalog: FakeCatalog, kind: EntityKind
) -> None:
    async with running(database, "redis://127.0.0.1:1/0", catalog) as gateway:
        stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
        catalog.add(facts(kind, "Heat", 1995, 949))

        shown = await asyncio.gather(*(gateway.get(kind, stored.slug) for _ in range(20)))
        await gateway.change(stored, title="Changed")
        changed = await gateway.get(kind, stored.slug)
        queued = await gateway.get(kind, "heat-1995")

    assert {answer.status_code for answer in shown} == {200}
    assert changed.json()[KINDS[kind].title] == "Changed"
    assert queued.status_code == 202


async def test_only_answers_about_one_entity_alone_are_kept(gateway: Gateway) -> None:
    for year, tmdb_id in ((1984, 841), (2021, 438631)):
        await gateway.stored_with_text(facts(MOVIE, "Dune", year, tmdb_id))
    await gateway.store(facts(MOVIE, "Heat", 1995, 949))
    gateway.flags["ai_description_generation"] = False

    for slug in ("dune", "heat-1995", "nothing", "dune?slug=nothing"):
        await gateway.get(MOVIE, slug)

    assert await gateway.redis.keys("cache:*") == []


@pytest.mark.parametrize("kind", [kind for kind in EntityKind if kind is not EntityKind.PERSON])
async def test_a_credit_shows_on_both_sides(gateway: Gateway, kind: EntityKind) -> None:
    cast = facts(EntityKind.PERSON, "Keanu Reeves", 1964, 6384)
    stored = await gateway.stored_with_text(facts(kind, "The Matrix", credits=(acting("Keanu Reeves", 6384, 0),)))
    person = await gateway.stored_with_text(cast)

    title, human = await gateway.get(kind, stored.slug), await gateway.get(EntityKind.PERSON, person.slug)

    assert [credit["slug"] for credit in title.json()["people"]] == ["keanu-reeves"]
    movies = [credit["slug"] for credit in human.json()["movies"]]
    assert movies == ([stored.slug] if kind is MOVIE else [])
