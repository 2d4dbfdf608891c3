import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from shared import ids
from shared.entities import EntityKind, Form, Locale
from shared.envelope import CONTENT_TYPE, encode
from shared.errors import Permanent, Transient, Unavailable
from shared.events import EntityChanged, GenerationRequested
from shared.jobs import Attempt, AttemptPolicy, Failure, FailureType, JobStatus, Result
from shared.messaging.consume import EventConsumer, JobConsumer
from shared.testing.attempts import FakeAttempts
from shared.testing.clock import START, FakeClock
from shared.testing.database import FakeDatabase
from shared.testing.rows import JobRow
from shared.topology import GENERATION_REQUESTS, INVALIDATIONS

FAILURE = Failure(type=FailureType.AI_API_ERROR, technical_message="the provider answered 500")
POLICY = AttemptPolicy(ladder_s=(20.0,), lease_s=30.0)
Work = Callable[[GenerationRequested, Attempt], Awaitable[None]]


@dataclass
class RawMessage:
    headers: dict[str, Any]
    content_type: str | None
    body: bytes


@dataclass
class Message:
    """A delivery that counts its acks."""

    raw_message: RawMessage
    acks: int = 0
    ack_error: Exception | None = None

    async def ack(self) -> None:
        self.acks += 1
        if self.ack_error is not None:
            raise self.ack_error


@dataclass
class Rig:
    """A consumer over a database in memory, with one accepted job."""

    clock: FakeClock = field(default_factory=FakeClock)
    database: FakeDatabase = field(init=False)
    consumer: JobConsumer = field(init=False)
    event: GenerationRequested = field(init=False)

    def __post_init__(self) -> None:
        self.database = FakeDatabase(self.clock)
        attempts = FakeAttempts(self.database, "generator", GENERATION_REQUESTS.name, POLICY)
        self.consumer = JobConsumer(attempts, self.clock, concurrency=4, lease_s=POLICY.lease_s)
        self.event = self.accepted()

    def accepted(self) -> GenerationRequested:
        event = GenerationRequested(
            event_id=ids.row_id(),
            occurred_at=START,
            entity_kind=EntityKind.MOVIE,
            job_id=ids.job_id(),
            slug=f"film-{len(self.database.jobs)}-1999",
            form=Form.DESCRIPTION,
            locale=Locale.EN,
        )
        self.database.accept(event)
        return event

    def message(self) -> Message:
        envelope = encode(self.event)
        return Message(RawMessage(dict(envelope.headers), CONTENT_TYPE, envelope.body))

    async def settle(self, work: Work) -> Message:
        message = self.message()
        await self.consumer.settle(message, GenerationRequested, work)
        return message

    @property
    def status(self) -> JobStatus:
        return self.job.status

    @property
    def job(self) -> JobRow:
        return self.database.jobs[self.event.job_id]

    @property
    def parked(self) -> list[str]:
        """The reasons of the dead letters."""
        return [letter.reason for letter in self.database.dead_letters]

    def cancel(self) -> None:
        self.database.stop(self.job, None, "gateway", "cancelled")

    def events_consumer(self) -> EventConsumer:
        parking = FakeAttempts(self.database, INVALIDATIONS.consumer, INVALIDATIONS.name, POLICY)
        return EventConsumer(parking, self.clock)

    async def write(self, event: GenerationRequested, attempt: Attempt) -> None:
        """The happy use case."""
        self.database.complete(
            attempt, event, "generator", Result(entity_id=ids.row_id(), slug=event.slug, entity_version=2)
        )


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_done_is_acked_once(rig: Rig) -> None:
    message = await rig.settle(rig.write)

    assert (rig.status, message.acks) == (JobStatus.DONE, 1)


async def test_ten_copies_do_the_work_once(rig: Rig) -> None:
    calls = 0

    async def work(event: GenerationRequested, attempt: Attempt) -> None:
        nonlocal calls
        calls += 1
        await rig.write(event, attempt)

    messages = await asyncio.gather(*(rig.settle(work) for _ in range(10)))

    assert calls == 1
    assert [message.acks for message in messages] == [1] * 10


