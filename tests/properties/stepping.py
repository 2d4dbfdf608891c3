"""Who runs when: one event loop that stops when nothing is left to do, and activities that run only as far as they are let."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import Any, Generic, TypeVar

from shared.faults import InjectedFault

T = TypeVar("T")
FOR_EVER = 1_000_000
_acting: ContextVar["Activity[Any] | None"] = ContextVar("acting", default=None)


class SteppedLoop(asyncio.SelectorEventLoop):
    """An event loop that `settle` runs until every task waits for something that only a later step brings."""

    def __init__(self) -> None:
        super().__init__()
        self._added = 0
        self.set_exception_handler(_report)

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Any = None) -> asyncio.Handle:
        self._added += 1
        return super().call_soon(callback, *args, context=context)

    def settle(self) -> None:
        while True:
            self._added = 0
            super().call_soon(self.stop)
            self.run_forever()
            if not self._added:
                return


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Nobody is left to hear how tasks of a dead process end."""
    if not isinstance(context.get("exception"), InjectedFault):
        loop.default_exception_handler(context)


class Process:
    """A service process. Once it is dead nothing it does has an effect, and its memory is gone with it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False
        self.activities: list[Activity[Any]] = []

    def die(self) -> None:
        self.dead = True
        for activity in self.activities:
            activity.vanish()


class Activity(Generic[T]):
    """One handler of a process at work: it pauses in front of an effect when it has no turn left."""

    def __init__(self, loop: SteppedLoop, process: Process, work: Coroutine[Any, Any, T], turns: int) -> None:
        self._loop = loop
        self.process = process
        self._turns = turns
        self._waiting: list[asyncio.Future[None]] = []
        context = copy_context()
        context.run(_acting.set, self)
        self._task = loop.create_task(work, context=context)
        process.activities.append(self)

    @property
    def paused(self) -> bool:
        return bool(self._waiting) and not self.process.dead

    @property
    def ended(self) -> bool:
        return self._task.done()

    def outcome(self) -> T | BaseException:
        """What ended activity came to."""
        if self._task.cancelled():
            return InjectedFault("vanished")
        return self._task.exception() or self._task.result()

    def go_on(self, turns: int, *, latest_first: bool = False) -> None:
        """Allow as many effects; when several tasks of the activity wait, the one that came first goes first, or last."""
        self._turns += turns
        for waiter in reversed(self._waiting) if latest_first else self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting = []

    def vanish(self) -> None:
        self._task.cancel()
        self.go_on(0)

    async def turn(self) -> None:
        while self._turns == 0 and not self.process.dead:
            waiter = self._loop.create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            finally:
                self._waiting = [other for other in self._waiting if other is not waiter]
        if self.process.dead:
            raise InjectedFault(f"{self.process.name} is dead")
        self._turns -= 1


async def turn() -> None:
    """What every fake awaits before it does anything: a pause, or the end of whoever died meanwhile."""
    activity = _acting.get()
    if activity is not None:
        await activity.turn()
