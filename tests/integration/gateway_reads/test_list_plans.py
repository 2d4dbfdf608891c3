"""How PostgreSQL reads a page of a large list."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from gateway.adapters.postgres_lists import page_statement
from gateway.read_ports import Position, Selection
from shared import ids
from shared.db.engine import Database, Transaction
from shared.entities import EntityKind
from shared.testing.clock import START

MOVIE = EntityKind.MOVIE
FILL = (
    """
    INSERT INTO entities (id, kind, slug, title, title_slug, year, created_at, updated_at)
    SELECT gen_random_uuid(), (ARRAY['MOVIE', 'PERSON', 'TV_SERIES', 'TV_SHOW'])[n % 4 + 1], 'title-' || n, 'Title ' || n, 'title-' || n,
        nullif(1900 + n % 130, 1900), now() - n * interval '1 minute', now() - n * interval '1 second'
    FROM generate_series(1, 20000) AS n
    """,
    """
    INSERT INTO search_documents (entity_id, created_at, popularity, year, title_slug, categories, locales, names, search)
    SELECT id, created_at, 0, year, title_slug, '{}', '{}', '',
        array_to_tsvector(ARRAY['=kind=movie', 'title', replace(title_slug, '-', ''), '=genre=' || year % 50])
    FROM entities WHERE kind = 'MOVIE' AND year IS NOT NULL
    """,
    "ANALYZE entities",
    "ANALYZE search_documents",
)
SELECTIVE = [
    Selection(text="title4004"),
    Selection(genres=("7",)),
    Selection(text="title", genres=("7",), sort="updated_at"),
    Selection(text="title4004", sort="title", descending=False),
    Selection(year_from=1999, year_to=1999),
    Selection(genres=("7",), year_from=1957, sort="year"),
]
ORDERED = [
    Selection(sort=sort, descending=descending, page=page)
    for sort in ("created_at", "updated_at", "title", "year")
    for descending in (False, True)
    for page in (1, 3)
]
WALKED = [
    Selection(sort="created_at", after=Position(START, ids.row_id())),
    Selection(sort="title", descending=False, after=Position("title-5", ids.row_id())),
    Selection(sort="year", after=Position(1950, ids.row_id())),
]


@pytest.fixture
async def large(database: Database) -> Database:
    async def work(tx: Transaction) -> None:
        for statement in FILL:
            await tx.execute(text(statement))

    await database.run(work)
    return database


async def plan(database: Database, selection: Selection) -> dict[str, Any]:
    statement, given = page_statement(MOVIE, selection)
    compiled = statement.compile(database.engine.sync_engine)
    parameters = compiled.construct_params(given)
    async with database.engine.connect() as connection:
        sent = f"EXPLAIN (FORMAT JSON) {compiled.string}"
        found = await connection.exec_driver_sql(sent, tuple(parameters[name] for name in compiled.positiontup or ()))
        explained: list[dict[str, dict[str, Any]]] = found.scalar_one()
    return explained[0]["Plan"]


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node.get("Plans", ()):
        yield from nodes(part)


def scans(found: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (node["Node Type"], node.get("Relation Name", node.get("Index Name", "")))
        for node in nodes(found)
        if node["Node Type"].endswith("Scan") and node["Node Type"] not in {"CTE Scan", "Subquery Scan"}
    }


async def test_a_large_list_is_read_from_its_indexes(large: Database) -> None:
    for selection in SELECTIVE:
        found = scans(await plan(large, selection))
        assert not [table for way, table in found if way == "Seq Scan" and table != "credits"], selection

    for selection in ORDERED:
        found = await plan(large, selection)
        assert ("Index Only Scan", "entities") in scans(found), selection
        sorts = [node for node in nodes(found) if node["Node Type"] == "Sort" and node["Plan Rows"] > 200]
        assert not sorts, selection

    for selection in WALKED:
        found = scans(await plan(large, selection))
        assert ("Index Only Scan", "entities") in found, selection
