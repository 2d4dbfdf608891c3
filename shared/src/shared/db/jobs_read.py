"""Jobs as an operator lists them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from shared.db.engine import Database
from shared.db.tables import jobs
from shared.jobs import Failure, JobStatus


@dataclass(frozen=True, slots=True)
class JobRow:
    id: UUID
    kind: str
    entity_kind: str
    slug: str
    form: str | None
    locale: str | None
    context_tag: str | None
    status: JobStatus
    attempt: int
    max_attempts: int
    created_at: datetime
    updated_at: datetime
    error: Failure | None


async def list_jobs(db: Database, *, status: JobStatus | str | None = None, limit: int = 50) -> Sequence[JobRow]:
    """The newest jobs, at most `limit`, of one status if given. Raises Unavailable("postgres")."""
    newest = select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.id).limit(limit)
    if status is not None:
        newest = newest.where(jobs.c.status == str(status).upper())
    return [
        JobRow(
            id=row["id"],
            kind=row["kind"],
            entity_kind=row["entity_kind"],
            slug=row["slug"],
            form=row["form"],
            locale=row["locale"],
            context_tag=row["context_tag"],
            status=JobStatus(row["status"]),
            attempt=row["attempt"],
            max_attempts=row["max_attempts"],
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            error=Failure.model_validate(row["error"]) if row["error"] else None,
        )
        for row in (await db.read(newest)).mappings()
    ]
