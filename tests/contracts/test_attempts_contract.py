"""The job ledger: what the consume pipeline relies on, on PostgreSQL and on its fake alike."""

from abc import abstractmethod
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, update
from tests.support.jobs import store_generation

from shared import ids
from shared.db import attempts as postgres
from shared.db import endings
from shared.db.engine import Database, Transaction
from shared.db.jobs import move, seconds, the_job
from shared.db.tables import ai_calls, dead_letters, inbox, job_transitions, jobs, outbox
from shared.entities import EntityKind, Form, Locale
from shared.errors import LeaseLost, Transient
from shared.events import GenerationRequested, JobEvent
from shared.jobs import Attempt, AttemptPolicy, Failure, FailureType, JobStatus, Result, Suspect
from shared.messaging.consume import Attempts
from shared.testing.attempts import FakeAttempts
from shared.testing.clock import START, FakeClock
from shared.testing.database import FakeDatabase
from shared.testing.rows import CallRow

QUEUE = "generator.generation-requested"
POLICY = AttemptPolicy(ladder_s=(20.0, 60.0))
FAILURE = Failure(type=FailureType.AI_API_ERROR, technical_message="the provider answered 500")
DONE = Result(entity_id=UUID(int=1), slug="the-matrix-1999", entity_version=2)


class World:
    """A ledger with what a test must see and do beside the pipeline."""

    attempts: Attempts

    @abstractmethod
    async def accept(self, *, max_attempts: int = 3, deadline_s: float = 600.0) -> JobEvent: ...

    @abstractmethod
    async def end_lease(self, event: JobEvent) -> None: ...

    @abstractmethod
    async def pass_deadline(self, event: JobEvent) -> None: ...

    @abstractmethod
    async def cancel(self, event: JobEvent) -> None: ...

    @abstractmethod
    async def begin_call(self, attempt: Attempt) -> None: ...

    @abstractmethod
    async def complete(self, attempt: Attempt, event: JobEvent) -> None: ...

    @abstractmethod
    async def statuses(self, event: JobEvent) -> list[str]: ...

    @abstractmethod
    async def error(self, event: JobEvent) -> Failure | None: ...

    @abstractmethod
    async def sent_in_s(self) -> list[float]:
        """Seconds until each row that is addressed to the queue falls due."""

    @abstractmethod
    async def dead(self) -> list[str]: ...

    @abstractmethod
    async def failed_events(self) -> int: ...

    @abstractmethod
    async def completed(self) -> int: ...

    async def claimed(self, event: JobEvent) -> Attempt:
        attempt = await self.attempts.claim(event)
        assert isinstance(attempt, Attempt)
        return attempt


class FakeWorld(World):
    def __init__(self) -> None:
        self._clock = FakeClock()
        self._database = FakeDatabase(self._clock)
        self.attempts = FakeAttempts(self._database, "generator", QUEUE, POLICY)

    async def accept(self, *, max_attempts: int = 3, deadline_s: float = 600.0) -> JobEvent:
        event = GenerationRequested(
            event_id=ids.row_id(),
            occurred_at=START,
            entity_kind=EntityKind.MOVIE,
            job_id=ids.job_id(),
            slug="the-matrix-1999",
            form=Form.DESCRIPTION,
            locale=Locale.EN,
        )
        self._database.accept(event, max_attempts=max_attempts, deadline_s=deadline_s)
        return event

    async def end_lease(self, event: JobEvent) -> None:
        self._clock.advance(POLICY.lease_s)

    async def pass_deadline(self, event: JobEvent) -> None:
        self._clock.advance(600.0)

    async def cancel(self, event: JobEvent) -> None:
        self._database.move(self._database.jobs[event.job_id], JobStatus.CANCELLED, "gateway", "cancelled")

    async def begin_call(self, attempt: Attempt) -> None:
        call = CallRow(ids.row_id(), attempt.job_id, attempt.number, "h")
        self._database.calls[call.id] = call

    async def complete(self, attempt: Attempt, event: JobEvent) -> None:
        self._database.complete(attempt, event, "generator", DONE)

    async def statuses(self, event: JobEvent) -> list[str]:
        return list(self._database.statuses(event.job_id))

    async def error(self, event: JobEvent) -> Failure | None:
        return self._database.jobs[event.job_id].error

    async def sent_in_s(self) -> list[float]:
        return [
            (row.available_at - self._clock.now()).total_seconds()
            for row in self._database.outbox.values()
            if row.target_queue == QUEUE
        ]

    async def dead(self) -> list[str]:
        return [letter.reason for letter in self._database.dead_letters]

    async def failed_events(self) -> int:
        return sum(event.type == "generation.failed" for event in self._database.events)

    async def completed(self) -> int:
        return len(self._database.inbox)


