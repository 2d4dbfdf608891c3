"""A slug moves when it has become wrong; the former one leads to its entity for good."""

import asyncio
from uuid import UUID

import orjson
import pytest
from sqlalchemy import select
from tests.integration.gateway.world import eventually
from tests.integration.shared.test_facts import create, keanu, matrix, refresh
from tests.support.locks import waits_for_lock

from generator.adapters.postgres_results import PostgresLibrary
from shared.db.engine import Database, Transaction
from shared.db.facts import create_entity, update_facts
from shared.db.tables import entities, outbox, slug_aliases
from shared.entities import Facts

PREMIERE = matrix(year=None)
SHOWN = matrix()


async def slug_of(database: Database, entity_id: UUID) -> str:
    return str((await database.read(select(entities.c.slug).where(entities.c.id == entity_id))).scalar())


async def aliases(database: Database) -> dict[str, UUID]:
    rows = await database.read(select(slug_aliases.c.slug, slug_aliases.c.entity_id))
    return {row.slug: row.entity_id for row in rows}


@pytest.mark.parametrize(
    ("before", "after", "slug"),
    [
        pytest.param(PREMIERE, SHOWN, "the-matrix-1999", id="a year that became known"),
        pytest.param(SHOWN, matrix(year=2000), "the-matrix-2000", id="a premiere that was put off"),
        pytest.param(matrix(title="Untitled"), SHOWN, "the-matrix-1999", id="a working title"),
        pytest.param(keanu(), keanu(title="Keanu Charles Reeves"), "keanu-charles-reeves", id="a person's new name"),
    ],
)
async def test_a_slug_follows_what_it_spells(database: Database, before: Facts, after: Facts, slug: str) -> None:
    stored = await create(database, before)

    await refresh(database, stored.id, after)

    known = await PostgresLibrary(database).find(before.kind, stored.slug, None)
    assert await slug_of(database, stored.id) == slug
    assert await aliases(database) == {stored.slug: stored.id}
    assert known is not None
    assert (known.entity_id, known.slug) == (stored.id, slug)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(SHOWN, PREMIERE, id="a year that is unknown again"),
        pytest.param(SHOWN, matrix(title="The Matrix!"), id="a title that is spelled alike"),
        pytest.param(keanu(year=None), keanu(), id="a name needs no year"),
    ],
)
async def test_a_slug_that_is_not_wrong_stays(database: Database, before: Facts, after: Facts) -> None:
    stored = await create(database, before)

    await refresh(database, stored.id, after)

    assert await slug_of(database, stored.id) == stored.slug
    assert await aliases(database) == {}


async def test_the_cache_is_told_about_the_former_slug_and_everyone_who_shows_it(database: Database) -> None:
    stored = await create(database, SHOWN)

    await refresh(database, stored.id, matrix(year=2000))

    told = (await database.read(select(outbox.c.payload))).scalars().all()
    events = [orjson.loads(event) for event in told]
    slugs = {event["slug"]: event["entity_version"] for event in events}
    assert slugs == {"the-matrix-1999": 2, "keanu-reeves": 2, "lana-wachowski": 2}


async def test_a_slug_comes_back_to_its_entity(database: Database) -> None:
    stored = await create(database, SHOWN)

    await refresh(database, stored.id, matrix(year=2000))
    await refresh(database, stored.id, SHOWN)

    assert await slug_of(database, stored.id) == "the-matrix-1999"
    assert set((await aliases(database)).values()) == {stored.id}


async def test_a_former_slug_is_given_to_no_other_entity(database: Database) -> None:
    stored = await create(database, SHOWN)
    await refresh(database, stored.id, matrix(year=2000))

    other = await create(database, matrix(tmdb_id=604))
    third = await create(database, matrix(tmdb_id=605, year=1998))
    await refresh(database, third.id, matrix(tmdb_id=605))

    assert other.slug == "the-matrix-1999-lana-wachowski"
    assert await slug_of(database, third.id) == "the-matrix-1999-2"


async def test_a_slug_that_is_left_at_this_moment_is_given_to_no_other_entity(database: Database) -> None:
    """The new entity waits for the slug, and gets to see who has left it only when it has it."""
    stored = await create(database, SHOWN)
    moved, waited = asyncio.Event(), asyncio.Event()

    async def move(tx: Transaction) -> None:
        await update_facts(tx, stored.id, matrix(year=2000))
        moved.set()
        await waited.wait()

    async def insert(tx: Transaction) -> UUID:
        return (await create_entity(tx, matrix(tmdb_id=604))).id

    moving = asyncio.create_task(database.run(move))
    await moved.wait()
    inserting = asyncio.create_task(database.run(insert))
    await eventually(lambda: waits_for_lock(database))
    waited.set()
    await moving

    assert await slug_of(database, await inserting) == "the-matrix-1999-lana-wachowski"
    assert await aliases(database) == {"the-matrix-1999": stored.id}


async def test_two_that_move_to_one_slug_get_two(database: Database) -> None:
    films = [await create(database, matrix(tmdb_id=tmdb_id, year=year)) for tmdb_id, year in ((1, 1997), (2, 1998))]

    await asyncio.gather(*(refresh(database, film.id, matrix(tmdb_id=film.tmdb_id or 0)) for film in films))

    assert {await slug_of(database, film.id) for film in films} == {"the-matrix-1999", "the-matrix-1999-lana-wachowski"}
