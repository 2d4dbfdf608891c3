"""The sweep over the database in memory: passes the same contract as the one over PostgreSQL."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from shared.db.sweep import STALE_AFTER_S
from shared.jobs import Failure, FailureType, JobStatus
from shared.testing.database import FakeDatabase
from shared.testing.rows import JobRow
from shared.topology import QUEUE_OF_REQUEST, WorkQueue

LATE = Failure(type=FailureType.TIMEOUT, technical_message="the deadline of the job passed")


class FakeSweep:
    """One round at a time; `ready_messages` says how many messages a queue holds, or None when that cannot be known now."""

    def __init__(self, database: FakeDatabase, ready_messages: Callable[[WorkQueue], Awaitable[int | None]]) -> None:
        self._database = database
        self._ready_messages = ready_messages

    async def run_once(self) -> None:
        empty = {kind for kind, queue in QUEUE_OF_REQUEST.items() if await self._ready_messages(queue) == 0}

        async def work() -> None:
            now = self._database.clock.now()
            for job in [job for job in self._database.jobs.values() if not job.status.terminal]:
                if job.deadline_at <= now:
                    failure = job.error or LATE
                    self._database.stop(job, failure, "sweep", failure.type)
                elif self._is_forgotten(job, now, empty):
                    self._database.add_retry(job.event, QUEUE_OF_REQUEST[job.event.type].name, 0.0, job.attempt)
            expired = [key for key, row in self._database.answers.items() if row.expires_at < now]
            for key in expired:
                del self._database.answers[key]

        await self._database.run(work)

    def _is_forgotten(self, job: JobRow, now: datetime, empty: set[str]) -> bool:
        if any(event_id == job.event_id for event_id, _ in self._database.outbox):
            return False
        if job.status is JobStatus.PROCESSING:
            return job.lease_until is not None and job.lease_until < now
        waits_since = job.updated_at if job.status is JobStatus.PENDING else job.next_attempt_at
        stale = now - timedelta(seconds=STALE_AFTER_S)
        return job.event.type in empty and waits_since is not None and waits_since < stale
