"""What runs beside the handlers of every service: the connection, the relay, the sweep and the watchdog.

The broker is connected in the background and retried for ever, so a service starts in any order with its dependencies and says in its
readiness what it waits for.
"""

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from typing import Any

import structlog
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from faststream.exceptions import FastStreamException
from faststream.rabbit import RabbitBroker
from opentelemetry.instrumentation.utils import suppress_instrumentation

from shared.clock import Clock
from shared.db.engine import Database
from shared.db.sweep import INBOX_RETENTION_S, Sweep, Tidy
from shared.messaging.broker import declare_topology
from shared.messaging.consume import JobConsumer
from shared.messaging.invariant_watch import InvariantWatch
from shared.messaging.publisher import RabbitPublisher
from shared.messaging.watchdog import Watchdog
from shared.outbox.relay import Pace, Relay
from shared.topology import WorkQueue

CONNECT_AGAIN_S = 1.0
DRAIN_S = 15.0
SWEEP_EVERY_S = 5.0
TOPOLOGY_EVERY_S = 15.0
"""The client library brings a deleted queue back by itself, before anyone looks, but with one of its bindings only."""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class Messaging:
    """Owns the connections of one process to its broker: `broker` consumes, `relay_broker` publishes.

    They are two, because a broker that is short of memory stops reading from a connection that publishes: acks on the same connection
    would not be read either, and nothing would leave the queues that fill the memory.
    `sweeps` is for processes that may write jobs. `failed` is set when a part that must not end has ended: the process
    should then exit with status 1.
    """

    def __init__(
        self,
        *,
        url: str,
        service: str,
        broker: RabbitBroker,
        relay_broker: RabbitBroker,
        database: Database,
        clock: Clock,
        queues: Sequence[WorkQueue] = (),
        consumer: JobConsumer | None = None,
        sweeps: bool = True,
        sweep_every_s: float = SWEEP_EVERY_S,
        watch: InvariantWatch | None = None,
        inbox_retention_s: float = INBOX_RETENTION_S,
        tidy: Tidy | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._url = url
        self._service = service
        self._broker = broker
        self._relay_broker = relay_broker
        self._receiving = False
        self._clock = clock
        self._consumer = consumer
        self._publisher = RabbitPublisher(relay_broker)
        self._relay = Relay(database, self._publisher, clock, pace)
        consumed = [name for queue in queues for name in (queue.name, queue.dead_name)]
        self._watchdog = Watchdog(url, service, consumed, self._resubscribe)
        self._sweep = Sweep(database, self._watchdog.ready_messages, inbox_retention_s=inbox_retention_s, tidy=tidy)
        self._sweeps = sweeps
        self._sweep_every_s = sweep_every_s
        self._watch_invariants = watch
        self._tasks: list[asyncio.Task[None]] = []
        self._connecting: asyncio.Task[None] | None = None
        self.failed = asyncio.Event()
        database.on_commit(self._relay.wake)

    @property
    def connected(self) -> bool:
        return self._publisher.connected and self._receiving

    @property
    def consuming(self) -> bool:
        """Whether the broker has consumers registered on every queue of this service, those of dead letters included."""
        return self._watchdog.consuming

    def start(self) -> None:
        """Start everything in the background; returns at once."""
        self._connecting = self._spawn(self._connect())
        self._spawn(self._keep_topology())
        self._spawn(_untraced(self._relay.run()))
        if self._sweeps:
            self._spawn(_untraced(self._sweep_forever()))
        if self._watch_invariants is not None:
            self._spawn(_untraced(self._watch_invariants.run()))

    async def stop(self) -> None:
        """Finish what runs within the grace period, hand back the rest, publish what is due, disconnect."""
        if self._connecting is not None:  # it must not start the subscribers that are stopped here
            while not self._connecting.done():  # the client library takes a cancellation for a failed connection
                self._connecting.cancel()
                await asyncio.wait([self._connecting], timeout=1)
        if self._consumer is not None:
            # together, because stopping a subscriber waits for the handlers that draining ends
            stopping = (subscriber.stop() for subscriber in self._broker.subscribers)
            await asyncio.gather(*stopping, self._consumer.drain(DRAIN_S), return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(5):
                await self._relay.drain()
        await self._disconnect()

    async def _disconnect(self) -> None:
        for broker in (self._broker, self._relay_broker):
            with contextlib.suppress(Exception):
                async with asyncio.timeout(5):
                    await broker.stop()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        self._tasks.append(task)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.critical("messaging.failed", error=repr(error), exc_info=error)
            self.failed.set()

    async def _connect(self) -> None:
        """Connect once, then follow: the client library reconnects by itself, the watchdog checks that it did."""
        while True:
            try:
                await declare_topology(self._url, self._service)
                await self._relay_broker.start()
                await self._broker.start()
                break
            except (*CONNECTION_EXCEPTIONS, FastStreamException, TimeoutError) as error:
                log.warning("broker.unavailable", error=type(error).__name__)
                await self._disconnect()
                await self._clock.sleep(CONNECT_AGAIN_S)
        log.info("broker.connected")
        await self._watch()

    async def _watch(self) -> None:
        while True:
            self._publisher.connected = await self._relay_broker.ping(timeout=1.0)
            if self._publisher.connected:
                self._relay.wake()
            self._receiving = await self._broker.ping(timeout=1.0)
            if self._receiving:
                await self._watchdog.check()
            await self._clock.sleep(Watchdog.EVERY_S if self._watchdog.consuming else 1.0)

    async def _keep_topology(self) -> None:
        """Put back what was deleted, bindings above all: nothing tells of one that is missing but a message that finds no way."""
        while True:
            await self._clock.sleep(TOPOLOGY_EVERY_S)
            if not self._receiving:
                continue
            try:
                await declare_topology(self._url, self._service)
            except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
                log.warning("topology.incomplete", error=type(error).__name__)

    async def _resubscribe(self) -> None:
        """Put the topology back and register every consumer of this process again."""
        await declare_topology(self._url, self._service)
        for subscriber in self._broker.subscribers:
            await subscriber.stop()
            await subscriber.start()

    async def _sweep_forever(self) -> None:
        while True:
            await self._sweep.run_once()
            await self._clock.sleep(self._sweep_every_s)


async def _untraced(work: Coroutine[Any, Any, None]) -> None:
    """Polling is no part of any request: its statements would only make traces of their own."""
    with suppress_instrumentation():
        await work
