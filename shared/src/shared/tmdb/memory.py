"""Answers that are asked for once."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from shared.clock import Clock

A = TypeVar("A")


class Memory(Generic[A]):
    """Each answer is fetched once, however many ask for it at the same time, and remembered as long as `lasting_s` says of it.

    Errors reach everyone who waits and are not remembered. Of more than `max_entries` answers the oldest is forgotten.
    """

    def __init__(self, clock: Clock, *, lasting_s: Callable[[A], float], max_entries: int) -> None:
        self._clock = clock
        self._lasting_s = lasting_s
        self._max_entries = max_entries
        self._stored: OrderedDict[Hashable, tuple[float, A]] = OrderedDict()
        self._flights: dict[Hashable, asyncio.Task[A]] = {}

    async def __call__(self, key: Hashable, ask: Callable[[], Awaitable[A]]) -> A:
        known = self._stored.get(key)
        if known is not None and self._clock.monotonic() < known[0]:
            return known[1]
        if key not in self._flights:
            self._flights[key] = asyncio.create_task(self._fly(key, ask))
        # shielded: one caller who leaves does not take the answer from the others
        return await asyncio.shield(self._flights[key])

    async def _fly(self, key: Hashable, ask: Callable[[], Awaitable[A]]) -> A:
        try:
            answer = await ask()
        finally:
            del self._flights[key]
        self._stored[key] = (self._clock.monotonic() + self._lasting_s(answer), answer)
        self._stored.move_to_end(key)
        while len(self._stored) > self._max_entries:
            self._stored.popitem(last=False)
        return answer
