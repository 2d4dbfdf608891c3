"""Admission of attempts: many at a time, or one that wants to be alone."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any


class Gate:
    """At most `capacity` inside; one that enters `alone` waits until nobody is inside and lets nobody in beside it.

    See `shared.jobs.Suspect` for who does. `admitted` returns when entering makes sense at all.
    """

    def __init__(self, capacity: int, admitted: Callable[[], Awaitable[None]] | None = None) -> None:
        self._capacity = capacity
        self._admitted = admitted
        self._inside = 0
        self._alone_waiting = 0
        self._changed = asyncio.Condition()
        self._outside: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def enter(self, *, alone: bool = False) -> AsyncGenerator[None]:
        weight = self._capacity if alone else 1
        task = asyncio.current_task()
        if task is not None:
            self._outside.add(task)
        try:
            if self._admitted is not None:
                await self._admitted()
            await self._go_in(weight, alone=alone)
        finally:
            if task is not None:
                self._outside.discard(task)
        try:
            yield
        finally:
            async with self._changed:
                self._inside -= weight
                self._changed.notify_all()

    def dismiss(self) -> None:
        """Cancel the tasks that wait outside."""
        for task in self._outside:
            task.cancel()

    async def _go_in(self, weight: int, *, alone: bool) -> None:
        async with self._changed:
            self._alone_waiting += alone
            try:
                await self._changed.wait_for(
                    lambda: self._inside + weight <= self._capacity and (alone or not self._alone_waiting)
                )
            finally:
                self._alone_waiting -= alone
            self._inside += weight
