"""Stored entities, read: what a slug names, and one entity."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, exists, select

from gateway.adapters import naming
from gateway.adapters.whole_entities import detail_columns_of, entity_of
from gateway.ports import EntityRef, TextRef
from gateway.read_ports import Entity, Naming
from shared.batching import Batches
from shared.clock import Clock
from shared.db.engine import Database
from shared.db.tables import entities, texts, tmdb_snapshots
from shared.entities import ContextTag, EntityKind, Form, Locale


class PostgresEntities:
    """Implements `Entities`, `EntityIndex` and `TextIndex`. Raises Unavailable("postgres").

    `load` is one statement, so that an answer, its texts, its credits and its version are of one snapshot.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._resolved = Batches(self._resolve, limit=64)

    async def named(self, kind: EntityKind, slug: str) -> Naming | None:
        rows = await self._best([(kind, slug)], naming.MAX_CHOICES)
        return naming.of(kind, slug, rows, self._clock.now().year) if rows else None

    async def resolve(self, kind: EntityKind, slug: str) -> EntityRef | None:
        return await self._resolved((kind, slug))

    async def by_id(self, kind: EntityKind, entity_id: UUID) -> EntityRef | None:
        found = await self._database.read(select(entities).where(entities.c.id == entity_id, entities.c.kind == kind))
        row = found.mappings().first()
        return None if row is None else _ref(row)

    async def by_tmdb_id(self, kind: EntityKind, tmdb_id: int) -> UUID | None:
        found = await self._database.read(
            select(entities.c.id).where(entities.c.kind == kind, entities.c.tmdb_id == tmdb_id)
        )
        return found.scalar()

    async def load(self, kind: EntityKind, entity_id: UUID) -> Entity | None:
        whole = select(*detail_columns_of(kind)).where(entities.c.id == entity_id, entities.c.kind == kind)
        row = (await self._database.read(whole)).mappings().first()
        return None if row is None else entity_of(row)

    async def text(self, text_id: UUID) -> TextRef | None:
        current = (
            select(entities, texts.c.form, texts.c.locale, texts.c.context_tag)
            .join(texts, texts.c.entity_id == entities.c.id)
            .where(texts.c.id == text_id, texts.c.archived_at.is_(None))
        )
        row = (await self._database.read(current)).mappings().first()
        if row is None:
            return None
        return TextRef(_ref(row), Form(row["form"]), Locale(row["locale"]), ContextTag(row["context_tag"]))

    async def has_snapshot(self, entity_id: UUID) -> bool:
        found = await self._database.read(select(exists().where(tmdb_snapshots.c.entity_id == entity_id)))
        return bool(found.scalar())

    async def _resolve(self, wanted: Sequence[tuple[EntityKind, str]]) -> list[EntityRef | None]:
        distinct = list(dict.fromkeys(wanted))
        found: dict[tuple[EntityKind, str], EntityRef] = {
            distinct[row["n"] - 1]: _ref(row) for row in await self._best(distinct, 1)
        }
        return [found.get(one) for one in wanted]

    async def _best(self, wanted: Sequence[tuple[EntityKind, str]], limit: int) -> Sequence[RowMapping]:
        """For each, as `n` from 1, the rows that fit best, newest first; see `naming.NAMED`."""
        given = naming.parameters(wanted, self._clock.now().year, limit)
        return (await self._database.read(naming.NAMED, given)).mappings().all()


def _ref(row: RowMapping) -> EntityRef:
    return EntityRef(
        row["id"], EntityKind(row["kind"]), row["slug"], row["default_text_id"], row["version"], row["tmdb_id"]
    )
