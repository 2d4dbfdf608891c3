"""The invented catalogue: the same for the same seed, and complete."""

import pytest
from sqlalchemy import func, select
from tests.bench import catalogue
from tests.bench.catalogue import Catalogue

from gateway.adapters.postgres_search import PostgresSearch
from gateway.search_ports import SearchFilter, Slice
from shared.db.engine import Database
from shared.db.tables import credits_, entities, search_documents, search_words, texts
from shared.entities import EntityKind


@pytest.mark.parametrize("size", [1, 7, 300])
def test_equal_seeds_give_equal_catalogues_of_the_size_asked_for(size: int) -> None:
    one, same, other = (Catalogue(size, seed).rows(0, size) for seed in (1, 1, 2))

    assert one == same
    assert one != other
    assert len(one["entities"]) == len({(row["kind"], row["slug"]) for row in one["entities"]}) == size


async def test_what_is_loaded_is_found(database_url: str) -> None:
    seen: list[tuple[str, int, int]] = []

    def note(what: str, done: int, size: int) -> None:
        seen.append((what, done, size))

    await catalogue.load(database_url, 500, progress=note)

    async with Database.open(database_url, "tests") as database:
        counts = {
            table.name: (await database.read(select(func.count()).select_from(table))).scalar_one()
            for table in (entities, search_documents, credits_, texts, search_words)
        }
        totals = [(await PostgresSearch(database).search(SearchFilter(kind), Slice(1))).total for kind in EntityKind]
    assert counts["entities"] == counts["search_documents"] == sum(totals) == 500
    assert min(*counts.values(), *totals) > 20
    assert seen == [("entities", 500, 500), ("search", 500, 500)]
