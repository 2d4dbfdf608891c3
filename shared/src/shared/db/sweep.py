"""The sweep: what nobody else is left to do.

One process at a time, by advisory lock. It changes a status only at the deadline, and there by compare-and-set. For a job whose lease
ended, or that waits although no message for it can exist any more, it sends the same event again; the claim makes that harmless.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from sqlalchemy import ColumnElement, RowMapping, Select, delete, exists, func, or_, select

from shared import outbox
from shared.db.endings import end_as_failed
from shared.db.engine import Database, Transaction
from shared.db.jobs import Sql, request_event, seconds
from shared.db.tables import idempotency_keys, inbox, jobs
from shared.db.tables import outbox as outbox_table
from shared.errors import Unavailable
from shared.jobs import ACTIVE, Failure, FailureType, JobStatus
from shared.topology import QUEUE_OF_REQUEST, WorkQueue

BATCH = 200
STALE_AFTER_S = 30.0
"""A waiting job younger than this may simply be on its way through relay and queue."""
INBOX_RETENTION_S = 14 * 86400.0
_LOCK = 0x6D6F_7669
Tidy = Callable[[Transaction], Awaitable[None]]

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class Sweep:
    """`ready_messages` says how many messages a queue holds, or None when that cannot be known now.

    What consumers are done with is forgotten after `inbox_retention_s`. `tidy` is what a service forgets of its own tables, in rounds of
    its own processes: bounded work in the transaction of the round.
    """

    def __init__(
        self,
        database: Database,
        ready_messages: Callable[[WorkQueue], Awaitable[int | None]],
        *,
        inbox_retention_s: float = INBOX_RETENTION_S,
        tidy: Tidy | None = None,
    ) -> None:
        self._database = database
        self._inbox_retention_s = inbox_retention_s
        self._ready_messages = ready_messages
        self._tidy = tidy

    async def run_once(self) -> None:
        """One round; does nothing while another process holds the lock or Postgres is away."""
        try:
            lost = await self._database.read(select(exists().where(*_waiting_too_long())))
            empty: set[str] = set()
            if lost.scalar():
                empty = {kind for kind, queue in QUEUE_OF_REQUEST.items() if await self._ready_messages(queue) == 0}

            async def work(tx: Transaction) -> None:
                await self._round(tx, empty)

            await self._database.run(work)
        except Unavailable as away:
            log.warning("sweep.skipped", dependency=away.dependency)

    async def _round(self, tx: Transaction, empty: set[str]) -> None:
        if not await tx.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
            return
        await self._end_overdue(tx)
        leaseless = select(jobs).where(
            jobs.c.status == JobStatus.PROCESSING, jobs.c.lease_until < func.now(), ~_has_row()
        )
        await self._send_again(tx, (await tx.execute(_batch(leaseless))).mappings().all(), "lease-ended")
        if empty:
            forgotten = select(jobs).where(*_waiting_too_long(), jobs.c.event_type.in_(empty))
            await self._send_again(tx, (await tx.execute(_batch(forgotten))).mappings().all(), "message-lost")
        await tx.execute(delete(idempotency_keys).where(idempotency_keys.c.expires_at < func.now()))
        await tx.execute(delete(inbox).where(inbox.c.done_at < func.now() - seconds(self._inbox_retention_s)))
        if self._tidy is not None:
            await self._tidy(tx)

    async def _end_overdue(self, tx: Transaction) -> None:
        overdue = select(jobs.c.id, jobs.c.error).where(jobs.c.status.in_(ACTIVE), jobs.c.deadline_at <= func.now())
        for row in (await tx.execute(_batch(overdue))).mappings().all():
            failure = (
                Failure.model_validate(row["error"])
                if row["error"]
                else Failure(type=FailureType.TIMEOUT, technical_message="the deadline of the job passed")
            )
            log.warning("job.overdue", job_id=str(row["id"]), failure=failure.type)
            overdue_job = Sql("id = :job_id AND deadline_at <= now()", {"job_id": row["id"]})
            await end_as_failed(tx, overdue_job, failure, "sweep")

    async def _send_again(self, tx: Transaction, rows: Sequence[RowMapping], reason: str) -> None:
        for row in rows:
            log.warning("job.sent-again", job_id=str(row["id"]), reason=reason)
            await outbox.add_retry(
                tx, request_event(row), QUEUE_OF_REQUEST[row["event_type"]].name, 0.0, row["attempt"]
            )


def _has_row() -> ColumnElement[bool]:
    return exists().where(outbox_table.c.event_id == jobs.c.event_id)


def _waiting_too_long() -> tuple[ColumnElement[bool], ...]:
    """Jobs that wait with no outbox row to send them on."""
    since = func.now() - seconds(STALE_AFTER_S)
    pending = (jobs.c.status == JobStatus.PENDING) & (jobs.c.updated_at < since)
    retrying = (jobs.c.status == JobStatus.RETRYING) & (jobs.c.next_attempt_at < since)
    return or_(pending, retrying), ~_has_row()


def _batch(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return statement.limit(BATCH).with_for_update(skip_locked=True, of=jobs)
