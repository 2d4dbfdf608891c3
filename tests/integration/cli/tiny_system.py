"""A system of tiny processes: `python tiny_system.py DATA_DIR NAME…` runs one under a supervisor until it is told to stop."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from moviemind.errors import CliError
from moviemind.paths import DataDir
from moviemind.state import Endpoints
from moviemind.supervisor.child import ChildSpec
from moviemind.supervisor.credentials import Credentials
from moviemind.supervisor.plan import Options, Plan
from moviemind.supervisor.progress import PlainProgress
from moviemind.supervisor.system import running

OBEDIENT = "import pathlib, signal, sys; pathlib.Path(sys.argv[1]).touch(); signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + OBEDIENT.replace(
    "signal.pause()", "[signal.pause() for _ in iter(int, 1)]"
)
BROKEN = "import sys; sys.exit('moviemind: RABBITMQ_URL: must start with amqp://')"
SILENT = "import signal; signal.pause()"

ENDPOINTS = Endpoints(
    database_url="postgresql://127.0.0.1/x",
    rabbitmq_url="amqp://127.0.0.1/",
    redis_url="redis://127.0.0.1/0",
    gateway_url="http://127.0.0.1:1",
    sandbox_url="http://127.0.0.1:2",
    health_urls={},
)


def tiny(data: DataDir, name: str, program: str = OBEDIENT, ready_within_s: float = 20.0) -> ChildSpec:
    """A process that is ready when its file exists."""
    mark = data.root / f"{name}.ready"

    async def ready() -> str | None:
        return None if mark.exists() else "no file yet"

    return ChildSpec(
        name=name,
        argv=(sys.executable, "-S", "-c", program, str(mark)),
        env={"PATH": os.defpath},
        log=data.logs / f"{name}.log",
        ready=ready,
        before_start=lambda: mark.unlink(missing_ok=True),
        ready_within_s=ready_within_s,
    )


def plan_of(
    *stages: tuple[ChildSpec, ...], migration: ChildSpec | None = None
) -> Callable[[Options, Credentials], Plan]:
    return lambda _options, _credentials: Plan(endpoints=ENDPOINTS, given={}, stages=stages, migration=migration)


async def main(data: DataDir, names: list[str]) -> None:
    data.prepare()
    stages = tuple((tiny(data, name),) for name in names)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with running(Options(data=data, environ={}), PlainProgress(Console(stderr=True)), plan_of(*stages)):
        print("ready", flush=True)  # noqa: T201 - what the tests wait for
        await stop.wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(main(DataDir.of(Path(sys.argv[1])), sys.argv[2:]))
        except CliError as error:
            sys.exit(error.message)
