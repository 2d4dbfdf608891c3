"""A hundred thousand entities: questions are answered from indexes, and what is counted is true."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import asyncpg
import pytest
from sqlalchemy import event, text
from tests.bench import catalogue
from tests.integration.gateway_search.library import MOVIE, PERSON, SERIES, SHOW

from gateway.adapters.postgres_search import PostgresSearch
from gateway.search_ports import SearchFilter, Slice
from shared.db.engine import Database
from shared.entities import EntityKind, Locale, Role, ShowType

SIZE = 100_000
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def large_database_url(module_database_url: str) -> str:
    asyncio.run(catalogue.load(module_database_url, SIZE))
    return module_database_url


SELECTIVE: Mapping[str, tuple[SearchFilter, Slice]] = {
    "words": (SearchFilter(MOVIE, "night river"), Slice(20)),
    "words by name": (SearchFilter(MOVIE, "secret garden"), Slice(20, sort="title", descending=False)),
    "words, next page": (SearchFilter(SERIES, "house"), Slice(20, offset=20)),
    "mistyped": (SearchFilter(MOVIE, "nigth rivre"), Slice(20)),
    "people by name": (SearchFilter(PERSON, "zofia moon"), Slice(20)),
    "people by film": (SearchFilter(PERSON, "anna silence"), Slice(20)),
    "two genres": (SearchFilter(MOVIE, genres=("war", "western")), Slice(20)),
    "one year": (SearchFilter(MOVIE, year_from=1977, year_to=1977), Slice(20, sort="year")),
    "actor": (SearchFilter(MOVIE, actors=("Anna Love",)), Slice(20)),
    "director": (SearchFilter(MOVIE, director="Tom Night"), Slice(20)),
    "words in Spanish": (SearchFilter(SHOW, "the", has_text=Locale.ES, show_types=(ShowType.NEWS,)), Slice(20)),
}
BROAD: Mapping[str, tuple[SearchFilter, Slice]] = {
    "films": (SearchFilter(MOVIE), Slice(20)),
    "a common word": (SearchFilter(MOVIE, "the"), Slice(20)),
    "a common genre": (SearchFilter(MOVIE, genres=("drama",)), Slice(20, sort="year")),
    "people by role": (SearchFilter(PERSON, roles=(Role.DIRECTOR,)), Slice(20)),
}


async def plans(url: str, question: tuple[SearchFilter, Slice]) -> list[dict[str, Any]]:
    """The plan of each statement that answering `question` takes, with its parameters."""
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: tuple[object, ...], *_: object) -> None:
        asked.append((statement, parameters))

    async with Database.open(url, "tests") as database:
        event.listen(database.engine.sync_engine, "before_cursor_execute", note)
        found = await PostgresSearch(database).search(*question)
    assert found.total
    connection = cast("Any", await asyncpg.connect(url))
    try:
        explained = [await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *given) for sql, given in asked]
    finally:
        await connection.close()
    return [json.loads(plan)[0]["Plan"] for plan in explained]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


@pytest.mark.parametrize("name", SELECTIVE)
async def test_a_selective_question_reads_no_table_as_a_whole(large_database_url: str, name: str) -> None:
    for plan in await plans(large_database_url, SELECTIVE[name]):
        scanned = {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"}
        used = {node["Index Name"] for node in nodes(plan) if "Index Name" in node}

        assert scanned == set()
        assert used & {"ix_search_documents_search", "pk_search_words"}


@pytest.mark.parametrize("name", BROAD)
async def test_a_broad_question_reads_entities_for_its_page_only(large_database_url: str, name: str) -> None:
    [plan] = await plans(large_database_url, BROAD[name])

    read = [node for node in nodes(plan) if node.get("Relation Name") == "entities"]
    assert [(node["Node Type"], node["Index Name"]) for node in read] == [("Index Scan", "pk_entities")]


COUNTED = """
    SELECT value, count(*) AS matches
    FROM (
        SELECT unnest(genres) AS value, 'genre' AS facet, * FROM entities
        UNION ALL SELECT CAST(year AS text), 'year', * FROM entities WHERE year IS NOT NULL
        UNION ALL SELECT locale, 'locale', entities.* FROM entities JOIN texts ON texts.entity_id = entities.id
    ) AS said
    WHERE kind = :kind AND 'Drama' = ANY(genres) AND facet = :facet
    GROUP BY value ORDER BY matches DESC, value COLLATE "C"
"""


@pytest.mark.parametrize("facet", ["genre", "year", "locale"])
@pytest.mark.parametrize("kind", [MOVIE, SERIES])
async def test_counts_are_those_of_the_entities(large_database_url: str, kind: EntityKind, facet: str) -> None:
    async with Database.open(large_database_url, "tests") as database:
        found = await PostgresSearch(database).search(SearchFilter(kind, genres=("drama",)), Slice(1))
        counted = (await database.read(text(COUNTED), {"kind": kind, "facet": facet})).all()

    assert [(str(value), matches) for value, matches in found.facets[facet]] == [tuple(row) for row in counted]
