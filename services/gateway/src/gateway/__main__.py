"""`python -m gateway`: serve HTTP until SIGTERM, then drain and exit with 0."""

import asyncio
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager

import structlog
import uvicorn

from gateway.app import create_app
from gateway.config import GatewaySettings
from gateway.parts import SERVICE, Running
from shared import telemetry
from shared.settings import load

DRAIN_S = 20
KEEP_ALIVE_S = 75

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class Server(uvicorn.Server):
    """Ends with 0 after a signal, instead of dying of it."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def serve(server: Server, listening: socket.socket, running: Running) -> int:
    """The exit status: 0 after SIGTERM or SIGINT, 1 when a part that must not end has ended."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.force_exit = server.should_exit  # the second signal does not wait
        server.should_exit = True
        running.drain()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)

    async def watch() -> None:
        await running.messaging.failed.wait()
        stop()

    watching = asyncio.create_task(watch())
    log.info("gateway.started", address="{}:{}".format(*listening.getsockname()[:2]))
    await server.serve(sockets=[listening])
    failed = running.messaging.failed.is_set() or not server.started
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    log.info("gateway.stopped")
    return int(failed)


def main() -> int:
    settings = load(GatewaySettings)
    try:
        family = socket.AF_INET6 if ":" in settings.gateway_host else socket.AF_INET
        listening = socket.create_server((settings.gateway_host, settings.gateway_port), family=family, backlog=2048)
    except OSError as error:
        where, why = f"{settings.gateway_host}:{settings.gateway_port}", str(error.strerror).partition(" (")[0]
        print(f"moviemind: GATEWAY_PORT: cannot listen on {where}: {why}", file=sys.stderr)  # noqa: T201
        return 1
    tracer_provider = telemetry.setup(SERVICE, settings.instance_id, settings)
    app = create_app(settings, tracer_provider)
    config = uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_S,
    )
    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            return runner.run(serve(Server(config), listening, app.state.running))
    finally:
        tracer_provider.shutdown()


if __name__ == "__main__":
    sys.exit(main())
