"""A TCP proxy between a service and its server, which fails as networks do.

It runs in a thread of its own, so that a test of either kind can use it while the code under test talks through it.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

START_S = 10.0


class Proxy:
    """Forwards everything to the server of `url` until it is told otherwise; `url` is then the address through it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = parts.hostname, parts.port
        self._loop = asyncio.new_event_loop()
        self._to_server, self._to_client = asyncio.Event(), asyncio.Event()
        self._refusing = False
        self._open: set[asyncio.WriteTransport] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._server = self._in_thread(self._listen())
        port = self._server.sockets[0].getsockname()[1]
        self.url = url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{port}", 1)

    def silence(self) -> None:
        """Nothing passes and nothing is closed: to both sides the other one is just quiet."""
        self._in_thread(self._set(to_server=False, to_client=False))

    def mute_server(self) -> None:
        """The server hears everything and acts on it; its answers do not come through."""
        self._in_thread(self._set(to_server=True, to_client=False))

    def cut(self) -> None:
        """End every open connection; what was held back is lost."""
        self._in_thread(self._cut())

    def refuse(self) -> None:
        """End every open connection and let no new one live: the server is down."""
        self._in_thread(self._set(to_server=True, to_client=True, refusing=True))
        self.cut()

    def heal(self) -> None:
        """Forward again, what was held back first: late, but whole."""
        self._in_thread(self._set(to_server=True, to_client=True))

    def close(self) -> None:
        self._in_thread(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_S)
        self._loop.close()

    def _in_thread(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_S)

    async def _listen(self) -> asyncio.Server:
        await self._set(to_server=True, to_client=True)
        return await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def _set(self, *, to_server: bool, to_client: bool, refusing: bool = False) -> None:
        self._refusing = refusing
        for gate, is_open in ((self._to_server, to_server), (self._to_client, to_client)):
            if is_open:
                gate.set()
            else:
                gate.clear()

    async def _cut(self) -> None:
        for transport in self._open:
            transport.abort()
        self._open.clear()

    async def _close(self) -> None:
        self._server.close()
        await self._cut()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        with contextlib.suppress(OSError):
            upstream_reader, upstream = await asyncio.open_connection(*self._target)
            ends: set[asyncio.WriteTransport] = {writer.transport, upstream.transport}
            self._open |= ends
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pump(reader, upstream, self._to_server))
                tasks.create_task(_pump(upstream_reader, writer, self._to_client))
            self._open -= ends
        writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event) -> None:
    """One direction, until its source ends; then the other side is told."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            await gate.wait()
            writer.write(data)
            await writer.drain()
    await gate.wait()
    writer.close()


@contextmanager
def proxied(url: str) -> Generator[Proxy]:
    """A proxy before the server of `url`, gone at the end."""
    proxy = Proxy(url)
    try:
        yield proxy
    finally:
        proxy.close()
