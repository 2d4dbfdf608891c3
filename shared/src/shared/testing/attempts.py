"""The job ledger in memory: passes the same contract as PostgreSQL."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from shared import ids
from shared.errors import BadMessage, Transient
from shared.events import JobEvent
from shared.faults import crash_point
from shared.jobs import Attempt, AttemptPolicy, Failure, FailureType, JobStatus, Suspect, retry_delay
from shared.testing.database import FakeDatabase
from shared.testing.rows import DeadLetterRow, JobRow

T = TypeVar("T")
LATE = Failure(type=FailureType.TIMEOUT, technical_message="the deadline of the job passed before the attempt started")
CRASHED = Failure(type=FailureType.UNKNOWN_ERROR, technical_message="every attempt ended with its worker")


class FakeAttempts:
    """Implements the pipeline's `Attempts` over a `FakeDatabase`; backoff takes the whole step."""

    def __init__(self, database: FakeDatabase, consumer: str, queue: str, policy: AttemptPolicy) -> None:
        self._database = database
        self._consumer = consumer
        self._queue = queue
        self._policy = policy

    async def claim(self, event: JobEvent, *, alone: bool = False) -> Attempt | Suspect | None:
        return await self._run(lambda: self._claim(event, alone=alone))

    def _claim(self, event: JobEvent, *, alone: bool) -> Attempt | Suspect | None:
        job, now = self._database.jobs.get(event.job_id), self._database.clock.now()
        key = (self._consumer, event.idempotency_key)
        if job is None:
            self._park("unknown-job", event)
        elif job.status.terminal or key in self._database.inbox:
            self._database.inbox.add(key)
        elif job.deadline_at <= now:
            self._end(job, event, job.error or LATE)
        elif job.status is JobStatus.PROCESSING and job.lease_until is not None and job.lease_until > now:
            left_s = (job.lease_until - now).total_seconds()
            self._database.add_retry(event, self._queue, left_s, job.attempt)
        elif job.status is JobStatus.RETRYING and job.next_attempt_at is not None and job.next_attempt_at > now:
            pass
        elif job.attempt >= job.max_attempts:
            self._end(job, event, CRASHED)
        elif job.status is JobStatus.PROCESSING and job.attempt + 1 >= job.max_attempts and not alone:
            return Suspect()
        else:
            return self._take(job)
        return None

    def _take(self, job: JobRow) -> Attempt:
        now, token = self._database.clock.now(), ids.job_id()
        taken = self._database.move(
            job,
            JobStatus.PROCESSING,
            self._consumer,
            "taken-over" if job.status is JobStatus.PROCESSING else None,
            attempt=job.attempt + 1,
            lease_token=token,
            lease_until=now + timedelta(seconds=self._policy.lease_s),
            next_attempt_at=None,
            started_at=job.started_at or now,
        )
        return Attempt(
            job_id=taken.id,
            kind=taken.kind,
            number=taken.attempt,
            max_attempts=taken.max_attempts,
            token=token,
            seconds_left=(taken.deadline_at - now).total_seconds(),
            accepted_seq=taken.accepted_seq,
            created_at=taken.created_at,
            entity_kind=taken.entity_kind,
            slug=taken.slug,
            requested_slug=taken.requested_slug,
            entity_id=taken.entity_id,
            form=taken.form,
            locale=taken.locale,
            context_tag=taken.context_tag,
            baseline_text_id=taken.baseline_text_id,
        )

    async def renew(self, attempt: Attempt) -> bool:
        return await self._run(lambda: self._renew(attempt))

    def _renew(self, attempt: Attempt) -> bool:
        job = self._database.held(attempt)
        if job is not None:
            until = self._database.clock.now() + timedelta(seconds=self._policy.lease_s)
            self._database.update(job, lease_until=until)
        return job is not None

    async def retry(self, attempt: Attempt, event: JobEvent, cause: Transient) -> None:
        await self._run(lambda: self._retry(attempt, event, cause), "consumer.before_commit")

    def _retry(self, attempt: Attempt, event: JobEvent, cause: Transient) -> None:
        job, now = self._database.held(attempt), self._database.clock.now()
        if job is None:
            return
        delay_s = cause.retry_after_s
        if delay_s is None:
            delay_s = retry_delay(attempt.number, self._policy.ladder_s, 1.0)
        due = now + timedelta(seconds=delay_s)
        if (cause.counted and attempt.last) or due >= job.deadline_at:
            self._end(job, event, cause.failure)
        else:
            self._hand_back(job, event, cause.failure.type, delay_s, counted=cause.counted, error=cause.failure)

    async def release(self, attempt: Attempt, event: JobEvent) -> None:
        await self._run(lambda: self._release(attempt, event))

    def _release(self, attempt: Attempt, event: JobEvent) -> None:
        job = self._database.held(attempt)
        begun = (call for call in self._database.calls.values() if call.job_id == attempt.job_id)
        spent = any((call.attempt, call.outcome) == (attempt.number, "unknown") for call in begun)
        if job is not None:
            self._hand_back(job, event, "interrupted", 0.0, counted=spent)

    def _hand_back(
        self, job: JobRow, event: JobEvent, reason: str, delay_s: float, *, counted: bool, **changes: Any
    ) -> None:
        self._database.move(
            job,
            JobStatus.RETRYING,
            self._consumer,
            reason,
            attempt=job.attempt if counted else job.attempt - 1,
            lease_token=None,
            lease_until=None,
            next_attempt_at=self._database.clock.now() + timedelta(seconds=delay_s),
            **changes,
        )
        self._database.add_retry(event, self._queue, delay_s, job.attempt)

    async def fail(self, attempt: Attempt, event: JobEvent, failure: Failure) -> None:
        await self._run(lambda: self._fail(attempt, event, failure), "consumer.before_commit")

    def _fail(self, attempt: Attempt, event: JobEvent, failure: Failure) -> None:
        job = self._database.held(attempt)
        if job is not None:
            self._end(job, event, failure)

    async def park(self, message: BadMessage, headers: Mapping[str, Any], body: bytes) -> None:
        letter = DeadLetterRow(self._queue, message.reason, headers=headers, body=body)
        await self._run(lambda: self._database.dead_letters.append(letter))

    def _end(self, job: JobRow, event: JobEvent, failure: Failure) -> None:
        self._database.stop(job, failure, self._consumer, failure.type)
        self._database.inbox.add((self._consumer, event.idempotency_key))
        self._park(failure.type, event)

    def _park(self, reason: str, event: JobEvent) -> None:
        self._database.dead_letters.append(DeadLetterRow(self._queue, reason, event.event_id, event.job_id))

    async def _run(self, change: Callable[[], T], point: str | None = None) -> T:
        async def work() -> T:
            changed = change()
            if point is not None:
                await crash_point(point)
            return changed

        return await self._database.run(work)