async def test_transient_schedules_the_next_attempt_and_acks(rig: Rig) -> None:
    async def work(_event: GenerationRequested, _attempt: Attempt) -> None:
        raise Transient(FAILURE)

    message = await rig.settle(work)

    assert (rig.status, message.acks) == (JobStatus.RETRYING, 1)
    assert rig.database.retry_due(rig.event) == rig.job.next_attempt_at


async def test_permanent_fails_the_job_and_acks(rig: Rig) -> None:
    async def work(_event: GenerationRequested, _attempt: Attempt) -> None:
        raise Permanent(FAILURE)

    message = await rig.settle(work)

    assert (rig.status, message.acks) == (JobStatus.FAILED, 1)
    assert [event.type for event in rig.database.events] == ["generation.failed"]


async def test_a_bug_costs_an_attempt_and_says_nothing_of_its_cause(rig: Rig) -> None:
    async def work(_event: GenerationRequested, _attempt: Attempt) -> None:
        raise KeyError("sk-secret")

    message = await rig.settle(work)

    error = rig.job.error
    assert (rig.status, message.acks) == (JobStatus.RETRYING, 1)
    assert error is not None
    assert "sk-secret" not in error.technical_message


async def test_nothing_is_acked_while_a_store_is_away(rig: Rig) -> None:
    away, tries = True, 0

    async def work(event: GenerationRequested, attempt: Attempt) -> None:
        nonlocal tries
        tries += 1
        if away:
            raise Unavailable("postgres")
        await rig.write(event, attempt)

    message = rig.message()
    settling = asyncio.create_task(rig.consumer.settle(message, GenerationRequested, work))
    while tries == 0:
        await asyncio.wait({settling}, timeout=0.01)
    acks_while_away = message.acks
    away = False
    rig.clock.advance(60)  # past the lease of the attempt that was cut off
    await asyncio.wait_for(settling, 1)

    assert (acks_while_away, message.acks, rig.status) == (0, 1, JobStatus.DONE)


async def test_the_lease_is_renewed_while_the_work_runs(rig: Rig) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def work(event: GenerationRequested, attempt: Attempt) -> None:
        started.set()
        await go_on.wait()
        await rig.write(event, attempt)

    settling = asyncio.create_task(rig.settle(work))
    await started.wait()
    for _ in range(12):
        await asyncio.wait({settling}, timeout=0.001)
        rig.clock.advance(POLICY.lease_s / 3)
    await asyncio.wait({settling}, timeout=0.001)
    lease_until = rig.job.lease_until
    go_on.set()
    await settling

    assert lease_until is not None
    assert lease_until > rig.clock.now()
    assert rig.status is JobStatus.DONE


async def test_work_stops_when_its_lease_is_lost(rig: Rig) -> None:
    started, stopped = asyncio.Event(), asyncio.Event()

    async def work(_event: GenerationRequested, _attempt: Attempt) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    settling = asyncio.create_task(rig.settle(work))
    await started.wait()
    await asyncio.wait({settling}, timeout=0.001)
    rig.cancel()
    rig.clock.advance(POLICY.lease_s / 3)
    message = await asyncio.wait_for(settling, 1)

    assert stopped.is_set()
    assert (rig.status, message.acks) == (JobStatus.CANCELLED, 1)


async def test_work_outlives_the_connection_that_delivered_it(rig: Rig) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def work(event: GenerationRequested, attempt: Attempt) -> None:
        started.set()
        await go_on.wait()
        await rig.write(event, attempt)

    handler = asyncio.create_task(rig.settle(work))
    await started.wait()
    handler.cancel()  # what the client library does to handlers of a lost connection
    await asyncio.gather(handler, return_exceptions=True)
    go_on.set()
    await rig.consumer.drain(1)

    assert rig.status is JobStatus.DONE


