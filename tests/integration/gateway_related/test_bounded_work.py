"""Fame costs nothing: what is read does not grow with the films of a star or the titles of a genre."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text

from gateway.adapters.postgres_pairs import PostgresPairs
from gateway.adapters.postgres_related import PostgresRelated
from gateway.http.related_queries import TITLE_TYPES
from gateway.related_ports import PeopleWanted, TitlesWanted
from shared.db.engine import Database, Transaction
from shared.entities import EntityKind

MOVIES, PEOPLE = 20_000, 2_000
STAR, DIRECTOR, MOVIE, OTHER = (UUID(int=number) for number in range(1, 5))
FILL = (
    """
    INSERT INTO entities (id, kind, slug, title, title_slug, original_title, year, genres, tmdb_id, search_tags, collection_tmdb_id,
        collection_name, recommended, popularity)
    SELECT CASE n WHEN 1 THEN CAST(:movie AS uuid) WHEN 2 THEN CAST(:other AS uuid) ELSE gen_random_uuid() END, 'MOVIE', 'movie-' || n,
        'Movie ' || n, 'movie-' || n / 3, 'Movie ' || n / 2, 1950 + n % 75, '{Drama}', n, '{kind=movie,genre=drama}', n / 5, 'Some',
        ARRAY(SELECT generate_series(n, n + 20)), n % 100
    FROM generate_series(1, :movies) AS n
    """,
    """
    INSERT INTO entities (id, kind, slug, title, title_slug, tmdb_id, search_tags)
    SELECT CASE n WHEN 1 THEN CAST(:star AS uuid) WHEN 2 THEN CAST(:director AS uuid) ELSE gen_random_uuid() END, 'PERSON', 'person-' || n,
        'Person ' || n, 'person-' || n / 3, n, '{kind=person}'
    FROM generate_series(1, :people) AS n
    """,
    """
    INSERT INTO credits (title_id, person_id, role, character_name, billing_order)
    SELECT title.id, person.id, 'ACTOR', 'Somebody Else', part
    FROM generate_series(1, 8) AS part
    CROSS JOIN entities AS title
    JOIN entities AS person ON person.kind = 'PERSON' AND person.tmdb_id = 3 + (title.tmdb_id * 7 + part * 131) % (:people - 3)
    WHERE title.kind = 'MOVIE'
    """,
    """
    INSERT INTO credits (title_id, person_id, role, character_name, billing_order)
    SELECT title.id, star.id, star.role, 'The Star', 0
    FROM entities AS title
    CROSS JOIN (VALUES (CAST(:star AS uuid), 'ACTOR'), (CAST(:director AS uuid), 'DIRECTOR')) AS star (id, role)
    WHERE title.kind = 'MOVIE' AND (title.tmdb_id % 4 = 0 OR title.tmdb_id < 3)
    """,
)
Reads = Callable[[PostgresRelated, PostgresPairs], Awaitable[Any]]


@pytest.fixture
async def crowded(database: Database) -> Database:
    """Everything is a drama, and one film in four is by one director with one star."""
    given = {"movies": MOVIES, "people": PEOPLE, "movie": MOVIE, "other": OTHER, "star": STAR, "director": DIRECTOR}

    async def fill(tx: Transaction) -> None:
        for statement in FILL:
            chosen = {name: value for name, value in given.items() if f":{name}" in statement}
            await tx.execute(text(statement), chosen)

    await database.run(fill)
    await database.write(text("VACUUM ANALYZE entities, credits"))
    return database


async def plans(database: Database, reads: Reads) -> list[dict[str, Any]]:
    """How the statements of `reads` are executed, one root node each."""
    sent: list[tuple[str, Any]] = []

    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", record)
    await reads(PostgresRelated(database), PostgresPairs(database))
    event.remove(database.engine.sync_engine, "before_cursor_execute", record)
    async with database.engine.connect() as connection:
        found = [
            (
                await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
            ).scalar_one()
            for statement, parameters in sent
        ]
    return [(json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"] for plan in found]


def nodes(root: dict[str, Any]) -> list[dict[str, Any]]:
    return [root, *(node for child in root.get("Plans", []) for node in nodes(child))]


ALL = TitlesWanted("all", TITLE_TYPES["all"], ("drama",), 100)
READS: Mapping[str, tuple[Reads, int]] = {
    "titles": (lambda related, _: related.titles(EntityKind.MOVIE, MOVIE, ALL), 12_000),
    "people": (lambda related, _: related.people(DIRECTOR, PeopleWanted(limit=100)), 30_000),
    "collection": (lambda related, _: related.collection(MOVIE), 1_000),
    "compared titles": (lambda _, pairs: pairs.pair(EntityKind.MOVIE, MOVIE, OTHER), 1_000),
    "compared people": (lambda _, pairs: pairs.pair(EntityKind.PERSON, STAR, DIRECTOR), 15_000),
}
"""What is read, and how many pages of the database that may take."""


@pytest.mark.slow
async def test_one_statement_reads_few_pages_through_indexes_and_joins_no_crowd_with_another(
    crowded: Database,
) -> None:
    for name, (reads, most_pages) in READS.items():
        [plan] = await plans(crowded, reads)

        steps = nodes(plan)
        scanned = [step["Relation Name"] for step in steps if step["Node Type"] == "Seq Scan"]
        pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        most_rows = max(step["Actual Rows"] * step["Actual Loops"] for step in steps)
        assert (name, scanned) == (name, [])
        assert (name, pages) < (name, most_pages)
        assert (name, most_rows) < (name, 30_000)
