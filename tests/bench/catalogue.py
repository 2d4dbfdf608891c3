"""`python -m tests.bench.catalogue --size 100000 --database-url URL`: fill a migrated, empty database with invented entities.

Equal sizes and seeds give equal libraries. What search reads is written by the code that writes it in production.
"""

import argparse
import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast
from uuid import UUID

import asyncpg
from sqlalchemy import text
from tests.bench.invention import Invention

from moviemind.console import err
from shared import slugs
from shared.clock import SystemClock
from shared.db.engine import Database, PoolOptions, Transaction
from shared.db.entity_rows import columns
from shared.db.search_rows import index_documents, index_words
from shared.entities import KINDS, EntityKind, Facts, Role

SEED = 1895
Progress = Callable[[str, int, int], None]
Row = dict[str, Any]

_SHARES = {EntityKind.PERSON: 0.4, EntityKind.MOVIE: 0.45, EntityKind.TV_SERIES: 0.1, EntityKind.TV_SHOW: 0.05}
_LOCALES = {"en-US": 0.3, "pl-PL": 0.1, "de-DE": 0.05, "fr-FR": 0.03, "es-ES": 0.02}
_TMDB_TYPES = dict.fromkeys(EntityKind, "tv") | {EntityKind.PERSON: "person", EntityKind.MOVIE: "movie"}
_START = datetime(2026, 1, 1, tzinfo=UTC)
_BATCH = 5_000
_TABLES = ("entities", "tmdb_snapshots", "credits", "texts")


