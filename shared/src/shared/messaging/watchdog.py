"""Is somebody really listening? An open connection does not say so.

A queue that exists without consumers is subscribed again, a queue that is missing is declared again; if that does not help, the process
ends with an error so that its supervisor starts a fresh one.
"""

import contextlib
from collections.abc import Awaitable, Callable, Sequence

import aio_pika
import structlog
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelNotFoundEntity

from shared.messaging.broker import connection_url
from shared.topology import WorkQueue

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class ConsumersLost(Exception):
    """Consumers could not be registered again."""


class Watchdog:
    """Compares the consumers this process should have with those the broker has registered."""

    EVERY_S = 5.0
    GIVE_UP_AFTER = 3

    def __init__(
        self, url: str, service: str, queues: Sequence[str], resubscribe: Callable[[], Awaitable[None]]
    ) -> None:
        self._url = connection_url(url, f"{service}-watchdog")
        self._queues = queues
        self._resubscribe = resubscribe
        self._strikes = 0
        self._resubscribed = True
        self.consuming = not queues

    async def check(self) -> None:
        """Look once. Raises ConsumersLost after three looks in a row that found a queue of ours without a consumer."""
        if not self._queues:
            return
        try:
            counts = await self._counts(self._queues)
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            log.warning("watchdog.blind", error=type(error).__name__)
            self.consuming = False
            return
        missing = [name for name, (_, consumers) in zip(self._queues, counts, strict=True) if not consumers]
        self.consuming = not missing and self._resubscribed
        if self.consuming:
            self._strikes = 0
            return
        self._strikes += 1
        log.error("consumers.missing", queues=missing, strikes=self._strikes)
        if self._strikes >= self.GIVE_UP_AFTER:
            raise ConsumersLost(", ".join(missing))
        self._resubscribed = False  # until it succeeds: consumers of other processes would hide that ours are stopped
        with contextlib.suppress(*CONNECTION_EXCEPTIONS, TimeoutError):
            await self._resubscribe()
            self._resubscribed = True

    async def ready_messages(self, queue: WorkQueue) -> int | None:
        """Messages waiting in `queue`; 0 when it does not exist, None when the broker cannot be asked."""
        try:
            return (await self._counts([queue.name]))[0][0]
        except (*CONNECTION_EXCEPTIONS, TimeoutError):
            return None

    async def _counts(self, names: Sequence[str]) -> list[tuple[int, int]]:
        """(ready messages, consumers) of each queue, zeros for one that does not exist."""
        connection = await aio_pika.connect(self._url, timeout=5)
        async with connection:
            return [await self._count(connection, name) for name in names]

    async def _count(self, connection: AbstractConnection, name: str) -> tuple[int, int]:
        channel = await connection.channel()  # of its own: a missing queue closes it
        try:
            found = (await channel.declare_queue(name, passive=True, timeout=5)).declaration_result
        except ChannelNotFoundEntity:
            return 0, 0
        return found.message_count or 0, found.consumer_count or 0
