"""An answer that goes on for ever."""

import asyncio
from collections.abc import AsyncIterator

import httpx2


class Endless(httpx2.AsyncByteStream):
    """A body that never ends: large chunks at once, or one byte now and then nothing more."""

    def __init__(self, chunk: bytes, *, stalls: bool) -> None:
        self._chunk = chunk
        self._stalls = stalls
        self.sent = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += len(self._chunk)
            yield self._chunk
            if self._stalls:
                await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.closed = True
