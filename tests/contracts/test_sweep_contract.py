"""The sweep: what is left to nobody else, over PostgreSQL and over the fake alike."""

from abc import abstractmethod

import pytest
from sqlalchemy import select, update
from tests.support.jobs import store_generation

from shared import ids
from shared.db.attempts import PostgresAttempts
from shared.db.engine import Database, Transaction
from shared.db.jobs import seconds
from shared.db.sweep import STALE_AFTER_S, Sweep
from shared.db.tables import job_transitions, jobs, outbox
from shared.entities import EntityKind, Form, Locale
from shared.errors import Transient, failure
from shared.events import GenerationRequested, JobEvent
from shared.jobs import Attempt, AttemptPolicy, FailureType, JobStatus
from shared.messaging.consume import Attempts
from shared.testing.attempts import FakeAttempts
from shared.testing.clock import START, FakeClock
from shared.testing.database import FakeDatabase
from shared.testing.sweep import FakeSweep
from shared.topology import GENERATION_REQUESTS, WorkQueue

QUEUE = GENERATION_REQUESTS.name
POLICY = AttemptPolicy(ladder_s=(20.0,))
AGAIN, FAILED = ("generation.requested", QUEUE), ("generation.failed", "")


class World:
    """The sweep, the jobs that it looks at, and a broker that says `ready` of every queue."""

    attempts: Attempts
    ready: int | None = 0

    @abstractmethod
    async def sweep(self) -> None: ...

    @abstractmethod
    async def accept(self, deadline_s: float = 600.0) -> JobEvent:
        """A job whose event has left the outbox."""

    @abstractmethod
    async def wait_s(self, event: JobEvent, wait_s: float) -> None:
        """Let everything that the job waits for be that much longer ago."""

    @abstractmethod
    async def publish_all(self) -> None: ...

    @abstractmethod
    async def sent(self) -> list[tuple[str, str]]:
        """Type and queue of what waits in the outbox."""

    @abstractmethod
    async def statuses(self, event: JobEvent) -> list[tuple[str, str | None]]:
        """Every state the job was in, and why."""

    async def ready_messages(self, _queue: WorkQueue) -> int | None:
        return self.ready


class FakeWorld(World):
    def __init__(self) -> None:
        self._clock = FakeClock()
        self._database = FakeDatabase(self._clock)
        self._sweep = FakeSweep(self._database, self.ready_messages)
        self.attempts = FakeAttempts(self._database, "generator", QUEUE, POLICY)

    async def sweep(self) -> None:
        await self._sweep.run_once()

    async def accept(self, deadline_s: float = 600.0) -> JobEvent:
        job_id = ids.job_id()
        event = GenerationRequested(
            event_id=ids.row_id(),
            occurred_at=START,
            entity_kind=EntityKind.MOVIE,
            job_id=job_id,
            slug=f"film-{job_id.hex}-1999",
            form=Form.DESCRIPTION,
            locale=Locale.EN,
        )
        self._database.accept(event, deadline_s=deadline_s)
        return event

    async def wait_s(self, event: JobEvent, wait_s: float) -> None:
        self._clock.advance(wait_s)

    async def publish_all(self) -> None:
        self._database.outbox.clear()

    async def sent(self) -> list[tuple[str, str]]:
        return [(row.event.type, row.target_queue) for row in self._database.outbox.values()]

    async def statuses(self, event: JobEvent) -> list[tuple[str, str | None]]:
        steps = (step for step in self._database.transitions if step.job_id == event.job_id)
        return [(step.to_status, step.reason) for step in steps]


