"""Is somebody really listening? An open connection does not say so.

A queue that exists without consumers is subscribed again, a queue that is missing is declared again; if that does not help, the process
ends with an error so that its supervisor starts a fresh one.
"""

import contextlib
from collections.abc import Awaitable, Callable, Sequence

import structlog
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from shared.errors import Unavailable
from shared.messaging.queue_states import RabbitQueues
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
        self._broker = RabbitQueues(url, f"{service}-watchdog")
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
            found = await self._broker.states(self._queues)
        except Unavailable as away:
            log.warning("watchdog.blind", cause=repr(away.__cause__))
            self.consuming = False
            return
        missing = [name for name in self._queues if name not in found or not found[name].consumers]
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
            found = await self._broker.states([queue.name])
        except Unavailable:
            return None
        return found[queue.name].ready if queue.name in found else 0
