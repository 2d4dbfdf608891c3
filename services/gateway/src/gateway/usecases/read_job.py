"""Read a job, and never say DONE before the cache has let go of the older text."""

from collections import OrderedDict
from uuid import UUID

from gateway.ports import Cache, JobView, StoredJobs
from gateway.usecases.single_flight import SingleFlight


class ReadJob:
    """The stored state of a job. Whoever is told DONE by it reads the result, or a later one, afterwards.

    Readers of one job share reads, however many poll or wait for it; nobody gets a state that was read before he asked.
    """

    def __init__(self, jobs: StoredJobs, cache: Cache, *, remembered: int = 10_000) -> None:
        self._jobs = jobs
        self._cache = cache
        self._remembered = remembered
        self._reads: SingleFlight[JobView | None] = SingleFlight()
        self._invalidated: OrderedDict[UUID, None] = OrderedDict()

    async def __call__(self, job_id: UUID) -> JobView | None:
        """None for an unknown job. Raises Unavailable("postgres")."""
        return await self._reads(job_id, lambda: self._read(job_id))

    async def _read(self, job_id: UUID) -> tuple[JobView | None, bool]:
        job = await self._jobs.get(job_id)
        if job is not None:
            await self.make_visible(job)
        return job, False

    async def make_visible(self, job: JobView) -> None:
        """Call before anybody is told the state of `job`; once per finished job it reaches the cache."""
        if job.result is None or job.id in self._invalidated:
            return
        if not await self._cache.ensure_invalidated(job.entity_kind, job.result.slug, job.result.entity_version):
            return
        self._invalidated[job.id] = None
        if len(self._invalidated) > self._remembered:
            self._invalidated.popitem(last=False)
