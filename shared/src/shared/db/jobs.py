"""Statements over the job row that more than one service needs. Every change of status goes through `move`."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, func, insert, literal, select, update

from shared import ids
from shared.db.engine import Transaction
from shared.db.tables import job_transitions, jobs
from shared.entities import ContextTag, EntityKind, Form, Locale
from shared.events import Event, GenerationFailed, GenerationRequested, RefreshFailed, RefreshRequested
from shared.jobs import TRANSITIONS, Failure, JobKind, JobStatus


def seconds(value: float) -> ColumnElement[Any]:
    """An interval of `value` seconds."""
    return func.make_interval(0, 0, 0, 0, 0, 0, literal(value))


async def move(
    tx: Transaction,
    target: JobStatus,
    *where: ColumnElement[bool],
    actor: str,
    reason: str | None = None,
    values: Mapping[str, Any] | None = None,
) -> RowMapping | None:
    """Move the job that matches `where` to `target` and record the transition; the new row, or None when no such job may move there.

    One statement: a compare-and-set whose transition row cannot be missing or doubled.
    """
    sources = [status for status, targets in TRANSITIONS.items() if target in targets]
    old = select(jobs.c.id, jobs.c.status).where(*where, jobs.c.status.in_(sources)).with_for_update().cte("old")
    changes: dict[str, Any] = {
        "status": target,
        "sequence": jobs.c.sequence + 1,
        "updated_at": func.now(),
        **(values or {}),
    }
    if target.terminal:
        changes |= {"finished_at": func.now(), "lease_token": None, "lease_until": None, "next_attempt_at": None}
    changed = (
        update(jobs)
        .where(jobs.c.id == old.c.id)
        .values(changes)
        .returning(*jobs.c, old.c.status.label("from_status"))
        .cte("changed")
    )
    recorded = (
        insert(job_transitions)
        .from_select(
            ["job_id", "sequence", "from_status", "to_status", "attempt", "actor", "reason", "next_attempt_at"],
            select(
                changed.c.id,
                changed.c.sequence,
                changed.c.from_status,
                literal(target.value),
                changed.c.attempt,
                literal(actor),
                literal(reason),
                changed.c.next_attempt_at,
            ),
        )
        .cte("recorded")
    )
    return (await tx.execute(select(changed).add_cte(recorded))).mappings().first()


async def record_acceptance(tx: Transaction, job_id: UUID, actor: str) -> None:
    """The first transition of a job that was just inserted as PENDING."""
    first = {"job_id": job_id, "sequence": 1, "to_status": JobStatus.PENDING, "attempt": 0, "actor": actor}
    await tx.execute(_TRANSITION, first)


def request_event(row: RowMapping) -> Event:
    """The event that asked for the job in `row`, with the id it has always had."""
    kind = EntityKind(row["entity_kind"])
    if row["kind"] == JobKind.REFRESH:
        return RefreshRequested(
            event_id=row["event_id"],
            occurred_at=row["created_at"],
            entity_kind=kind,
            job_id=row["id"],
            slug=row["slug"],
            entity_id=row["entity_id"],
        )
    return GenerationRequested(
        event_id=row["event_id"],
        occurred_at=row["created_at"],
        entity_kind=kind,
        job_id=row["id"],
        slug=row["slug"],
        form=Form(row["form"]),
        locale=Locale(row["locale"]),
        context_tag=ContextTag(row["context_tag"]) if row["context_tag"] else None,
    )


def stopped_event(row: RowMapping, failure: Failure | None, reason: str) -> Event:
    """The event that tells others that the job in `row` ended without a result; `failure` is None after a cancellation."""
    kind, error = EntityKind(row["entity_kind"]), failure.type if failure else None
    if row["kind"] == JobKind.REFRESH:
        return RefreshFailed(
            event_id=ids.row_id(),
            occurred_at=row["updated_at"],
            entity_kind=kind,
            job_id=row["id"],
            slug=row["slug"],
            entity_id=row["entity_id"],
            error=error,
            reason=reason,
        )
    return GenerationFailed(
        event_id=ids.row_id(),
        occurred_at=row["updated_at"],
        entity_kind=kind,
        job_id=row["id"],
        slug=row["slug"],
        requested_slug=row["requested_slug"],
        form=Form(row["form"]),
        locale=Locale(row["locale"]),
        context_tag=ContextTag(row["context_tag"]) if row["context_tag"] else None,
        error=error,
        reason=reason,
    )


_TRANSITION = insert(job_transitions)
