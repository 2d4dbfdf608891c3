"""A job store in memory and one in PostgreSQL, with what a contract test must see and do beside them."""

from abc import abstractmethod
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, update
from tests.support.fakes.jobs import LIFE_S, FakeJobs

from gateway.adapters.postgres_answers import PostgresAnswers
from gateway.adapters.postgres_jobs import PostgresJobs
from gateway.ports import (
    Acceptance,
    Accepted,
    AcceptedJob,
    Answer,
    Budget,
    IdempotencyKey,
    JobStore,
    NewJob,
    StoredAnswers,
)
from shared.db.engine import Database, Transaction
from shared.db.jobs import move, the_job
from shared.db.jobs import seconds as interval
from shared.db.tables import idempotency_keys, jobs, outbox
from shared.entities import ContextTag, EntityKind, Form, Locale
from shared.jobs import AttemptPolicy, Identity, JobKind, JobStatus
from shared.testing.clock import FakeClock
from shared.testing.database import FakeDatabase

POLICY = AttemptPolicy(max_attempts=2, deadline_s=300.0)
BUDGET = Budget(limit=2, window_s=60.0)
KEY = IdempotencyKey("key-1234", "fingerprint")


def wanted(tag: ContextTag | None = None, *, slug: str = "the-matrix-1999", force: bool = False) -> NewJob:
    form, locale = Form.DESCRIPTION, Locale.EN
    return NewJob(
        kind=JobKind.GENERATION,
        entity_kind=EntityKind.MOVIE,
        slug=slug,
        requested_slug="the-matrix",
        dedupe_key=Identity(EntityKind.MOVIE, slug, form, locale, tag).dedupe_key,
        form=form,
        locale=locale,
        context_tag=tag,
        confidence=0.9,
        force=force,
    )


def render(accepted: tuple[AcceptedJob, ...]) -> Answer:
    return Answer(202, {"jobs": [str(job.job_id) for job in accepted]}, "/jobs")


class World:
    """The store with what a test must see and do beside it."""

    jobs: JobStore
    answers: StoredAnswers

    @abstractmethod
    async def end(self, job_id: UUID, status: JobStatus) -> None:
        """What a worker does to the job's status."""

    @abstractmethod
    async def let_keys_expire(self) -> None: ...

    @abstractmethod
    async def pass_time(self, seconds: float) -> None:
        """Make every job that much older."""

    @abstractmethod
    async def events(self) -> list[tuple[str, UUID]]:
        """Type and job of every event that waits to be published, in order."""

    async def accept(
        self, *new: NewJob, caller: str = "ann", key: IdempotencyKey | None = None
    ) -> Sequence[AcceptedJob]:
        acceptance: Acceptance = await self.jobs.accept(new, caller, render, key)
        assert isinstance(acceptance, Accepted)
        assert acceptance.answer == render(acceptance.jobs)
        return acceptance.jobs

    async def accepted(self, new: NewJob, caller: str = "ann", key: IdempotencyKey | None = None) -> UUID:
        (job,) = await self.accept(new, caller=caller, key=key)
        return job.job_id

    async def statuses(self, job_id: UUID) -> list[JobStatus]:
        job = await self.jobs.get(job_id)
        assert job is not None
        assert job.transitions[-1].status is job.status
        return [step.status for step in job.transitions]


class FakeWorld(World):
    def __init__(self) -> None:
        self._clock = FakeClock()
        self._database = FakeDatabase(self._clock)
        self.jobs = self.answers = FakeJobs(self._database, POLICY, BUDGET)

    async def end(self, job_id: UUID, status: JobStatus) -> None:
        job = self._database.move(self._database.jobs[job_id], JobStatus.PROCESSING, "worker")
        self._database.move(job, status, "worker")

    async def let_keys_expire(self) -> None:
        self._clock.advance(LIFE_S)

    async def pass_time(self, seconds: float) -> None:
        self._clock.advance(seconds)

    async def events(self) -> list[tuple[str, UUID]]:
        rows = sorted(self._database.outbox.values(), key=lambda row: row.seq)
        return [(row.event.type, row.event.correlation_id) for row in rows]


class PostgresWorld(World):
    def __init__(self, database: Database) -> None:
        self._database = database
        self.jobs = PostgresJobs(database, POLICY, BUDGET)
        self.answers = PostgresAnswers(database)

    async def end(self, job_id: UUID, status: JobStatus) -> None:
        async def work(tx: Transaction) -> None:
            for target in (JobStatus.PROCESSING, status):
                assert await move(tx, target, the_job(job_id), actor="worker") is not None

        await self._database.run(work)

    async def let_keys_expire(self) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(update(idempotency_keys).values(expires_at=func.now() - interval(1)))

        await self._database.run(work)

    async def pass_time(self, seconds: float) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(update(jobs).values(created_at=jobs.c.created_at - interval(seconds)))

        await self._database.run(work)

    async def events(self) -> list[tuple[str, UUID]]:
        rows = await self._database.read(select(outbox.c.type, outbox.c.correlation_id).order_by(outbox.c.seq))
        return [(row.type, UUID(row.correlation_id)) for row in rows]