class PostgresWorld(World):
    def __init__(self, database: Database) -> None:
        self._database = database
        self.attempts = postgres.PostgresAttempts(database, "generator", QUEUE, POLICY)

    async def accept(self, *, max_attempts: int = 3, deadline_s: float = 600.0) -> JobEvent:
        return (await store_generation(self._database, max_attempts=max_attempts, deadline_s=deadline_s)).event

    async def _write(self, statement: Any) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(statement)

        await self._database.run(work)

    async def end_lease(self, event: JobEvent) -> None:
        await self._write(update(jobs).where(jobs.c.id == event.job_id).values(lease_until=func.now() - seconds(1)))

    async def pass_deadline(self, event: JobEvent) -> None:
        await self._write(update(jobs).where(jobs.c.id == event.job_id).values(deadline_at=func.now()))

    async def cancel(self, event: JobEvent) -> None:
        async def work(tx: Transaction) -> None:
            await move(tx, JobStatus.CANCELLED, the_job(event.job_id), actor="gateway", reason="cancelled")

        await self._database.run(work)

    async def begin_call(self, attempt: Attempt) -> None:
        call = {"step": "text", "model": "m", "prompt_hash": "h", "prompt_version": "1", "attempt": attempt.number}
        await self._write(insert(ai_calls).values(id=ids.row_id(), job_id=attempt.job_id, **call))

    async def complete(self, attempt: Attempt, event: JobEvent) -> None:
        async def work(tx: Transaction) -> None:
            await endings.complete(tx, attempt, event, "generator", DONE)

        await self._database.run(work)

    async def statuses(self, event: JobEvent) -> list[str]:
        query = select(job_transitions.c.to_status).where(job_transitions.c.job_id == event.job_id)
        return list((await self._database.read(query.order_by(job_transitions.c.sequence))).scalars().all())

    async def error(self, event: JobEvent) -> Failure | None:
        stored = (await self._database.read(select(jobs.c.error).where(jobs.c.id == event.job_id))).scalar()
        return Failure.model_validate(stored) if stored else None

    async def sent_in_s(self) -> list[float]:
        wait = func.extract("epoch", outbox.c.available_at - func.now())
        return [
            float(value)
            for value in (await self._database.read(select(wait).where(outbox.c.target_queue == QUEUE))).scalars()
        ]

    async def dead(self) -> list[str]:
        return list((await self._database.read(select(dead_letters.c.reason))).scalars().all())

    async def failed_events(self) -> int:
        query = select(func.count()).select_from(outbox).where(outbox.c.type == "generation.failed")
        return int((await self._database.read(query)).scalar() or 0)

    async def completed(self) -> int:
        return int((await self._database.read(select(func.count()).select_from(inbox))).scalar() or 0)