class Catalogue:
    """Rows of `size` entities, people first, by table; each batch may name what earlier ones hold."""

    def __init__(self, size: int, seed: int = SEED) -> None:
        self.size = size
        self._random = Random(seed)
        self._invention = Invention(self._random, vocabulary=max(200, size // 8))
        self._taken: set[tuple[EntityKind, str]] = set()
        self._people: list[tuple[UUID, str]] = []
        numbered = [kind for kind, share in _SHARES.items() for _ in range(round(size * share))]
        self._kinds = numbered[:size] + [EntityKind.MOVIE] * (size - len(numbered))

    def rows(self, first: int, last: int) -> dict[str, list[Row]]:
        """The rows of the entities numbered from `first` up to `last`; ask for them in order."""
        made: dict[str, list[Row]] = defaultdict(list)
        for number in range(first, min(last, self.size)):
            self._add(made, number, self._kinds[number])
        return made

    def _add(self, made: dict[str, list[Row]], number: int, kind: EntityKind) -> None:
        facts = self._invention.facts(kind, tmdb_id=number + 1)
        entity_id, at = self._id(), _START + timedelta(seconds=number)
        entity: Row = columns(facts) | {
            "id": entity_id,
            "kind": kind,
            "slug": self._slug(facts),
            "tmdb_id": facts.tmdb_id,
        }
        if kind is EntityKind.PERSON:
            self._people.append((entity_id, facts.title))
        elif self._people:
            credited = self._invention.credits(kind, len(self._people))
            made["credits"] += (
                {"title_id": entity_id, "person_id": self._people[place][0], "role": role, "billing_order": order}
                for place, role, order in credited
            )
            directors = [self._people[place][1] for place, role, _ in credited if role is Role.DIRECTOR]
            entity["details"] |= {"director": ", ".join(directors) or None} if kind is EntityKind.MOVIE else {}
        written = [
            self._text(entity_id, kind, locale, at)
            for locale, share in _LOCALES.items()
            if self._random.random() < share
        ]
        entity |= {"default_text_id": written[0]["id"] if written else None, "created_at": at, "updated_at": at}
        made["texts"] += written
        made["entities"].append(entity)
        made["tmdb_snapshots"].append(
            {
                "entity_id": entity_id,
                "tmdb_id": facts.tmdb_id,
                "tmdb_type": _TMDB_TYPES[kind],
                "raw_data": {},
                "fetched_at": at,
            }
        )

    def _text(self, entity_id: UUID, kind: EntityKind, locale: str, at: datetime) -> Row:
        return {
            "id": self._id(),
            "entity_id": entity_id,
            "form": KINDS[kind].form,
            "locale": locale,
            "context_tag": "DEFAULT",
            "origin": "GENERATED",
            "text": self._invention.sentence(),
            "version": 1,
            "accepted_seq": 1,
            "created_at": at,
            "updated_at": at,
        }

    def _slug(self, facts: Facts) -> str:
        slug = next(one for one in slugs.candidates(facts) if (facts.kind, one) not in self._taken)
        self._taken.add((facts.kind, slug))
        return slug

    def _id(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)


def silent(_what: str, _done: int, _size: int) -> None:
    """Progress that nobody watches."""


async def load(url: str, size: int, seed: int = SEED, progress: Progress = silent) -> None:
    """Store a catalogue of `size` entities with statistics; all of it is there, or whatever was stored before it failed."""
    catalogue = Catalogue(size, seed)
    ids: list[UUID] = []
    connection = cast("Any", await asyncpg.connect(url))
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=_jsonb, decoder=json.loads, format="binary")
    invented = asyncio.create_task(asyncio.to_thread(catalogue.rows, 0, _BATCH))
    try:
        for first in range(_BATCH, size + _BATCH, _BATCH):
            rows = await invented
            invented = asyncio.create_task(asyncio.to_thread(catalogue.rows, first, first + _BATCH))
            ids += (row["id"] for row in rows["entities"])
            for table in _TABLES:
                await _copy(connection, table, rows[table])
            progress("entities", len(ids), size)
        await invented
    finally:
        await connection.close()
    async with Database.open(url, "catalogue", PoolOptions(size=1, statement_timeout_ms=600_000)) as database:
        # made at once it costs a tenth of what it costs row by row
        index = (await database.read(_DEFINITION)).scalar_one()
        await database.write(text(f"DROP INDEX {_INDEX}"))
        for first in range(0, size, _BATCH):
            await _index(database, ids[first : first + _BATCH])
            progress("search", min(first + _BATCH, size), size)
        await database.write(text(index))
        await database.write(_VACUUM)


async def _copy(connection: Any, table: str, rows: Sequence[Row]) -> None:
    if rows:
        names = list(rows[0])
        await connection.copy_records_to_table(
            table, columns=names, records=[tuple(row[name] for name in names) for row in rows]
        )


def _jsonb(value: Any) -> bytes:
    """Version 1 of the binary format, the only one COPY takes."""
    return b"\x01" + json.dumps(value).encode()


async def _index(database: Database, ids: Iterable[UUID]) -> None:
    async def work(tx: Transaction) -> None:
        await index_documents(tx, ids)
        await index_words(tx, ids)

    await database.run(work)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.catalogue", description=__doc__)
    parser.add_argument("--size", type=int, default=100_000, help="entities of all kinds. Default: 100000")
    parser.add_argument("--database-url", required=True, help="a migrated database without entities")
    parser.add_argument("--seed", type=int, default=SEED, help=f"Default: {SEED}")
    given = parser.parse_args(arguments)
    clock = SystemClock()
    begun = clock.monotonic()

    def progress(what: str, done: int, size: int) -> None:
        err.print(f"{what}: {done:,} of {size:,}, {clock.monotonic() - begun:.0f} s", markup=False)

    asyncio.run(load(given.database_url, given.size, given.seed, progress))
    return 0


_INDEX = "ix_search_documents_search"
_DEFINITION = text(f"SELECT pg_get_indexdef(CAST('{_INDEX}' AS regclass))")
_VACUUM = text("VACUUM (ANALYZE) entities, credits, texts, tmdb_snapshots, search_documents, search_words")

if __name__ == "__main__":
    raise SystemExit(main())
