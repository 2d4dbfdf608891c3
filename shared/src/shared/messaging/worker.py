"""A worker process: messaging, health probes, and an orderly end."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
import uvicorn
import uvloop
from pydantic_settings import BaseSettings

from shared.db.engine import Database
from shared.health import CheckStatus, Health
from shared.messaging.runtime import Messaging
from shared.settings import HealthSettings

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)
Probe = Callable[[], Awaitable[CheckStatus]]
S = TypeVar("S", bound=BaseSettings)


class _Server(uvicorn.Server):
    """Leaves signals to the worker."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@dataclass(slots=True)
class Worker:
    """Runs until a signal or a fatal error. `owns` are closed last, in order."""

    service: str
    instance_id: str
    health: HealthSettings
    database: Database
    messaging: Messaging
    probes: Mapping[str, Probe] = field(default_factory=dict[str, Probe])
    owns: Sequence[Callable[[], Awaitable[None]]] = ()

    async def checks(self) -> Mapping[str, CheckStatus]:
        consuming = self.messaging.connected and self.messaging.consuming
        return {
            "postgres": CheckStatus.OK if await self.database.reachable() else CheckStatus.ERROR,
            **{name: await probe() for name, probe in self.probes.items()},
            "rabbitmq": CheckStatus.OK if self.messaging.connected else CheckStatus.ERROR,
            "consumers": CheckStatus.OK if consuming else CheckStatus.ERROR,
        }

    async def run(self) -> int:
        """The exit status: 0 after SIGTERM or SIGINT, 1 after a fatal error."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        health = Health(self.service, self.instance_id, self.checks)
        config = uvicorn.Config(
            health,
            host=self.health.health_host,
            port=self.health.health_port,
            log_config=None,
            access_log=False,
            lifespan="off",
        )
        server = _Server(config)
        serving = asyncio.create_task(_serve(server))
        self.messaging.start()
        log.info("worker.started", service=self.service)
        waits = [asyncio.create_task(stop.wait()), asyncio.create_task(self.messaging.failed.wait()), serving]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        health.draining = True
        failed = not stop.is_set()
        await self.messaging.stop()
        server.should_exit = True
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(5):
                await asyncio.gather(serving, return_exceptions=True)
        for wait in waits:
            wait.cancel()
        for close in self.owns:
            await close()
        await self.database.close()
        log.info("worker.stopped", service=self.service)
        return 1 if failed else 0


async def _serve(server: uvicorn.Server) -> None:
    try:
        await server.serve()
    except SystemExit:  # uvicorn's way to say that the port is taken; it has logged the address
        return


def run_worker(create: Callable[[S], Worker], settings: S) -> int:
    """Build the worker inside the event loop that runs it; the exit status."""

    async def main() -> int:
        return await create(settings).run()

    return uvloop.run(main())
