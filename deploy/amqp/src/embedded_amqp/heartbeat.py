"""Heartbeats of one connection (AMQP 0-9-1 specification, section 4.2.7)."""

import asyncio
from collections.abc import Callable


class Heartbeat:
    """Calls `beat` twice per interval, and `dead` once nothing was heard for two. Not used for an interval of 0."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        interval_s: int,
        beat: Callable[[], None],
        dead: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._interval_s = interval_s
        self._beat = beat
        self._dead = dead
        self._listening = True
        self._heard_at = loop.time()
        self._timer = loop.call_later(interval_s / 2, self._tick)

    def heard(self) -> None:
        self._heard_at = self._loop.time()

    def listen(self, *, listening: bool) -> None:
        """A peer whose socket is not read cannot be heard."""
        self._listening = listening
        self.heard()

    def stop(self) -> None:
        self._timer.cancel()

    def _tick(self) -> None:
        self._timer = self._loop.call_later(self._interval_s / 2, self._tick)
        if self._listening and self._loop.time() - self._heard_at > 2 * self._interval_s:
            self._dead()
        else:
            self._beat()
