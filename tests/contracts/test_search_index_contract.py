"""Searching what is stored, as far as the gateway's use case of both sources stands on it: on PostgreSQL and on the fake alike."""

from abc import ABC, abstractmethod

import pytest
from tests.support.fakes.search import FakeSearchIndex

from gateway.adapters.postgres_search import PostgresSearch
from gateway.read_ports import Sort
from gateway.search_ports import Hits, SearchFilter, SearchIndex, Slice
from shared.db.engine import Database, Transaction
from shared.db.facts import create_entity
from shared.entities import EntityKind, Facts, MovieDetails

MOVIE = EntityKind.MOVIE
STORED = [("Heat", 1995), ("Amélie", 2001), ("Zodiac", None), ("The Heat", 2013), ("Heat Wave", 1990)]


class World(ABC):
    index: SearchIndex

    @abstractmethod
    async def store(self, title: str, year: int | None, tmdb_id: int) -> None: ...


class FakeWorld(World):
    def __init__(self) -> None:
        self.index = self._index = FakeSearchIndex()

    async def store(self, title: str, year: int | None, tmdb_id: int) -> None:
        self._index.add(MOVIE, title, year, tmdb_id)


class PostgresWorld(World):
    def __init__(self, database: Database) -> None:
        self.index = PostgresSearch(database)
        self._database = database

    async def store(self, title: str, year: int | None, tmdb_id: int) -> None:
        facts = Facts(kind=MOVIE, tmdb_id=tmdb_id, title=title, year=year, details=MovieDetails())

        async def work(tx: Transaction) -> None:
            await create_entity(tx, facts)

        await self._database.run(work)


class SearchIndexContract:
    @pytest.fixture
    async def world(self, empty: World) -> World:
        for tmdb_id, (title, year) in enumerate(STORED, 1):
            await empty.store(title, year, tmdb_id)
        return empty

    async def find(self, world: World, part: Slice, text: str | None = None) -> Hits:
        return await world.index.search(SearchFilter(MOVIE, text), part)

    async def test_a_text_finds_titles_the_exact_one_first(self, world: World) -> None:
        found = await self.find(world, Slice(10), "HEAT")

        assert (found.hits[0].title, found.hits[0].exact) == ("Heat", True)
        assert {hit.title for hit in found.hits[1:] if not hit.exact} == {"The Heat", "Heat Wave"}
        assert found.total == 3

    async def test_years_bound_what_is_found(self, world: World) -> None:
        found = await world.index.search(SearchFilter(MOVIE, year_from=1995, year_to=2001), Slice(10))

        assert {hit.title for hit in found.hits} == {"Heat", "Amélie"}
        assert found.facets["year"] == ((1995, 1), (2001, 1))
        assert found.facets["type"] == ((str(MOVIE), 2),)

    @pytest.mark.parametrize(
        ("sort", "descending", "expected"),
        [
            ("title", False, ["Amélie", "Heat", "Heat Wave", "The Heat", "Zodiac"]),
            ("title", True, ["Zodiac", "The Heat", "Heat Wave", "Heat", "Amélie"]),
            ("year", False, ["Heat Wave", "Heat", "Amélie", "The Heat", "Zodiac"]),
            ("year", True, ["The Heat", "Amélie", "Heat", "Heat Wave", "Zodiac"]),
            ("created_at", False, [title for title, _ in STORED]),
            ("created_at", True, [title for title, _ in reversed(STORED)]),
        ],
    )
    async def test_pages_by_offset_and_by_cursor_hold_everything_once_in_order(
        self, world: World, sort: Sort, descending: bool, expected: list[str]
    ) -> None:
        def part(offset: int = 0, after: str | None = None) -> Slice:
            return Slice(limit=2, offset=offset, after=after, sort=sort, descending=descending)

        by_offset = [hit for offset in (0, 2, 4) for hit in (await self.find(world, part(offset))).hits]
        by_cursor = list((await self.find(world, part())).hits)
        while following := (await self.find(world, part(after=by_cursor[-1].cursor))).hits:
            by_cursor += following

        assert [hit.title for hit in by_offset] == expected
        assert [hit.title for hit in by_cursor] == expected

    async def test_an_empty_page_tells_the_true_total(self, world: World) -> None:
        for part in (Slice(0), Slice(2, offset=10**11)):
            found = await self.find(world, part, "heat")

            assert (found.hits, found.total) == ((), 3)

    async def test_a_cursor_of_another_order_is_refused(self, world: World) -> None:
        [hit] = (await self.find(world, Slice(1, sort="title"))).hits

        for after in (hit.cursor, "nonsense"):
            with pytest.raises(ValueError):  # noqa: PT011 (the port promises no more)
                await self.find(world, Slice(1, after=after, sort="year"))

    async def test_what_is_stored_is_known_by_the_catalogues_ids(self, world: World) -> None:
        assert await world.index.stored(MOVIE, (1, 5, 6)) == {1, 5}
        assert await world.index.stored(EntityKind.TV_SHOW, (1,)) == frozenset()
        assert await world.index.stored(MOVIE, ()) == frozenset()


class TestFakeSearchIndex(SearchIndexContract):
    @pytest.fixture
    def empty(self) -> World:
        return FakeWorld()


class TestPostgresSearch(SearchIndexContract):
    @pytest.fixture
    def empty(self, database: Database) -> World:
        return PostgresWorld(database)
