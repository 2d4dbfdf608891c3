"""Is somebody really listening? An open connection does not say so.

A queue that exists without consumers is subscribed again, a queue that is missing is declared again; if that does not help, the process
ends with an error so that its supervisor starts a fresh one.
"""

import contextlib
from collections.abc import Awaitable, Callable, Sequence

import aio_pika
import structlog
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity
from yarl import URL

from shared.topology import WorkQueue

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class ConsumersLost(Exception):
    """Consumers could not be registered again."""


class Watchdog:
    """Compares the consumers this process should have with those the broker has registered."""

    EVERY_S = 5.0
    GIVE_UP_AFTER = 3

    def __init__(
        self, url: str, service: str, queues: Sequence[WorkQueue], resubscribe: Callable[[], Awaitable[None]]
    ) -> None:
        self._url = URL(url).update_query(heartbeat="10", name=f"{service}-watchdog")
        self._queues = queues
        self._resubscribe = resubscribe
        self._strikes = 0
        self.consuming = not queues

    async def check(self) -> None:
        """Look once. Raises ConsumersLost after three looks in a row that found a queue of ours without a consumer."""
        if not self._queues:
            return
        try:
            missing = [queue.name for queue in self._queues if not (await self._declared(queue))[1]]
        except (AMQPError, OSError, TimeoutError) as error:
            log.warning("watchdog.blind", error=type(error).__name__)
            self.consuming = False
            return
        self.consuming = not missing
        if not missing:
            self._strikes = 0
            return
        self._strikes += 1
        log.error("consumers.missing", queues=missing, strikes=self._strikes)
        if self._strikes >= self.GIVE_UP_AFTER:
            raise ConsumersLost(", ".join(missing))
        with contextlib.suppress(AMQPError, OSError, TimeoutError):
            await self._resubscribe()

    async def ready_messages(self, queue: WorkQueue) -> int | None:
        """Messages waiting in `queue`; 0 when it does not exist, None when the broker cannot be asked."""
        try:
            return (await self._declared(queue))[0]
        except (AMQPError, OSError, TimeoutError):
            return None

    async def _declared(self, queue: WorkQueue) -> tuple[int, int]:
        """(ready messages, consumers) of `queue`, zeros when it does not exist."""
        connection = await aio_pika.connect(self._url, timeout=5)
        async with connection:
            channel = await connection.channel()
            try:
                found = (await channel.declare_queue(queue.name, passive=True, timeout=5)).declaration_result
            except ChannelNotFoundEntity:
                return 0, 0
            return found.message_count or 0, found.consumer_count or 0
