"""How a delivery ends: done, transient, permanent or unavailable, and in no other way.

    done         effect, inbox and outbox committed by the use case, then ack
    transient    attempt and error recorded, the next attempt scheduled as an outbox row, one transaction, then ack
    permanent    job FAILED, its failed event and a dead letter, one transaction, then ack
    unavailable  no ack: the attempt goes on when the store answers, so an outage becomes neither dead letters nor lost attempts

Work runs in a task of its own: losing the connection to the broker cancels the handler, but not an AI call that is being paid for. The
redelivery finds the live lease and waits for it.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

import structlog
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from opentelemetry import trace

from shared.clock import Clock
from shared.envelope import decode
from shared.errors import BadMessage, LeaseLost, Permanent, Transient, Unavailable
from shared.events import Event, JobEvent
from shared.faults import InjectedFault, crash_point
from shared.jobs import Attempt, Failure, FailureType, Suspect
from shared.messaging.gate import Gate

E = TypeVar("E", bound=Event)
J = TypeVar("J", bound=JobEvent)
T = TypeVar("T")
RECHECK_S = 1.0
"""Pause between two looks at a store that is away."""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class Raw(Protocol):
    """The undecoded message."""

    @property
    def headers(self) -> Mapping[str, Any]: ...

    @property
    def content_type(self) -> str | None: ...

    @property
    def body(self) -> bytes: ...


class Delivery(Protocol):
    """One arrival of a message: what FastStream hands to a handler, as far as settling it goes."""

    @property
    def raw_message(self) -> Raw: ...

    async def ack(self) -> None: ...


class Parking(Protocol):
    """Where deliveries go that no handler can read."""

    async def park(self, message: BadMessage, headers: Mapping[str, Any], body: bytes) -> None: ...


class Attempts(Parking, Protocol):
    """The job ledger; see `shared.db.attempts.PostgresAttempts` for what each call guarantees."""

    async def claim(self, event: JobEvent, *, alone: bool = False) -> Attempt | Suspect | None: ...

    async def renew(self, attempt: Attempt) -> bool: ...

    async def retry(self, attempt: Attempt, event: JobEvent, cause: Transient) -> None: ...

    async def release(self, attempt: Attempt, event: JobEvent) -> None: ...

    async def fail(self, attempt: Attempt, event: JobEvent, failure: Failure) -> None: ...


class EventConsumer:
    """Settles deliveries of events whose effect may be repeated harmlessly."""

    def __init__(self, parking: Parking, clock: Clock) -> None:
        self._parking = parking
        self._clock = clock

    async def settle(
        self, delivery: Delivery, expected: tuple[type[E], ...], work: Callable[[E], Awaitable[None]]
    ) -> None:
        """Do `work` for the event in `delivery`, then ack.

        Messages that cannot be read, or whose work has a bug, are parked; nothing is acked while a store is away.
        """

        async def handle() -> None:
            event = await read(delivery, expected, self._parking)
            if event is not None:
                await parked_if_it_crashes(delivery, event, self._parking, lambda: work(event))

        await crash_point("consumer.after_delivery")
        await until_available(handle, self._clock)
        await crash_point("consumer.before_ack")
        await ack(delivery)


class JobConsumer:
    """Settles deliveries that ask for a job: at most `concurrency` attempts at a time, each under a lease that is renewed while it runs.

    `admitted` returns when an attempt makes sense. Until then deliveries wait unclaimed and unacked; prefetch bounds how many, copies that
    the sweep sends of them included.
    """

    def __init__(
        self,
        attempts: Attempts,
        clock: Clock,
        *,
        concurrency: int,
        lease_s: float,
        admitted: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._attempts = attempts
        self._clock = clock
        self._renew_every_s = lease_s / 3
        self._gate = Gate(concurrency, admitted)
        self._running: set[asyncio.Task[None]] = set()

    async def settle(
        self, delivery: Delivery, expected: type[J], work: Callable[[J, Attempt], Awaitable[None]]
    ) -> None:
        """Do `work` for the job that `delivery` asks for, in one of the four ways; then ack."""

        async def handle() -> None:
            event = await read(delivery, (expected,), self._attempts)
            if event is not None:
                await parked_if_it_crashes(delivery, event, self._attempts, lambda: self._attempt(event, work))

        await crash_point("consumer.after_delivery")
        task = asyncio.create_task(until_available(handle, self._clock))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.shield(task)
        await crash_point("consumer.before_ack")
        await ack(delivery)

    async def drain(self, grace_s: float) -> None:
        """Let go of what has not begun, let what runs end within `grace_s`, then interrupt the rest: it hands its attempt back."""
        self._gate.dismiss()
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=grace_s)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=5)

    async def _attempt(self, event: J, work: Callable[[J, Attempt], Awaitable[None]]) -> None:
        """Claimed only once there is room to run: nobody holds a lease while waiting."""
        async with self._gate.enter():
            claimed = await self._attempts.claim(event)
            if isinstance(claimed, Attempt):
                await self._run(event, claimed, work)
        if isinstance(claimed, Suspect):
            async with self._gate.enter(alone=True):
                claimed = await self._attempts.claim(event, alone=True)
                if isinstance(claimed, Attempt):
                    await self._run(event, claimed, work)

    async def _run(self, event: J, attempt: Attempt, work: Callable[[J, Attempt], Awaitable[None]]) -> None:
        await crash_point("consumer.after_claim")
        span = trace.get_current_span()
        span.set_attributes(
            {
                "moviemind.job.id": str(attempt.job_id),
                "moviemind.job.attempt": attempt.number,
                "moviemind.entity.kind": attempt.entity_kind,
                "moviemind.entity.slug": attempt.slug,
            }
        )
        with structlog.contextvars.bound_contextvars(job_id=str(attempt.job_id), attempt=attempt.number):
            try:
                await self._under_lease(attempt, lambda: work(event, attempt))
            except Transient as cause:
                log.warning("attempt.failed", failure=cause.failure.type, detail=cause.failure.technical_message)
                await self._retry(attempt, event, cause)
            except Permanent as cause:
                log.warning("job.failed", failure=cause.failure.type, detail=cause.failure.technical_message)
                failed = cause.failure
                await until_available(lambda: self._attempts.fail(attempt, event, failed), self._clock)
            except LeaseLost:
                log.warning("attempt.discarded")
            except asyncio.CancelledError:
                log.warning("attempt.interrupted")
                with contextlib.suppress(Unavailable):  # then the lease ends by itself
                    await self._attempts.release(attempt, event)
                raise
            except InjectedFault:
                raise
            except Exception as error:  # a bug must not become an endless redelivery
                log.exception("attempt.crashed")
                detail = f"{type(error).__name__} while handling {event.type}"
                failure = Failure(type=FailureType.UNKNOWN_ERROR, technical_message=detail)
                await self._retry(attempt, event, Transient(failure))

    async def _retry(self, attempt: Attempt, event: JobEvent, cause: Transient) -> None:
        await until_available(lambda: self._attempts.retry(attempt, event, cause), self._clock)

    async def _under_lease(self, attempt: Attempt, work: Callable[[], Awaitable[None]]) -> None:
        worker = asyncio.create_task(self._through_outages(attempt, work))
        renewal = asyncio.create_task(self._renew(attempt))
        try:
            await asyncio.wait({worker, renewal}, return_when=asyncio.FIRST_COMPLETED)
            if not worker.done():
                worker.cancel()
                await asyncio.wait({worker})
                raise LeaseLost(str(attempt.job_id))
            worker.result()
        finally:
            renewal.cancel()
            worker.cancel()
            await asyncio.gather(renewal, worker, return_exceptions=True)

    async def _through_outages(self, attempt: Attempt, work: Callable[[], Awaitable[None]]) -> None:
        """An outage costs no attempt: once the store answers, and if the lease is still ours, the same attempt goes on from what is stored.

        A commit of unknown outcome is found here too: the job that it ended is no longer ours.
        """
        while True:
            try:
                return await work()
            except Unavailable as away:
                log.warning("attempt.waiting", dependency=away.dependency)
                await self._clock.sleep(RECHECK_S)
            if not await until_available(lambda: self._attempts.renew(attempt), self._clock):
                raise LeaseLost(str(attempt.job_id))

    async def _renew(self, attempt: Attempt) -> None:
        """Returns when the lease is lost; while Postgres is away the compare-and-set of the effect decides."""
        while True:
            await self._clock.sleep(self._renew_every_s)
            try:
                if not await self._attempts.renew(attempt):
                    return
            except Unavailable:
                continue


async def read(delivery: Delivery, expected: tuple[type[E], ...], parking: Parking) -> E | None:
    """The event in `delivery`; None after parking one that is none of `expected`."""
    raw = delivery.raw_message
    try:
        event = decode(raw.headers, raw.content_type, raw.body)
    except BadMessage as problem:
        bad = problem
    else:
        if isinstance(event, expected):
            return event
        bad = BadMessage("unexpected-type", event.type)
    log.error("delivery.parked", reason=bad.reason, detail=bad.detail)
    await parking.park(bad, raw.headers, raw.body)
    return None


async def parked_if_it_crashes(
    delivery: Delivery, event: Event, parking: Parking, work: Callable[[], Awaitable[None]]
) -> None:
    """Do `work`; park the delivery when a bug ends it, so that it becomes neither an endless redelivery nor one that nobody settles."""
    try:
        await work()
    except (Unavailable, InjectedFault, asyncio.CancelledError):
        raise
    except Exception as error:  # whatever the bug raises
        log.exception("event.crashed")
        bad = BadMessage("handler-crashed", f"{type(error).__name__} while handling {event.type}")
        await parking.park(bad, delivery.raw_message.headers, delivery.raw_message.body)


async def until_available(work: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """Repeat `work` until the stores it needs answer. The delivery stays unacked meanwhile, and prefetch bounds how many do."""
    while True:
        try:
            return await work()
        except Unavailable as away:
            log.warning("dependency.unavailable", dependency=away.dependency)
            await clock.sleep(RECHECK_S)


async def ack(delivery: Delivery) -> None:
    """Ack; a channel that is gone by now redelivers, and the redelivery finds everything done."""
    try:
        await delivery.ack()
    except (AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError) as error:
        log.warning("ack.lost", error=type(error).__name__)
