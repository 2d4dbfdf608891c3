"""`python -m sandbox`: serves the sandbox until SIGTERM or SIGINT and says where it listens.

Exit codes: 0 stopped, 1 the sample facts are not usable or the address is taken, 2 wrong arguments.
"""

import argparse
import asyncio
import json
import signal
import socket
import struct
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.app import create_app
from sandbox.faults import Faults
from sandbox.tmdb.entries import FactsError
from sandbox.wire import ABORT_EXTENSION


class _Protocol(H11Protocol):
    """HTTP/1.1 whose application may cut the connection, for the fault `reset`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        app = self.app

        async def with_abort(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[ABORT_EXTENSION] = self._abort
            await app(scope, receive, send)

        self.app = with_abort

    def _abort(self) -> None:
        # zero linger turns the close into a TCP reset, which is what a crashed peer looks like
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class _Server(uvicorn.Server):
    """Prints its address once it listens, lets held calls go when it stops, and ends with exit code 0 on SIGTERM."""

    def __init__(self, config: uvicorn.Config, faults: Faults) -> None:
        super().__init__(config)
        self._faults = faults

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = (sockets or [])[0].getsockname()[:2]
        address = f"[{host}]" if ":" in host else host
        print(json.dumps({"url": f"http://{address}:{port}", "port": port}), flush=True)  # noqa: T201 -- a command prints

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._faults.remove()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the sandbox and gives the exit code."""
    parser = argparse.ArgumentParser("sandbox", description="Simulated OpenAI, TMDb, Trakt and OMDb with sample facts.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8900, help="0 takes a free port")
    options = parser.parse_args(arguments)
    if not 0 <= options.port <= 65535:
        parser.error("--port has to be from 0 to 65535")
    faults = Faults()
    try:
        app = create_app(faults=faults)
        listener = socket.create_server((options.host, options.port), family=_family(options.host), backlog=512)
    except (FactsError, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)  # noqa: T201 -- a command prints
        return 1
    config = uvicorn.Config(
        app, http=_Protocol, loop="asyncio", ws="none", log_level="warning", access_log=False, lifespan="off",
        timeout_graceful_shutdown=1, server_header=False,
    )  # fmt: skip
    with listener:
        _Server(config, faults).run(sockets=[listener])
    return 0


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


if __name__ == "__main__":
    sys.exit(main())