class AttemptsContract:
    async def test_a_claim_starts_the_first_attempt(self, world: World) -> None:
        event = await world.accept()

        attempt = await world.claimed(event)

        assert (attempt.number, attempt.last) == (1, False)
        assert attempt.slug == "the-matrix-1999"
        assert 0 < attempt.seconds_left <= 600
        assert await world.statuses(event) == ["PENDING", "PROCESSING"]

    async def test_a_leased_job_is_looked_at_again_when_its_lease_ends(self, world: World) -> None:
        event = await world.accept()
        await world.claimed(event)

        assert await world.attempts.claim(event) is None

        (wait_s,) = await world.sent_in_s()
        assert POLICY.lease_s - 5 < wait_s <= POLICY.lease_s

    async def test_an_ended_lease_is_taken_over(self, world: World) -> None:
        event = await world.accept()
        first = await world.claimed(event)
        await world.end_lease(event)

        second = await world.claimed(event)

        assert second.number == 2
        assert not await world.attempts.renew(first)
        assert await world.attempts.renew(second)
        with pytest.raises(LeaseLost):
            await world.complete(first, event)
        await world.complete(second, event)
        assert await world.statuses(event) == ["PENDING", "PROCESSING", "PROCESSING", "DONE"]

    async def test_a_transient_failure_sends_the_event_again_after_the_backoff(self, world: World) -> None:
        event = await world.accept()
        attempt = await world.claimed(event)

        await world.attempts.retry(attempt, event, Transient(FAILURE))

        (wait_s,) = await world.sent_in_s()
        assert 9 < wait_s <= 20
        assert await world.attempts.claim(event) is None
        assert await world.statuses(event) == ["PENDING", "PROCESSING", "RETRYING"]
        assert (await world.completed(), await world.dead()) == (0, [])

    async def test_an_uncounted_failure_gives_the_attempt_back(self, world: World) -> None:
        event = await world.accept()

        await world.attempts.retry(
            await world.claimed(event), event, Transient(FAILURE, retry_after_s=0.0, counted=False)
        )

        assert (await world.claimed(event)).number == 1

    async def test_the_last_failed_attempt_ends_the_job(self, world: World) -> None:
        event = await world.accept(max_attempts=1)

        await world.attempts.retry(await world.claimed(event), event, Transient(FAILURE))

        assert await world.statuses(event) == ["PENDING", "PROCESSING", "FAILED"]
        assert await world.error(event) == FAILURE
        assert (await world.failed_events(), await world.dead(), await world.completed()) == (1, ["AI_API_ERROR"], 1)
        assert await world.attempts.claim(event) is None

    async def test_a_wait_past_the_deadline_ends_the_job_now(self, world: World) -> None:
        event = await world.accept(deadline_s=30)

        cause = Transient(FAILURE, retry_after_s=60.0, counted=False)
        await world.attempts.retry(await world.claimed(event), event, cause)

        assert await world.statuses(event) == ["PENDING", "PROCESSING", "FAILED"]

    async def test_a_job_past_its_deadline_is_not_started(self, world: World) -> None:
        event = await world.accept(deadline_s=-1)

        assert await world.attempts.claim(event) is None

        assert await world.statuses(event) == ["PENDING", "FAILED"]
        error = await world.error(event)
        assert error is not None
        assert error.type is FailureType.TIMEOUT

    async def test_a_job_whose_deadline_passed_while_it_waited_ends_with_its_last_error(self, world: World) -> None:
        event = await world.accept()
        await world.attempts.retry(await world.claimed(event), event, Transient(FAILURE))
        await world.pass_deadline(event)

        assert await world.attempts.claim(event) is None

        assert await world.statuses(event) == ["PENDING", "PROCESSING", "RETRYING", "FAILED"]
        assert await world.error(event) == FAILURE

    async def test_a_permanent_failure_ends_the_job_whatever_attempts_are_left(self, world: World) -> None:
        event = await world.accept()

        await world.attempts.fail(await world.claimed(event), event, FAILURE)

        assert await world.statuses(event) == ["PENDING", "PROCESSING", "FAILED"]
        assert (await world.failed_events(), await world.dead()) == (1, ["AI_API_ERROR"])

    async def test_an_interrupted_attempt_is_handed_back_unspent(self, world: World) -> None:
        event = await world.accept()

        await world.attempts.release(await world.claimed(event), event)

        again = await world.claimed(event)
        assert again.number == 1

    async def test_an_interrupted_attempt_counts_when_a_call_of_unknown_outcome_was_begun(self, world: World) -> None:
        event = await world.accept()
        attempt = await world.claimed(event)
        await world.begin_call(attempt)

        await world.attempts.release(attempt, event)

        assert (await world.claimed(event)).number == 2

    async def test_a_job_whose_every_attempt_died_with_its_worker_fails(self, world: World) -> None:
        event = await world.accept(max_attempts=2)
        await world.claimed(event)
        await world.end_lease(event)
        await world.attempts.claim(event, alone=True)
        await world.end_lease(event)

        assert await world.attempts.claim(event) is None

        assert (await world.statuses(event))[-1] == "FAILED"

    async def test_the_last_attempt_after_crashes_is_claimed_by_nobody_who_is_not_alone(self, world: World) -> None:
        event = await world.accept(max_attempts=3)
        for _ in range(2):
            await world.claimed(event)
            await world.end_lease(event)

        refused = await world.attempts.claim(event)
        last = await world.attempts.claim(event, alone=True)

        assert refused == Suspect()
        assert isinstance(last, Attempt)
        assert (last.number, last.last) == (3, True)
        assert (await world.statuses(event)).count("PROCESSING") == 3

    async def test_an_unknown_job_is_parked(self, world: World) -> None:
        event = (await world.accept()).model_copy(update={"job_id": ids.job_id()})

        assert await world.attempts.claim(event) is None

        assert await world.dead() == ["unknown-job"]

    @pytest.mark.parametrize("write", ["complete", "retry", "fail", "release"])
    async def test_a_cancelled_job_discards_what_its_attempt_writes(self, world: World, write: str) -> None:
        event = await world.accept()
        attempt = await world.claimed(event)
        await world.cancel(event)

        match write:
            case "complete":
                with pytest.raises(LeaseLost):
                    await world.complete(attempt, event)
            case "retry":
                await world.attempts.retry(attempt, event, Transient(FAILURE))
            case "fail":
                await world.attempts.fail(attempt, event, FAILURE)
            case _:
                await world.attempts.release(attempt, event)

        assert await world.statuses(event) == ["PENDING", "PROCESSING", "CANCELLED"]

    async def test_a_finished_job_is_not_claimed_again(self, world: World) -> None:
        event = await world.accept()
        await world.complete(await world.claimed(event), event)

        assert await world.attempts.claim(event) is None

        assert await world.statuses(event) == ["PENDING", "PROCESSING", "DONE"]
        assert await world.completed() == 1


class TestFakeAttempts(AttemptsContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeWorld()


class TestPostgresAttempts(AttemptsContract):
    @pytest.fixture
    def world(self, database: Database) -> World:
        return PostgresWorld(database)
