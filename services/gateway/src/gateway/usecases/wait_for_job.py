"""Wait for jobs, without a connection or a transaction held meanwhile."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from gateway.ports import JobEvents, JobView
from gateway.usecases.read_job import ReadJob
from shared.clock import Clock


@dataclass(frozen=True, slots=True)
class Waited:
    """The present states, in the order asked for; unknown jobs are left out. `applied` is False when there was no room to wait."""

    jobs: tuple[JobView, ...]
    applied: bool


def finished(job: JobView) -> bool:
    return job.status.terminal


class WaitForJob:
    """At most `capacity` callers wait at a time in this process; the others get the present state at once."""

    def __init__(self, read: ReadJob, events: JobEvents, clock: Clock, *, capacity: int) -> None:
        self._read = read
        self._events = events
        self._clock = clock
        self._free = capacity

    async def __call__(
        self, job_ids: Sequence[UUID], seconds: float, until: Callable[[JobView], bool] = finished
    ) -> Waited:
        """Return when `until` holds for every job, after `seconds`, or when the process shuts down. Raises Unavailable("postgres")."""
        applied = self._free > 0
        ends_s = self._clock.monotonic() + (seconds if applied else 0.0)
        self._free -= 1
        try:
            found = [await self._one(job_id, ends_s, until) for job_id in job_ids]
        finally:
            self._free += 1
        return Waited(tuple(job for job in found if job is not None), applied)

    async def _one(self, job_id: UUID, ends_s: float, until: Callable[[JobView], bool]) -> JobView | None:
        with self._events.watch(job_id) as watch:
            while True:
                job = await self._read(job_id)
                left_s = ends_s - self._clock.monotonic()
                if job is None or until(job) or left_s <= 0 or watch.ended:
                    return job
                await watch.changed(left_s)
