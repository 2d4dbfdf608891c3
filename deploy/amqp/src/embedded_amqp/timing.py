"""What the broker core asks of its surroundings: two clocks and a way to be called later."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    def cancel(self) -> None: ...


class Scheduler(Protocol):
    """Callbacks run one at a time, never inside the call that scheduled them."""

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    def wall(self) -> float:
        """Seconds since the Unix epoch."""
        ...

    def soon(self, callback: Callable[[], None]) -> None: ...

    def at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once `now()` has reached `when`."""
        ...


class LoopScheduler:
    """The running asyncio loop as a `Scheduler`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        return self._loop.time()

    def wall(self) -> float:
        return time.time_ns() / 1e9

    def soon(self, callback: Callable[[], None]) -> None:
        self._loop.call_soon(callback)

    def at(self, when: float, callback: Callable[[], None]) -> Timer:
        return self._loop.call_at(when, callback)
