"""How jobs end in PostgreSQL: with a result in the transaction of its effect, or without one. Only who holds the attempt may."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, RowMapping, text

from shared import inbox, outbox
from shared.db.engine import Transaction
from shared.db.jobs import Sql, move, moving, stopped_event
from shared.db.tables import jobs
from shared.errors import LeaseLost
from shared.events import JobEvent
from shared.jobs import Attempt, Failure, JobStatus, Result


def is_current(attempt: Attempt) -> tuple[ColumnElement[bool], ...]:
    """The comparison that every write of an attempt makes."""
    return (
        jobs.c.id == attempt.job_id,
        jobs.c.status == JobStatus.PROCESSING,
        jobs.c.attempt == attempt.number,
        jobs.c.lease_token == attempt.token,
    )


def current(attempt: Attempt) -> Sql:
    """The same comparison as `is_current`, as text."""
    return Sql(
        "id = :job_id AND status = 'PROCESSING' AND attempt = :number AND lease_token = :token",
        {"job_id": attempt.job_id, "number": attempt.number, "token": attempt.token},
    )


@dataclass(frozen=True, slots=True)
class Ending:
    """An attempt that reached its result, and the event that it worked on."""

    attempt: Attempt
    event: JobEvent
    result: Result


async def complete(tx: Transaction, attempt: Attempt, event: JobEvent, consumer: str, result: Result) -> RowMapping:
    """End the job as DONE in the transaction of its effect; its row. Raises LeaseLost when the attempt may not write any more."""
    done = await complete_all(tx, consumer, [Ending(attempt, event, result)])
    if attempt.job_id not in done:
        raise LeaseLost(str(attempt.job_id))
    return done[attempt.job_id]


async def complete_all(tx: Transaction, consumer: str, endings: Sequence[Ending]) -> dict[UUID, RowMapping]:
    """End jobs as DONE in the transaction of their effects; their rows by id, without those that an attempt may not write any more.

    Whoever is left out must leave no effect. Raises LeaseLost when one of the events was done before, which no current attempt's is.
    """
    rows = [
        {
            "job_id": ending.attempt.job_id,
            "number": ending.attempt.number,
            "token": ending.attempt.token,
            "entity_id": ending.result.entity_id,
            "slug": ending.result.slug,
            "result": ending.result.model_dump(mode="json"),
        }
        for ending in endings
    ]
    asked = {"rows": orjson.dumps(rows, default=str).decode(), "actor": consumer, "reason": None}
    done = {row["id"]: row for row in (await tx.execute(_COMPLETE, asked)).mappings()}
    events = [ending.event for ending in endings if ending.attempt.job_id in done]
    if events and not await inbox.complete(tx, consumer, *events):
        raise LeaseLost(", ".join(str(event.job_id) for event in events))
    return done


async def end_as_failed(tx: Transaction, which: Sql, failure: Failure, actor: str) -> RowMapping | None:
    """End the job of `which` as FAILED and tell others; None when it may not end any more."""
    ended = await move(
        tx,
        JobStatus.FAILED,
        which,
        actor=actor,
        reason=failure.type,
        values={"error": failure.model_dump(mode="json")},
    )
    if ended is not None:
        await outbox.add(tx, stopped_event(ended, failure, failure.type))
    return ended


_COMPLETE = text(
    moving(
        JobStatus.DONE,
        """
        jobs JOIN jsonb_to_recordset(CAST(CAST(:rows AS text) AS jsonb)) AS ended (
            job_id uuid, number integer, token uuid, entity_id uuid, slug text, result jsonb)
            ON ended.job_id = jobs.id
        WHERE jobs.status = 'PROCESSING' AND jobs.attempt = ended.number AND jobs.lease_token = ended.token
        """,
        (
            ("result", "new_result"),
            ("error", "NULL"),
            ("entity_id", "new_entity_id"),
            ("slug", "new_slug"),
        ),
        given=("ended.result AS new_result", "ended.entity_id AS new_entity_id", "ended.slug AS new_slug"),
    )
)
