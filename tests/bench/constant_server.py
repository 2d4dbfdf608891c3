"""An HTTP server that answers every request with one body: the load generator's ceiling, and an instant model provider.

`python -m tests.bench.constant_server PORT < BODY`.
"""

import asyncio
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

import httptools
import uvloop
from tests.bench.instant import COMPLETION
from tests.bench.subjects import accepts_connections
from tests.support.processes import free_port, stop_tree, wait_until


class _Connection(asyncio.Protocol):
    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self._transport is not None:
            self._transport.write(self._answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None


async def serve(port: int, body: bytes) -> None:
    """Until the process is stopped."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    answer = head.encode() + body
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(answer), "127.0.0.1", port)
    await server.serve_forever()


@contextmanager
def constant_server(body: str) -> Generator[int]:
    """The port of a process that answers everything with `body`."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.constant_server", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        if process.stdin is not None:
            process.stdin.write(body.encode())
            process.stdin.close()
        wait_until(lambda: accepts_connections(port), "the constant server")
        yield port
    finally:
        stop_tree(process)


@contextmanager
def instant_provider() -> Generator[str]:
    """The base URL of a provider that speaks OpenAI's protocol as far as one chat completion goes."""
    with constant_server(COMPLETION) as port:
        yield f"http://127.0.0.1:{port}/v1"


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.stdin.buffer.read()))
