"""One read for many readers."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Readers of one key share reads, and none gets the result of a read that may be older than what it was told before it came.

    A read says of its result whether it is current: not older than anything announced until it ended. Such a result serves everyone
    who came while the read ran; any other serves only those who came before it began, and the rest share one new read. So a burst
    costs one read, at most two. A reader who leaves takes nothing from the others.
    """

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Task[tuple[T, bool]]] = {}

    async def __call__(self, key: Hashable, read: Callable[[], Awaitable[tuple[T, bool]]]) -> T:
        if key in self._flights:
            result, current = await asyncio.shield(self._flights[key])
            if current:
                return result
        if key not in self._flights:
            self._flights[key] = asyncio.create_task(self._fly(key, read))
        result, _ = await asyncio.shield(self._flights[key])
        return result

    async def _fly(self, key: Hashable, read: Callable[[], Awaitable[tuple[T, bool]]]) -> tuple[T, bool]:
        try:
            return await read()
        finally:
            del self._flights[key]
