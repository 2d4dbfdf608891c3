"""Joins that arrive together are one statement.

A burst of readers of one cold title starts one job, and everyone but the first joins it. Each by itself, they would queue for a connection,
for the commit and for the row of the caller that they share.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.adapters.acceptances import SHORT_WAITS, Busy, Wanted
from gateway.ports import Accepted, AcceptedJob, NewJob
from shared.db.engine import LOCK_NOT_AVAILABLE, Transaction, sqlstate
from shared.jobs import JobStatus


@asynccontextmanager
async def impatient(tx: Transaction) -> AsyncGenerator[None]:
    """From here on the shared transaction raises Busy rather than wait long for a lock."""
    await tx.execute(SHORT_WAITS)
    try:
        yield
    except DBAPIError as error:
        if sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise Busy from error
        raise


async def join(tx: Transaction, asked: Sequence[tuple[NewJob, str]]) -> list[AcceptedJob | None]:
    """Make each caller one of the callers of the active job of the identity; None where none is active.

    The jobs stay active until the transaction ends, and are locked in the order of their identities, as everywhere.
    """
    given = {"dedupe_keys": [new.dedupe_key for new, _ in asked], "callers": [caller for _, caller in asked]}
    active = {row.dedupe_key: row for row in await tx.execute(_JOIN, given)}
    return [
        AcceptedJob(row.id, JobStatus(row.status), created=False, new=new)
        if (row := active.get(new.dedupe_key)) is not None
        else None
        for new, _ in asked
    ]


async def join_together(tx: Transaction, wanted: Sequence[Wanted]) -> dict[UUID, Accepted]:
    """The same for plain acceptances: the answers of those who joined, by `Wanted.job_id`."""
    if not wanted:
        return {}
    joined = await join(tx, [(one.new, one.caller) for one in wanted])
    found = ((one, (job,)) for one, job in zip(wanted, joined, strict=True) if job is not None)
    return {one.job_id: Accepted(jobs, one.render(jobs)) for one, jobs in found}


_JOIN = text(
    """
    WITH active AS (
        SELECT id, status, dedupe_key FROM jobs
        WHERE dedupe_key = ANY(CAST(:dedupe_keys AS uuid[])) AND status IN ('PENDING', 'PROCESSING', 'RETRYING')
        ORDER BY dedupe_key
        FOR KEY SHARE
    ), joined AS (
        INSERT INTO job_callers (job_id, caller)
        SELECT DISTINCT active.id, given.caller
        FROM active
        JOIN unnest(CAST(:dedupe_keys AS uuid[]), CAST(:callers AS text[])) AS given (dedupe_key, caller) USING (dedupe_key)
        ORDER BY 1, 2
        ON CONFLICT (job_id, caller) DO UPDATE SET left_at = NULL WHERE job_callers.left_at IS NOT NULL
    )
    SELECT id, status, dedupe_key FROM active
    """
)
