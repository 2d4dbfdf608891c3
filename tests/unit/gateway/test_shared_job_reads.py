"""Many who read one job."""

import asyncio
from uuid import UUID

from tests.unit.gateway.fakes import FakeCache, moved, pending

from gateway.ports import JobView
from gateway.usecases.read_job import ReadJob
from shared.jobs import JobStatus


class HeldJobs:
    """Answers with the state at the time of the question, once it is let go on; counts the questions."""

    def __init__(self, job: JobView) -> None:
        self.job = job
        self.reads = 0
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()

    async def get(self, job_id: UUID) -> JobView | None:
        self.reads += 1
        found = self.job
        self.asked.set()
        await self.go_on.wait()
        return found


async def test_f17_readers_of_one_job_share_reads_and_none_gets_a_state_from_before_it_asked() -> None:
    jobs = HeldJobs(pending())
    read = ReadJob(jobs, FakeCache())
    first = asyncio.create_task(read(jobs.job.id))
    await jobs.asked.wait()

    jobs.job = moved(jobs.job, JobStatus.FAILED)
    later = [asyncio.create_task(read(jobs.job.id)) for _ in range(100)]
    await asyncio.wait(later, timeout=0.01)
    jobs.go_on.set()

    assert await first is not jobs.job
    assert await asyncio.gather(*later) == [jobs.job] * len(later)
    assert jobs.reads == 2
