"""Jobs, their events and the cache in memory."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from gateway.ports import JobView, Transition
from shared import ids
from shared.entities import EntityKind, Form, Locale
from shared.jobs import JobKind, JobStatus, Result
from shared.testing.clock import START, FakeClock


def pending() -> JobView:
    """A job that was accepted at the start of time."""
    return JobView(
        id=ids.job_id(),
        kind=JobKind.GENERATION,
        entity_kind=EntityKind.MOVIE,
        slug="heat-1995",
        requested_slug="heat-1995",
        entity_id=None,
        form=Form.DESCRIPTION,
        locale=Locale.EN,
        context_tag=None,
        confidence=0.9,
        status=JobStatus.PENDING,
        attempt=0,
        max_attempts=3,
        sequence=1,
        created_at=START,
        updated_at=START,
        started_at=None,
        finished_at=None,
        next_attempt_at=None,
        deadline_at=START + timedelta(minutes=10),
        result=None,
        error=None,
        superseded_by=None,
        transitions=(Transition(1, JobStatus.PENDING, START, 0, "gateway", None, None),),
    )


def moved(job: JobView, status: JobStatus) -> JobView:
    """The job after one more transition."""
    step = Transition(job.sequence + 1, status, START, 1, "generator", None, None)
    result = Result(entity_id=ids.row_id(), slug="heat-1995", entity_version=7) if status is JobStatus.DONE else None
    return replace(job, status=status, sequence=step.sequence, result=result, transitions=(*job.transitions, step))


class KnownJobs:
    """Implements `StoredJobs`."""

    def __init__(self, *known: JobView) -> None:
        self.known = {job.id: job for job in known}

    async def get(self, job_id: UUID) -> JobView | None:
        return self.known.get(job_id)


class FakeCache:
    def __init__(self) -> None:
        self.invalidated: list[tuple[EntityKind, str, int]] = []
        self.away = False

    async def ensure_invalidated(self, kind: EntityKind, slug: str, version: int) -> bool:
        self.invalidated.append((kind, slug, version))
        return not self.away


class FakeEvents:
    """Waiting takes the fake clock's time at once, unless `hints` has something to say earlier."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.ended = False
        self.hints: list[float] = []
        self.watched = 0

    @contextmanager
    def watch(self, job_id: UUID) -> Generator["FakeEvents"]:
        self.watched += 1
        try:
            yield self
        finally:
            self.watched -= 1

    async def changed(self, timeout_s: float) -> None:
        self.clock.advance(min(timeout_s, self.hints.pop(0)) if self.hints else timeout_s)