class PostgresWorld(World):
    def __init__(self, database: Database) -> None:
        self._database = database
        self._sweep = Sweep(database, self.ready_messages)
        self.attempts = PostgresAttempts(database, "generator", QUEUE, POLICY)

    async def sweep(self) -> None:
        await self._sweep.run_once()

    async def accept(self, deadline_s: float = 600.0) -> JobEvent:
        return (await store_generation(self._database, f"film-{ids.job_id().hex}-1999", deadline_s=deadline_s)).event

    async def wait_s(self, event: JobEvent, wait_s: float) -> None:
        columns = (jobs.c.updated_at, jobs.c.lease_until, jobs.c.next_attempt_at, jobs.c.deadline_at)

        async def work(tx: Transaction) -> None:
            earlier = {column: column - seconds(wait_s) for column in columns}
            await tx.execute(update(jobs).where(jobs.c.id == event.job_id).values(earlier))

        await self._database.run(work)

    async def publish_all(self) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(outbox.delete())

        await self._database.run(work)

    async def sent(self) -> list[tuple[str, str]]:
        rows = await self._database.read(select(outbox.c.type, outbox.c.target_queue).order_by(outbox.c.seq))
        return [(row.type, row.target_queue) for row in rows]

    async def statuses(self, event: JobEvent) -> list[tuple[str, str | None]]:
        steps = select(job_transitions.c.to_status, job_transitions.c.reason).order_by(job_transitions.c.sequence)
        rows = await self._database.read(steps.where(job_transitions.c.job_id == event.job_id))
        return [(row.to_status, row.reason) for row in rows]


class SweepContract:
    async def test_a_job_past_its_deadline_fails_once_and_says_so(self, world: World) -> None:
        event = await world.accept(deadline_s=60)
        await world.wait_s(event, 61)

        await world.sweep()
        await world.sweep()

        assert await world.statuses(event) == [(JobStatus.PENDING, None), (JobStatus.FAILED, FailureType.TIMEOUT)]
        assert await world.sent() == [FAILED]

    async def test_a_job_past_its_deadline_fails_with_its_last_error(self, world: World) -> None:
        event = await world.accept(deadline_s=60)
        attempt = await world.attempts.claim(event)
        assert isinstance(attempt, Attempt)
        await world.attempts.retry(attempt, event, Transient(failure(FailureType.AI_API_ERROR, "broken")))
        await world.wait_s(event, 61)

        await world.sweep()

        assert (await world.statuses(event))[-1] == (JobStatus.FAILED, FailureType.AI_API_ERROR)

    async def test_a_job_whose_lease_ended_is_sent_again_once_and_keeps_its_state(self, world: World) -> None:
        event = await world.accept()
        await world.attempts.claim(event)
        await world.wait_s(event, POLICY.lease_s + 1)

        await world.sweep()
        await world.sweep()

        assert await world.sent() == [AGAIN]
        assert (await world.statuses(event))[-1] == (JobStatus.PROCESSING, None)

    async def test_a_job_under_a_live_lease_is_left_alone(self, world: World) -> None:
        event = await world.accept()
        await world.attempts.claim(event)
        await world.wait_s(event, POLICY.lease_s - 5)

        await world.sweep()

        assert await world.sent() == []

    async def test_a_waiting_job_whose_message_is_gone_is_sent_again_once(self, world: World) -> None:
        event = await world.accept()
        await world.wait_s(event, STALE_AFTER_S + 1)

        await world.sweep()
        await world.sweep()

        assert await world.sent() == [AGAIN]
        assert await world.statuses(event) == [(JobStatus.PENDING, None)]

    async def test_a_job_whose_retry_is_gone_is_sent_again(self, world: World) -> None:
        event = await world.accept()
        attempt = await world.attempts.claim(event)
        assert isinstance(attempt, Attempt)
        await world.attempts.retry(attempt, event, Transient(failure(FailureType.AI_API_ERROR, "broken")))
        await world.publish_all()
        await world.wait_s(event, 20 + STALE_AFTER_S + 1)

        await world.sweep()

        assert await world.sent() == [AGAIN]

    @pytest.mark.parametrize(("waited_s", "ready"), [(STALE_AFTER_S - 5, 0), (100, 3), (100, None)])
    async def test_a_job_whose_message_may_still_come_is_left_alone(
        self, world: World, waited_s: float, ready: int | None
    ) -> None:
        event = await world.accept()
        await world.wait_s(event, waited_s)
        world.ready = ready

        await world.sweep()

        assert await world.sent() == []


class TestFakeSweep(SweepContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeWorld()


class TestPostgresSweep(SweepContract):
    @pytest.fixture
    def world(self, database: Database) -> World:
        return PostgresWorld(database)
