"""Stored films: one as a generation leaves it, or many with the least that a generation needs."""

import asyncio

from sqlalchemy import insert, update
from tests.bench.instant import TEXT
from tests.bench.servers import execute

from shared import ids
from shared.db.engine import Database, Transaction
from shared.db.facts import create_entity
from shared.db.keys import create_key
from shared.db.tables import entities, texts
from shared.entities import CreditFact, EntityKind, Facts, MovieDetails, Role

CAST = 12
_FILMS = """
WITH numbered AS (SELECT n, lpad(n::text, 9, '0') AS digits FROM generate_series(%s::int, %s::int) AS n), films AS (
    INSERT INTO entities (id, kind, slug, title, title_slug, year, tmdb_id)
    SELECT gen_random_uuid(), 'MOVIE', 'the-film-' || digits || '-1999', 'The Film ' || digits, 'the-film-' || digits, 1999, n
    FROM numbered RETURNING id, tmdb_id)
INSERT INTO tmdb_snapshots (entity_id, tmdb_id, tmdb_type, raw_data, fetched_at)
SELECT id, tmdb_id, 'movie', '{}', now() FROM films
"""


def make_key(database_url: str) -> str:
    async def make() -> str:
        async with Database.open(database_url, "bench") as database:
            return (await create_key(database, "bench")).key

    return asyncio.run(make())


def store_films(database_url: str, first: int, count: int) -> None:
    """Films with the slugs that `generate_request` asks for, known completely, so that no catalogue is asked."""
    execute(database_url, _FILMS, first, first + count - 1)
    execute(database_url, "ANALYZE")


def store_described_film(database_url: str) -> str:
    """The slug of a film with a text, an overview and a cast: an ordinary answer of some kilobytes."""
    facts = Facts(
        kind=EntityKind.MOVIE,
        tmdb_id=603,
        title="The Matrix",
        original_title="The Matrix",
        year=1999,
        genres=("Action", "Science Fiction"),
        details=MovieDetails(director="Lana Wachowski, Lilly Wachowski", runtime_min=136, overview=TEXT),
        credits=tuple(
            CreditFact(tmdb_id=n + 1, name=f"Person {n}", role=Role.ACTOR, character=f"Character {n}", billing_order=n)
            for n in range(CAST)
        ),
    )

    async def work(tx: Transaction) -> str:
        entity, text_id = await create_entity(tx, facts), ids.row_id()
        await tx.execute(
            insert(texts).values(
                id=text_id,
                entity_id=entity.id,
                form="description",
                locale="en-US",
                context_tag="modern",
                origin="GENERATED",
                text=TEXT,
                version=1,
                accepted_seq=1,
            )
        )
        changed = update(entities).where(entities.c.id == entity.id)
        await tx.execute(changed.values(default_text_id=text_id, version=entities.c.version + 1))
        return entity.slug

    async def store() -> str:
        async with Database.open(database_url, "bench") as database:
            return await database.run(work)

    return asyncio.run(store())
