"""Builders of stored jobs and entities."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, insert, select, text

from shared import ids, outbox
from shared.db.engine import Database, Transaction
from shared.db.jobs import FIRST_TRANSITIONS, request_event, seconds
from shared.db.tables import jobs
from shared.entities import KINDS, ContextTag, EntityKind, Form, Locale
from shared.events import JobEvent
from shared.jobs import Identity, JobKind, JobStatus, refresh_dedupe_key


@dataclass(frozen=True, slots=True)
class StoredJob:
    id: UUID
    event: JobEvent


async def store_generation(
    database: Database,
    slug: str = "the-matrix-1999",
    *,
    kind: EntityKind = EntityKind.MOVIE,
    locale: Locale = Locale.EN,
    tag: ContextTag | None = None,
    form: Form | None = None,
    max_attempts: int = 3,
    deadline_s: float = 600.0,
    entity_id: UUID | None = None,
    baseline_text_id: UUID | None = None,
    caller: str = "ip:127.0.0.1",
    published: bool = False,
) -> StoredJob:
    """A PENDING generation as the gateway would accept it; with its outbox row when `published`."""
    form = form or KINDS[kind].form
    values = {
        "kind": JobKind.GENERATION,
        "entity_kind": kind,
        "slug": slug,
        "requested_slug": slug,
        "form": form,
        "locale": locale,
        "context_tag": tag,
        "entity_id": entity_id,
        "baseline_text_id": baseline_text_id,
        "dedupe_key": Identity(kind, slug, form, locale, tag).dedupe_key,
        "event_type": "generation.requested",
        "caller": caller,
    }
    return await _store(database, values, max_attempts=max_attempts, deadline_s=deadline_s, published=published)


async def store_refresh(
    database: Database, entity_id: UUID, slug: str, *, kind: EntityKind = EntityKind.MOVIE, published: bool = False
) -> StoredJob:
    """A PENDING refresh as the gateway would accept it."""
    values = {
        "kind": JobKind.REFRESH,
        "entity_kind": kind,
        "slug": slug,
        "requested_slug": slug,
        "entity_id": entity_id,
        "dedupe_key": refresh_dedupe_key(entity_id),
        "event_type": "refresh.requested",
        "caller": "ip:127.0.0.1",
    }
    return await _store(database, values, max_attempts=3, deadline_s=600.0, published=published)


async def _store(
    database: Database, values: Mapping[str, object], *, max_attempts: int, deadline_s: float, published: bool
) -> StoredJob:
    job_id = ids.job_id()

    async def work(tx: Transaction) -> StoredJob:
        await tx.execute(
            insert(jobs).values(
                id=job_id,
                status=JobStatus.PENDING,
                max_attempts=max_attempts,
                event_id=ids.row_id(),
                deadline_at=func.now() + seconds(deadline_s),
                **values,
            )
        )
        await tx.execute(
            text(FIRST_TRANSITIONS.format(jobs="jobs WHERE id = :job_id")), {"job_id": job_id, "actor": "tests"}
        )
        row = (await tx.execute(select(jobs).where(jobs.c.id == job_id))).mappings().one()
        event = request_event(row)
        assert isinstance(event, JobEvent)
        if published:
            await outbox.add(tx, event)
        return StoredJob(job_id, event)

    return await database.run(work)
