"""The job ledger in memory: passes the same contract as PostgreSQL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared import ids
from shared.clock import Clock
from shared.errors import BadMessage, LeaseLost, Transient
from shared.events import GenerationRequested, JobEvent
from shared.jobs import (
    TRANSITIONS,
    Attempt,
    AttemptPolicy,
    Failure,
    FailureType,
    JobKind,
    JobStatus,
    Result,
    Suspect,
    retry_delay,
)


@dataclass(slots=True)
class FakeJob:
    event: JobEvent
    max_attempts: int
    deadline_at: datetime
    accepted_seq: int
    created_at: datetime
    status: JobStatus = JobStatus.PENDING
    attempt: int = 0
    token: UUID | None = None
    lease_until: datetime | None = None
    next_attempt_at: datetime | None = None
    error: Failure | None = None
    result: Result | None = None
    transitions: list[JobStatus] = field(default_factory=lambda: [JobStatus.PENDING])
    unknown_calls: set[int] = field(default_factory=set[int])


@dataclass(slots=True)
class FakeLedger:
    """What the tables hold. `sends` are the outbox rows to one queue by event id; `stopped` the jobs whose failed event was added."""

    clock: Clock
    jobs: dict[UUID, FakeJob] = field(default_factory=dict[UUID, FakeJob])
    sends: dict[UUID, datetime] = field(default_factory=dict[UUID, datetime])
    stopped: list[UUID] = field(default_factory=list[UUID])
    dead: list[str] = field(default_factory=list[str])
    parked: list[tuple[Mapping[str, Any], bytes]] = field(default_factory=list[tuple[Mapping[str, Any], bytes]])
    inbox: set[tuple[str, UUID]] = field(default_factory=set[tuple[str, UUID]])

    def accept(self, event: JobEvent, *, max_attempts: int = 3, deadline_s: float = 600.0) -> None:
        now = self.clock.now()
        deadline = now + timedelta(seconds=deadline_s)
        self.jobs[event.job_id] = FakeJob(event, max_attempts, deadline, len(self.jobs) + 1, now)

    def move(self, job: FakeJob, target: JobStatus) -> None:
        if target not in TRANSITIONS[job.status]:
            raise LeaseLost(str(job.event.job_id))
        job.status = target
        job.transitions.append(target)
        if target is not JobStatus.PROCESSING:
            job.token, job.lease_until = None, None

    def held(self, attempt: Attempt) -> FakeJob | None:
        """The job, if the attempt may still write it."""
        job = self.jobs.get(attempt.job_id)
        if job is None or (job.status, job.attempt, job.token) != (JobStatus.PROCESSING, attempt.number, attempt.token):
            return None
        return job

    def complete(self, attempt: Attempt, event: JobEvent, consumer: str, result: Result) -> None:
        """Raises LeaseLost when the attempt may not write any more."""
        job, key = self.held(attempt), (consumer, event.idempotency_key)
        if job is None or key in self.inbox:
            raise LeaseLost(str(attempt.job_id))
        self.move(job, JobStatus.DONE)
        job.result, job.error = result, None
        self.inbox.add(key)


class FakeAttempts:
    """Implements the pipeline's `Attempts` over a `FakeLedger`; backoff takes the whole step."""

    def __init__(self, ledger: FakeLedger, consumer: str, policy: AttemptPolicy) -> None:
        self._ledger = ledger
        self._consumer = consumer
        self._policy = policy

    async def claim(self, event: JobEvent, *, alone: bool = False) -> Attempt | Suspect | None:
        job, now = self._ledger.jobs.get(event.job_id), self._ledger.clock.now()
        if job is None:
            self._ledger.dead.append("unknown-job")
            return None
        key = (self._consumer, event.idempotency_key)
        if job.status.terminal or key in self._ledger.inbox:
            self._ledger.inbox.add(key)
        elif job.deadline_at <= now:
            self._end(job, job.error or Failure(type=FailureType.TIMEOUT, technical_message="the deadline passed"))
        elif job.status is JobStatus.PROCESSING and job.lease_until is not None and job.lease_until > now:
            self._ledger.sends[event.event_id] = job.lease_until
        elif job.status is JobStatus.RETRYING and job.next_attempt_at is not None and job.next_attempt_at > now:
            pass
        elif job.attempt >= job.max_attempts:
            self._end(
                job, Failure(type=FailureType.UNKNOWN_ERROR, technical_message="every attempt ended with its worker")
            )
        elif job.status is JobStatus.PROCESSING and job.attempt + 1 >= job.max_attempts and not alone:
            return Suspect()
        else:
            return self._take(job, now)
        return None

    def _take(self, job: FakeJob, now: datetime) -> Attempt:
        self._ledger.move(job, JobStatus.PROCESSING)
        job.attempt, job.token, job.next_attempt_at = job.attempt + 1, ids.job_id(), None
        job.lease_until = now + timedelta(seconds=self._policy.lease_s)
        event = job.event
        wanted = event if isinstance(event, GenerationRequested) else None
        return Attempt(
            job_id=event.job_id,
            kind=JobKind.GENERATION if wanted else JobKind.REFRESH,
            number=job.attempt,
            max_attempts=job.max_attempts,
            token=job.token,
            seconds_left=(job.deadline_at - now).total_seconds(),
            accepted_seq=job.accepted_seq,
            created_at=job.created_at,
            entity_kind=event.entity_kind,
            slug=event.slug,
            requested_slug=event.slug,
            form=wanted.form if wanted else None,
            locale=wanted.locale if wanted else None,
            context_tag=wanted.context_tag if wanted else None,
        )

    async def renew(self, attempt: Attempt) -> bool:
        job = self._ledger.held(attempt)
        if job is not None:
            job.lease_until = self._ledger.clock.now() + timedelta(seconds=self._policy.lease_s)
        return job is not None

    async def retry(self, attempt: Attempt, event: JobEvent, cause: Transient) -> None:
        job = self._ledger.held(attempt)
        if job is None:
            return
        delay_s = cause.retry_after_s
        if delay_s is None:
            delay_s = retry_delay(attempt.number, self._policy.ladder_s, 1.0)
        due = self._ledger.clock.now() + timedelta(seconds=delay_s)
        if (cause.counted and attempt.last) or due >= job.deadline_at:
            self._end(job, cause.failure)
            return
        self._ledger.move(job, JobStatus.RETRYING)
        job.attempt -= not cause.counted
        job.error, job.next_attempt_at = cause.failure, due
        self._ledger.sends[event.event_id] = due

    async def release(self, attempt: Attempt, event: JobEvent) -> None:
        job = self._ledger.held(attempt)
        if job is None:
            return
        self._ledger.move(job, JobStatus.RETRYING)
        job.attempt -= attempt.number not in job.unknown_calls
        job.next_attempt_at = self._ledger.sends[event.event_id] = self._ledger.clock.now()

    async def fail(self, attempt: Attempt, event: JobEvent, failure: Failure) -> None:
        job = self._ledger.held(attempt)
        if job is not None and job.event.event_id == event.event_id:
            self._end(job, failure)

    async def park(self, message: BadMessage, headers: Mapping[str, Any], body: bytes) -> None:
        self._ledger.dead.append(message.reason)
        self._ledger.parked.append((headers, body))

    def _end(self, job: FakeJob, failure: Failure) -> None:
        self._ledger.move(job, JobStatus.FAILED)
        job.error = failure
        self._ledger.inbox.add((self._consumer, job.event.idempotency_key))
        self._ledger.stopped.append(job.event.job_id)
        self._ledger.dead.append(failure.type)
