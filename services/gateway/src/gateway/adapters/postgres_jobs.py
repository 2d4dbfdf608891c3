"""Jobs in PostgreSQL, as the gateway sees them: accept, join, read, cancel."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

import structlog
from sqlalchemy import (
    Boolean,
    Select,
    func,
    literal_column,
    select,
    update,
)

from gateway.adapters import postgres_answers as answers
from gateway.adapters.acceptances import ACTOR, MAX_TOGETHER, Busy, Opening, Wanted, accept_together, open_jobs
from gateway.adapters.anonymous_budget import start_together
from gateway.adapters.job_rows import SELECT_VIEW, view
from gateway.adapters.joins import impatient, join, join_together
from gateway.ports import (
    TEN_AN_HOUR,
    Acceptance,
    Accepted,
    AcceptedJob,
    AlreadyFinished,
    Budget,
    Cancellation,
    Cancelled,
    Detached,
    IdempotencyKey,
    JobView,
    KeyInUse,
    NewJob,
    NotACaller,
    OverBudget,
    Render,
    UnknownJob,
)
from shared import outbox
from shared.batching import Batches
from shared.db.engine import Database, Transaction
from shared.db.jobs import Sql, move, stopped_event, the_job
from shared.db.tables import job_callers
from shared.db.tables import jobs as job_table
from shared.errors import Unavailable
from shared.faults import crash_point
from shared.jobs import AttemptPolicy, JobStatus

_TRIES = 5
_LOCK_TRIES = 25
_IS_ACTIVE = literal_column("status IN ('PENDING', 'PROCESSING', 'RETRYING')", Boolean)
"""As in the partial index, which a parameter would not match."""

T = TypeVar("T")
log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class PostgresJobs:
    """The job store. Jobs of one acceptance are locked in the order of their identities, so two acceptances cannot deadlock."""

    def __init__(self, database: Database, policy: AttemptPolicy, anonymous: Budget = TEN_AN_HOUR) -> None:
        self._database = database
        self._policy = policy
        self._anonymous = anonymous
        self._together = Batches(self._accept_together, limit=MAX_TOGETHER, calls=2)
        self._started = Batches(self._start_together, limit=MAX_TOGETHER)

    async def accept(
        self, jobs: Sequence[NewJob], caller: str, render: Render, key: IdempotencyKey | None = None
    ) -> Acceptance:
        """Accept all or none in one transaction; see the port. Nothing is promised in memory: a lost answer is found again by its key."""
        if len(jobs) == 1 and not jobs[0].force:
            acceptance: Acceptance | None = await self._together(Wanted(Opening(jobs[0], caller), render, key))
        else:
            acceptance = None
        if acceptance is None:
            acceptance = await self._accept_alone(jobs, caller, render, key)
        if isinstance(acceptance, Accepted):
            _tell(acceptance.jobs)
        return acceptance

    async def accept_anonymous(self, new: NewJob, caller: str, render: Render) -> Accepted | OverBudget:
        """As the port says. Whoever finds a lock taken tries again, as long as a transaction of its own would wait for it."""
        wanted = Wanted(Opening(new, caller), render, None)
        for _ in range(_LOCK_TRIES):
            outcome = await self._started(wanted)
            if isinstance(outcome, Accepted):
                _tell(outcome.jobs)
            if outcome is not None:
                return outcome
        raise Unavailable("postgres")

    async def _accept_alone(
        self, jobs: Sequence[NewJob], caller: str, render: Render, key: IdempotencyKey | None
    ) -> Acceptance:
        async def work(tx: Transaction) -> Acceptance:
            await crash_point("gateway.before_insert")
            known = await answers.claim(tx, caller, key) if key is not None else None
            if known is not None:
                return known
            found = {new.dedupe_key: await self._create_or_join(tx, new, caller) for new in sorted(jobs, key=_identity)}
            accepted = tuple(found[new.dedupe_key] for new in jobs)
            answer = render(accepted)
            if key is not None:
                await answers.store(tx, caller, key, answer, [job.job_id for job in accepted])
            await crash_point("gateway.before_commit")
            return Accepted(accepted, answer)

        try:
            acceptance = await self._database.run(work)
            await crash_point("gateway.after_commit")
        except answers.KeyBusy:
            return KeyInUse()
        except TimeoutError as error:
            raise Unavailable("postgres") from error
        return acceptance

    async def _accept_together(self, wanted: Sequence[Wanted]) -> list[Accepted | None]:
        async def work(tx: Transaction) -> list[Accepted | None]:
            accepted = await accept_together(tx, wanted, self._policy.max_attempts, self._policy.deadline_s)
            left = [one for one, job in zip(wanted, accepted, strict=True) if job is None and one.key is None]
            if not left:
                return accepted
            async with impatient(tx):
                joined = await join_together(tx, left)
            return [job or joined.get(one.job_id) for one, job in zip(wanted, accepted, strict=True)]

        return await self._shared(work, len(wanted))

    async def _start_together(self, wanted: Sequence[Wanted]) -> list[Accepted | OverBudget | None]:
        async def work(tx: Transaction) -> list[Accepted | OverBudget | None]:
            return await start_together(tx, self._anonymous, wanted, self._policy)

        return await self._shared(work, len(wanted))

    async def _shared(self, work: Callable[[Transaction], Awaitable[list[T | None]]], asked: int) -> list[T | None]:
        """A transaction of several callers; None for all of them when a lock was not to be had soon."""
        try:
            found = await self._database.run(work)
            await crash_point("gateway.after_commit")
        except Busy:
            return [None] * asked
        except TimeoutError as error:
            raise Unavailable("postgres") from error
        return found

    async def get(self, job_id: UUID) -> JobView | None:
        return await self._one(SELECT_VIEW.where(job_table.c.id == job_id))

    async def active(self, dedupe_key: UUID) -> JobView | None:
        return await self._one(SELECT_VIEW.where(job_table.c.dedupe_key == dedupe_key, _IS_ACTIVE))

    async def cancel(self, job_id: UUID, caller: str) -> Cancellation:
        """Serialised with joins and with the worker by the lock on the job's row."""

        async def work(tx: Transaction) -> Cancellation:
            status = await tx.scalar(select(job_table.c.status).where(job_table.c.id == job_id).with_for_update())
            if status is None:
                return UnknownJob()
            found = await tx.execute(
                select(job_callers.c.caller, job_callers.c.left_at).where(job_callers.c.job_id == job_id)
            )
            callers = {row["caller"]: row["left_at"] for row in found.mappings()}
            if caller not in callers:
                return NotACaller()
            if JobStatus(status).terminal:
                job = await _view(tx, job_id)
                return Cancelled(job) if job.status is JobStatus.CANCELLED else AlreadyFinished(job)
            if any(left_at is None for other, left_at in callers.items() if other != caller):
                await tx.execute(
                    update(job_callers)
                    .where(job_callers.c.job_id == job_id, job_callers.c.caller == caller)
                    .values(left_at=func.now())
                )
                return Detached(await _view(tx, job_id))
            await _stop(tx, the_job(job_id), reason="cancelled")
            return Cancelled(await _view(tx, job_id))

        outcome = await self._database.run(work)
        log.info("job.cancel", job_id=str(job_id), outcome=type(outcome).__name__)
        return outcome

    async def _create_or_join(self, tx: Transaction, new: NewJob, caller: str) -> AcceptedJob:
        """The job of the identity. It is tried again when the active job ends between the two looks at it."""
        opening = Opening(new, caller)
        if new.force:  # one at a time: each supersedes the one before it, and none runs out of tries
            await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(new.dedupe_key), 0))))
        for _ in range(_TRIES):
            if new.force:
                await _stop(tx, _active_job(new.dedupe_key), reason="superseded", superseded_by=opening.job_id)
            if await open_jobs(tx, [opening], self._policy.max_attempts, self._policy.deadline_s):
                return opening.accepted
            if not new.force:
                (joined,) = await join(tx, [(new, caller)])
                if joined is not None:
                    return joined
        raise Unavailable("postgres")

    async def _one(self, statement: Select[tuple[object, ...]]) -> JobView | None:
        row = (await self._database.read(statement)).mappings().first()
        return view(row) if row is not None else None


async def _stop(tx: Transaction, which: Sql, reason: str, superseded_by: UUID | None = None) -> None:
    stopped = await move(
        tx, JobStatus.CANCELLED, which, actor=ACTOR, reason=reason, values={"superseded_by": superseded_by}
    )
    if stopped is not None:
        await outbox.add(tx, stopped_event(stopped, None, reason))


def _active_job(dedupe_key: UUID) -> Sql:
    return Sql(
        "dedupe_key = :dedupe_key AND status IN ('PENDING', 'PROCESSING', 'RETRYING')", {"dedupe_key": dedupe_key}
    )


async def _view(tx: Transaction, job_id: UUID) -> JobView:
    return view((await tx.execute(SELECT_VIEW.where(job_table.c.id == job_id))).mappings().one())


def _identity(new: NewJob) -> str:
    return str(new.dedupe_key)


def _tell(accepted: Sequence[AcceptedJob]) -> None:
    for job in accepted:
        log.info("job.accepted" if job.created else "job.joined", job_id=str(job.job_id), slug=job.new.slug)
