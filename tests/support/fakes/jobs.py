"""The gateway's jobs and stored answers in memory: pass the same contracts as PostgreSQL."""

import math
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from gateway.ports import (
    TEN_AN_HOUR,
    Acceptance,
    Accepted,
    AcceptedJob,
    AlreadyFinished,
    Answer,
    Budget,
    Cancellation,
    Cancelled,
    Detached,
    IdempotencyKey,
    JobView,
    KeyReused,
    NewJob,
    NotACaller,
    OverBudget,
    Render,
    Replayed,
    Transition,
    UnknownJob,
)
from shared import ids
from shared.faults import crash_point
from shared.jobs import AttemptPolicy, JobKind, JobStatus
from shared.testing.database import FakeDatabase
from shared.testing.rows import AnswerRow, JobRow

ACTOR = "gateway"
LIFE_S = 24 * 3600.0


class FakeJobs:
    """Implements `JobStore` and `StoredAnswers`."""

    def __init__(self, database: FakeDatabase, policy: AttemptPolicy, anonymous: Budget = TEN_AN_HOUR) -> None:
        self._database = database
        self._policy = policy
        self._anonymous = anonymous

    async def accept(
        self, jobs: Sequence[NewJob], caller: str, render: Render, key: IdempotencyKey | None = None
    ) -> Acceptance:
        async def work() -> Acceptance:
            await crash_point("gateway.before_insert")
            known = self._known(caller, key) if key is not None else None
            if known is not None:
                return known
            accepted = tuple(self._create_or_join(new, caller) for new in jobs)
            answer = render(accepted)
            if key is not None:
                self._store(caller, key, answer, accepted)
            await crash_point("gateway.before_commit")
            return Accepted(accepted, answer)

        acceptance = await self._database.run(work)
        await crash_point("gateway.after_commit")
        return acceptance

    async def accept_anonymous(self, new: NewJob, caller: str, render: Render) -> Accepted | OverBudget:
        async def work() -> Accepted | OverBudget:
            active = self._database.active(new.dedupe_key)
            if active is None and (retry_after_s := self._over_budget(caller)) is not None:
                return OverBudget(retry_after_s)
            await crash_point("gateway.before_insert")
            jobs = (self._create_or_join(new, caller),)
            await crash_point("gateway.before_commit")
            return Accepted(jobs, render(jobs))

        outcome = await self._database.run(work)
        await crash_point("gateway.after_commit")
        return outcome

    async def get(self, job_id: UUID) -> JobView | None:
        async def work() -> JobView | None:
            job = self._database.jobs.get(job_id)
            return job and self._view(job)

        return await self._database.run(work)

    async def active(self, dedupe_key: UUID) -> JobView | None:
        async def work() -> JobView | None:
            job = self._database.active(dedupe_key)
            return job and self._view(job)

        return await self._database.run(work)

    async def cancel(self, job_id: UUID, caller: str) -> Cancellation:
        async def work() -> Cancellation:
            job = self._database.jobs.get(job_id)
            if job is None:
                return UnknownJob()
            if (job_id, caller) not in self._database.callers:
                return NotACaller()
            if job.status.terminal:
                finished = Cancelled if job.status is JobStatus.CANCELLED else AlreadyFinished
                return finished(self._view(job))
            others = (left for (id_, who), left in self._database.callers.items() if id_ == job_id and who != caller)
            if any(left_at is None for left_at in others):
                self._database.callers[job_id, caller] = self._database.clock.now()
                return Detached(self._view(job))
            return Cancelled(self._view(self._database.stop(job, None, ACTOR, "cancelled")))

        return await self._database.run(work)

    async def replay(self, caller: str, key: IdempotencyKey) -> Replayed | KeyReused | None:
        async def work() -> Replayed | KeyReused | None:
            return self._known(caller, key)

        return await self._database.run(work)

    def _known(self, caller: str, key: IdempotencyKey) -> Replayed | KeyReused | None:
        row = self._database.answers.get((caller, key.key))
        if row is None or row.expires_at <= self._database.clock.now():
            return None
        if row.fingerprint != key.fingerprint:
            return KeyReused()
        return Replayed(row.job_ids, Answer(row.status, row.body, row.location))

    def _store(self, caller: str, key: IdempotencyKey, answer: Answer, jobs: Sequence[AcceptedJob]) -> None:
        expires_at = self._database.clock.now() + timedelta(seconds=LIFE_S)
        job_ids = tuple(job.job_id for job in jobs)
        row = AnswerRow(key.fingerprint, expires_at, answer.status, answer.body, answer.location, job_ids)
        self._database.answers[caller, key.key] = row

    def _over_budget(self, caller: str) -> int | None:
        """In how many seconds a unit is free, when there is none."""
        budget, now = self._anonymous, self._database.clock.now()
        started = sorted(
            job.created_at + timedelta(seconds=budget.window_s)
            for job in self._database.jobs.values()
            if job.caller == caller and job.kind is JobKind.GENERATION
        )
        ends = [end for end in started if end > now]
        if len(ends) < budget.limit:
            return None
        free_at = ends[-budget.limit] if budget.limit else now + timedelta(seconds=budget.window_s)
        return math.ceil((free_at - now).total_seconds())

    def _create_or_join(self, new: NewJob, caller: str) -> AcceptedJob:
        job_id, active = ids.job_id(), self._database.active(new.dedupe_key)
        if active is not None and not new.force:
            return self._join(active, new, caller)
        if active is not None:
            self._database.stop(active, None, ACTOR, "superseded", superseded_by=job_id)
        self._create(new, caller, job_id)
        return AcceptedJob(job_id, JobStatus.PENDING, created=True, new=new)

    def _join(self, active: JobRow, new: NewJob, caller: str) -> AcceptedJob:
        self._database.callers[active.id, caller] = None
        return AcceptedJob(active.id, active.status, created=False, new=new)

    def _create(self, new: NewJob, caller: str, job_id: UUID) -> None:
        now = self._database.clock.now()
        job = JobRow(
            id=job_id,
            kind=new.kind,
            entity_kind=new.entity_kind,
            slug=new.slug,
            requested_slug=new.requested_slug,
            dedupe_key=new.dedupe_key,
            caller=caller,
            event_id=ids.row_id(),
            accepted_seq=self._database.next_accepted_seq(),
            max_attempts=self._policy.max_attempts,
            deadline_at=now + timedelta(seconds=self._policy.deadline_s),
            created_at=now,
            updated_at=now,
            entity_id=new.entity_id,
            form=new.form,
            locale=new.locale,
            context_tag=new.context_tag,
            confidence=new.confidence,
            baseline_text_id=new.baseline_text_id,
        )
        self._database.insert_job(job, ACTOR)
        self._database.callers[job_id, caller] = None
        self._database.add(job.event)

    def _view(self, job: JobRow) -> JobView:
        steps = tuple(
            Transition(
                step.sequence, step.to_status, step.at, step.attempt, step.actor, step.reason, step.next_attempt_at
            )
            for step in self._database.transitions
            if step.job_id == job.id
        )
        return JobView(
            id=job.id,
            kind=job.kind,
            entity_kind=job.entity_kind,
            slug=job.slug,
            requested_slug=job.requested_slug,
            entity_id=job.entity_id,
            form=job.form,
            locale=job.locale,
            context_tag=job.context_tag,
            confidence=job.confidence,
            status=job.status,
            attempt=job.attempt,
            max_attempts=job.max_attempts,
            sequence=job.sequence,
            created_at=job.created_at,
            updated_at=job.updated_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            next_attempt_at=job.next_attempt_at,
            deadline_at=job.deadline_at,
            result=job.result,
            error=job.error,
            superseded_by=job.superseded_by,
            transitions=steps,
        )
