"""Cancel a job, or leave it to its other callers."""

from uuid import UUID

from gateway.ports import AlreadyFinished, Cancellation, JobStore
from gateway.usecases.read_job import ReadJob


class CancelJob:
    """Only callers of a job may cancel it; the last one ends it, the others just leave. Repeating it changes nothing."""

    def __init__(self, jobs: JobStore, read: ReadJob) -> None:
        self._jobs = jobs
        self._read = read

    async def __call__(self, job_id: UUID, caller: str) -> Cancellation:
        """Raises Unavailable("postgres")."""
        outcome = await self._jobs.cancel(job_id, caller)
        if isinstance(outcome, AlreadyFinished):
            await self._read.make_visible(outcome.job)
        return outcome
