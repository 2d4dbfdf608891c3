"""The database in memory: the tables, their constraints, and transactions that commit everything or nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from shared import ids
from shared.clock import Clock
from shared.entities import EntityKind
from shared.errors import LeaseLost
from shared.events import Event, GenerationFailed, GenerationRequested, JobEvent, RefreshFailed, RefreshRequested
from shared.jobs import TRANSITIONS, Attempt, Failure, Identity, JobKind, JobStatus, Result, refresh_dedupe_key
from shared.testing.rows import (
    AnswerRow,
    CallRow,
    DeadLetterRow,
    EntityRow,
    JobRow,
    OutboxRow,
    TextRow,
    TransitionRow,
)

T = TypeVar("T")
TABLES = (
    "jobs", "transitions", "callers", "answers", "outbox", "inbox", "dead_letters", "entities", "aliases", "texts",
    "calls", "events",
)  # fmt: skip


class UniqueViolation(Exception):
    """A row would have been the second one of what there may be one of."""


async def at_once() -> None:
    """Nobody else gets a turn."""


@dataclass(slots=True)
class FakeDatabase:
    """`turn` is awaited before every transaction: there, whatever runs beside the caller may be let go first.

    Transactions are serial, as none waits while it is open. `events` holds every event that was ever added to the outbox, `ai_stopped` is
    the operator's switch.
    """

    clock: Clock
    turn: Callable[[], Awaitable[None]] = at_once
    jobs: dict[UUID, JobRow] = field(default_factory=dict[UUID, JobRow])
    transitions: list[TransitionRow] = field(default_factory=list[TransitionRow])
    callers: dict[tuple[UUID, str], datetime | None] = field(default_factory=dict[tuple[UUID, str], datetime | None])
    answers: dict[tuple[str, str], AnswerRow] = field(default_factory=dict[tuple[str, str], AnswerRow])
    outbox: dict[tuple[UUID, str], OutboxRow] = field(default_factory=dict[tuple[UUID, str], OutboxRow])
    inbox: set[tuple[str, UUID]] = field(default_factory=set[tuple[str, UUID]])
    dead_letters: list[DeadLetterRow] = field(default_factory=list[DeadLetterRow])
    entities: dict[UUID, EntityRow] = field(default_factory=dict[UUID, EntityRow])
    aliases: dict[tuple[EntityKind, str], UUID] = field(default_factory=dict[tuple[EntityKind, str], UUID])
    texts: dict[UUID, TextRow] = field(default_factory=dict[UUID, TextRow])
    calls: dict[UUID, CallRow] = field(default_factory=dict[UUID, CallRow])
    events: list[Event] = field(default_factory=list[Event])
    ai_stopped: bool = False

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Commit what `work` does, or nothing of it when it raises."""
        await self.turn()
        before = {name: getattr(self, name).copy() for name in TABLES}
        try:
            return await work()
        except BaseException:
            for name, table in before.items():
                setattr(self, name, table)
            raise

    def insert_job(self, job: JobRow, actor: str) -> None:
        """Raises UniqueViolation when the identity has an active job."""
        if self.active(job.dedupe_key) is not None:
            raise UniqueViolation("uq_jobs_active_dedupe_key")
        self.jobs[job.id] = job
        self._record(None, job, actor, None)

    def accept(self, event: JobEvent, *, max_attempts: int = 3, deadline_s: float = 600.0, caller: str = "") -> JobRow:
        """A job as `event` asks for it, accepted now; its event is thought to be on its way."""
        now = self.clock.now()
        wanted = event if isinstance(event, GenerationRequested) else None
        entity_id = event.entity_id if isinstance(event, RefreshRequested) else None
        identity = wanted and Identity(
            wanted.entity_kind, wanted.slug, wanted.form, wanted.locale, wanted.context_tag
        ).dedupe_key  # fmt: skip
        job = JobRow(
            id=event.job_id,
            kind=JobKind.GENERATION if wanted else JobKind.REFRESH,
            entity_kind=event.entity_kind,
            slug=event.slug,
            requested_slug=event.slug,
            dedupe_key=identity or refresh_dedupe_key(entity_id or event.job_id),
            event_id=event.event_id,
            accepted_seq=self.next_accepted_seq(),
            max_attempts=max_attempts,
            deadline_at=now + timedelta(seconds=deadline_s),
            created_at=now,
            updated_at=now,
            caller=caller,
            entity_id=entity_id,
            form=wanted.form if wanted else None,
            locale=wanted.locale if wanted else None,
            context_tag=wanted.context_tag if wanted else None,
        )
        self.insert_job(job, "gateway")
        return job

    def next_accepted_seq(self) -> int:
        return len(self.jobs) + 1

    def active(self, dedupe_key: UUID, but: UUID | None = None) -> JobRow | None:
        """The active job of an identity, other than `but`."""
        found = (job for job in self.jobs.values() if job.dedupe_key == dedupe_key and job.id != but)
        return next((job for job in found if not job.status.terminal), None)

    def held(self, attempt: Attempt) -> JobRow | None:
        """The job, if the attempt may still write it."""
        job = self.jobs.get(attempt.job_id)
        current = (JobStatus.PROCESSING, attempt.number, attempt.token)
        return job if job is not None and (job.status, job.attempt, job.lease_token) == current else None

    def move(self, job: JobRow, target: JobStatus, actor: str, reason: str | None = None, **changes: Any) -> JobRow:
        """Move a job that may move there and record the transition. Raises LeaseLost for any other."""
        if target not in TRANSITIONS[job.status]:
            raise LeaseLost(str(job.id))
        now = self.clock.now()
        if target.terminal:
            changes |= {"finished_at": now, "lease_token": None, "lease_until": None, "next_attempt_at": None}
        moved = replace(job, status=target, sequence=job.sequence + 1, updated_at=now, **changes)
        self.jobs[job.id] = moved
        self._record(job.status, moved, actor, reason)
        return moved

    def update(self, job: JobRow, **changes: Any) -> JobRow:
        """Change a job without moving it."""
        self.jobs[job.id] = replace(job, **changes)
        return self.jobs[job.id]

    def complete(self, attempt: Attempt, event: JobEvent, consumer: str, result: Result) -> None:
        """End the job as DONE and the event as done. Raises LeaseLost when the attempt may not write any more."""
        job, key = self.held(attempt), (consumer, event.idempotency_key)
        if job is None or key in self.inbox:
            raise LeaseLost(str(attempt.job_id))
        self.inbox.add(key)
        self.move(
            job, JobStatus.DONE, consumer, result=result, error=None, entity_id=result.entity_id, slug=result.slug
        )

    def stop(self, job: JobRow, failure: Failure | None, actor: str, reason: str, **changes: Any) -> JobRow:
        """End a job without a result, FAILED with `failure` or else CANCELLED, and tell others."""
        target = JobStatus.FAILED if failure else JobStatus.CANCELLED
        changes |= {"error": failure} if failure else {}
        stopped = self.move(job, target, actor, reason, **changes)
        self.add(_stopped_event(stopped, failure, reason))
        return stopped

    def add(self, event: Event) -> None:
        """Publish `event` to everyone who subscribed."""
        self._send(event, "", 0.0, None)
        self.events.append(event)

    def add_retry(self, event: Event, queue: str, delay_s: float, attempt: int) -> None:
        """Send `event` again to `queue` only; a second call moves the first row's time."""
        self._send(event, queue, delay_s, attempt)

    def _send(self, event: Event, queue: str, delay_s: float, attempt: int | None) -> None:
        key, due = (event.event_id, queue), self.clock.now() + timedelta(seconds=delay_s)
        sent = self.outbox.get(key)
        seq = sent.seq if sent else max((row.seq for row in self.outbox.values()), default=0) + 1
        self.outbox[key] = OutboxRow(seq, event, queue, due, attempt, sent.refused if sent else 0)

    def _record(self, source: JobStatus | None, job: JobRow, actor: str, reason: str | None) -> None:
        step = TransitionRow(
            job.id, job.sequence, source, job.status, job.attempt, actor, reason, job.next_attempt_at, self.clock.now()
        )
        self.transitions.append(step)

    def statuses(self, job_id: UUID) -> list[JobStatus]:
        """Every state the job was in, in order."""
        return [step.to_status for step in self.transitions if step.job_id == job_id]

    def retry_due(self, event: Event) -> datetime | None:
        """When `event` is sent to a queue again; None when it is not."""
        rows = (row for (event_id, queue), row in self.outbox.items() if queue and event_id == event.event_id)
        return next((row.available_at for row in rows), None)


def _stopped_event(job: JobRow, failure: Failure | None, reason: str) -> Event:
    error = failure.type if failure else None
    if job.kind is JobKind.REFRESH:
        return RefreshFailed(
            event_id=ids.row_id(), occurred_at=job.updated_at, entity_kind=job.entity_kind, job_id=job.id,
            slug=job.slug, entity_id=job.entity_id, error=error, reason=reason,
        )  # fmt: skip
    return GenerationFailed(
        event_id=ids.row_id(), occurred_at=job.updated_at, entity_kind=job.entity_kind, job_id=job.id, slug=job.slug,
        requested_slug=job.requested_slug, form=job.form, locale=job.locale, context_tag=job.context_tag, error=error,
        reason=reason,
    )  # fmt: skip
