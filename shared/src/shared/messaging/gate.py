"""Admission of attempts: many at a time, or one that wants to be alone."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Gate:
    """At most `capacity` inside; one that enters `alone` waits until nobody is inside and lets nobody in beside it.

    See `shared.jobs.Suspect` for who does.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._inside = 0
        self._alone_waiting = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def enter(self, *, alone: bool = False) -> AsyncGenerator[None]:
        weight = self._capacity if alone else 1
        async with self._changed:
            self._alone_waiting += alone
            try:
                await self._changed.wait_for(
                    lambda: self._inside + weight <= self._capacity and (alone or not self._alone_waiting)
                )
            finally:
                self._alone_waiting -= alone
            self._inside += weight
        try:
            yield
        finally:
            async with self._changed:
                self._inside -= weight
                self._changed.notify_all()