async def test_draining_hands_unfinished_attempts_back(rig: Rig) -> None:
    started = asyncio.Event()

    async def work(_event: GenerationRequested, _attempt: Attempt) -> None:
        started.set()
        await asyncio.Event().wait()

    handler = asyncio.create_task(rig.settle(work))
    await started.wait()
    await rig.consumer.drain(0.01)
    await asyncio.gather(handler, return_exceptions=True)

    assert rig.status is JobStatus.RETRYING
    assert rig.job.attempt == 0


@pytest.mark.parametrize("body", [b"\xff", b"{}", b"[]"])
async def test_what_no_handler_can_read_is_parked_and_acked(rig: Rig, body: bytes) -> None:
    message = Message(RawMessage({"cloudEvents_type": "generation.requested"}, CONTENT_TYPE, body))

    await rig.consumer.settle(message, GenerationRequested, rig.write)

    assert (rig.parked, message.acks) == (["bad-body"], 1)


async def test_a_lost_ack_is_no_error(rig: Rig) -> None:
    message = rig.message()
    message.ack_error = ConnectionResetError()

    await rig.consumer.settle(message, GenerationRequested, rig.write)

    assert rig.status is JobStatus.DONE


async def test_events_of_another_kind_are_parked(rig: Rig) -> None:
    message = rig.message()

    async def never(_event: Any) -> None:
        raise AssertionError

    await rig.events_consumer().settle(message, (EntityChanged,), never)

    assert (rig.parked, message.acks) == (["unexpected-type"], 1)


async def test_a_bug_in_the_work_of_an_event_parks_it(rig: Rig) -> None:
    message = rig.message()

    async def work(_event: GenerationRequested) -> None:
        raise KeyError("sk-secret")

    await rig.events_consumer().settle(message, (GenerationRequested,), work)

    assert (rig.parked, message.acks) == (["handler-crashed"], 1)


async def test_an_outage_costs_no_attempt(rig: Rig) -> None:
    seen: list[int] = []

    async def work(event: GenerationRequested, attempt: Attempt) -> None:
        seen.append(attempt.number)
        if len(seen) < 5:
            raise Unavailable("postgres")
        await rig.write(event, attempt)

    settling = asyncio.create_task(rig.settle(work))
    while not settling.done():
        await asyncio.wait({settling}, timeout=0.001)
        rig.clock.advance(1)

    assert seen == [1] * 5
    assert rig.status is JobStatus.DONE


async def test_after_an_outage_a_job_that_is_no_longer_ours_is_left(rig: Rig) -> None:
    calls = 0

    async def work(_event: GenerationRequested, _attempt: Attempt) -> None:
        nonlocal calls
        calls += 1
        rig.cancel()
        raise Unavailable("postgres")

    settling = asyncio.create_task(rig.settle(work))
    while not settling.done():
        await asyncio.wait({settling}, timeout=0.001)
        rig.clock.advance(1)

    assert (calls, settling.result().acks) == (1, 1)


async def test_f30_a_job_that_keeps_killing_its_worker_runs_alone_at_last(rig: Rig) -> None:
    rig.database.update(rig.job, status=JobStatus.PROCESSING, attempt=2, lease_until=rig.clock.now())
    inside, together, neighbours_may_end = 0, list[int](), asyncio.Event()

    async def work(event: GenerationRequested, attempt: Attempt) -> None:
        nonlocal inside
        inside += 1
        if attempt.number == 1:
            await neighbours_may_end.wait()
        else:
            together.append(inside)
        inside -= 1
        await rig.write(event, attempt)

    async def settle(event: GenerationRequested) -> None:
        envelope = encode(event)
        message = Message(RawMessage(dict(envelope.headers), CONTENT_TYPE, envelope.body))
        await rig.consumer.settle(message, GenerationRequested, work)

    neighbours = [asyncio.create_task(settle(rig.accepted())) for _ in range(2)]
    await asyncio.wait(neighbours, timeout=0.01)
    suspect = asyncio.create_task(settle(rig.event))
    await asyncio.wait({suspect}, timeout=0.01)
    attempt_while_waiting = rig.job.attempt
    neighbours_may_end.set()
    await asyncio.gather(suspect, *neighbours)

    assert attempt_while_waiting == 2
    assert together == [1]
    assert rig.status is JobStatus.DONE
