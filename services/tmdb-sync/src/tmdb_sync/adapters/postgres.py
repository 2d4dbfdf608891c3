"""Facts in PostgreSQL."""

from uuid import UUID

from sqlalchemy import func, select, update

from shared import ids, outbox, topology
from shared.db.endings import complete
from shared.db.engine import Database, Transaction
from shared.db.entity_rows import touch
from shared.db.facts import update_facts
from shared.db.tables import entities
from shared.entities import EntityKind, Facts
from shared.events import RefreshCompleted, RefreshRequested
from shared.faults import crash_point
from shared.jobs import Attempt, Result
from tmdb_sync.ports import Known

CONSUMER = topology.REFRESH_REQUESTS.consumer


class PostgresFacts:
    """Implements `FactStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, entity_id: UUID) -> Known | None:
        found = await self._database.read(
            select(entities.c.kind, entities.c.tmdb_id).where(
                entities.c.id == entity_id, entities.c.tmdb_id.is_not(None)
            )
        )
        row = found.first()
        return None if row is None else Known(entity_id, EntityKind(row.kind), row.tmdb_id)

    async def refresh(self, attempt: Attempt, event: RefreshRequested, facts: Facts) -> None:
        async def work(tx: Transaction) -> None:
            version = await update_facts(tx, event.entity_id, facts)
            row = (
                await tx.execute(select(entities.c.slug, entities.c.updated_at).where(entities.c.id == event.entity_id))
            ).one()
            result = Result(
                entity_id=event.entity_id,
                slug=row.slug,
                entity_version=version,
                tmdb_id=facts.tmdb_id,
                refreshed_at=row.updated_at,
            )
            await complete(tx, attempt, event, CONSUMER, result)
            await outbox.add(
                tx,
                RefreshCompleted(
                    event_id=ids.row_id(),
                    occurred_at=row.updated_at,
                    entity_kind=event.entity_kind,
                    job_id=event.job_id,
                    slug=row.slug,
                    entity_id=event.entity_id,
                    entity_version=version,
                    refreshed_at=row.updated_at,
                ),
            )
            await crash_point("consumer.before_commit")

        await self._database.run(work)

    async def mark_stale(self, entity_id: UUID) -> None:
        async def work(tx: Transaction) -> None:
            fresh = update(entities).where(entities.c.id == entity_id, entities.c.stale_since.is_(None))
            if (await tx.execute(fresh.values(stale_since=func.now()))).rowcount:
                await touch(tx, [entity_id])

        await self._database.run(work)
