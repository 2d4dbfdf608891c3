"""Follow a job: every stored transition once and in order, then the live ones."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from uuid import UUID

from gateway.ports import JobEvents, JobView, Transition
from gateway.usecases.read_job import ReadJob
from shared.clock import Clock


@dataclass(frozen=True, slots=True)
class Moved:
    """`final` holds the whole job with its last transition only."""

    job_id: UUID
    transition: Transition
    final: JobView | None


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing happened for a heartbeat."""


class FollowJob:
    """A stream per caller, `capacity` per process. Ends after the terminal transition, after `longest_s`, or at shutdown."""

    def __init__(
        self,
        read: ReadJob,
        events: JobEvents,
        clock: Clock,
        *,
        capacity: int,
        heartbeat_s: float = 15.0,
        longest_s: float = 600.0,
    ) -> None:
        self._read = read
        self._events = events
        self._clock = clock
        self._free = capacity
        self._heartbeat_s = heartbeat_s
        self._longest_s = longest_s

    def enter(self) -> bool:
        """Take room for a stream; False when there is none. Who entered must `leave`."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    def leave(self) -> None:
        self._free += 1

    async def __call__(self, job_id: UUID, after: int) -> AsyncGenerator[Moved | Silence]:
        """Transitions whose sequence is greater than `after`. Raises Unavailable("postgres")."""
        spoke_s = self._clock.monotonic()
        ends_s = spoke_s + self._longest_s
        with self._events.watch(job_id) as watch:
            while job := await self._read(job_id):
                for moved in _news(job, after):
                    after, spoke_s = moved.transition.sequence, self._clock.monotonic()
                    yield moved
                if job.status.terminal or watch.ended or self._clock.monotonic() >= ends_s:
                    return
                await watch.changed(max(0.0, spoke_s + self._heartbeat_s - self._clock.monotonic()))
                if self._clock.monotonic() >= spoke_s + self._heartbeat_s:
                    spoke_s = self._clock.monotonic()
                    yield Silence()


def _news(job: JobView, after: int) -> list[Moved]:
    return [
        Moved(job.id, transition, job if transition.status.terminal else None)
        for transition in job.transitions
        if transition.sequence > after
    ]
