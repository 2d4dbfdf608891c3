"""`up`: the whole system in the foreground."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer

from moviemind.commands.options import DataDirOption, JsonOption
from moviemind.console import err, out, print_json
from moviemind.demo_key import demo_key
from moviemind.paths import DataDir
from moviemind.supervisor.plan import GATEWAY_PORT, Options
from moviemind.supervisor.progress import LiveProgress, PlainProgress
from moviemind.supervisor.system import System, running


def up(
    data_dir: DataDirOption = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help=f"Port of the gateway. Default: {GATEWAY_PORT}, or the next free one."),
    ] = None,
    *,
    json: JsonOption = False,
) -> None:
    """Start everything and keep it running until Ctrl-C.

    PostgreSQL, Redis, the broker and the simulated providers come with MovieMind; DATABASE_URL, RABBITMQ_URL and
    REDIS_URL each use a server of yours instead, and OPENAI_API_KEY and TMDB_API_KEY the real provider. Data survives
    restarts.
    """
    options = Options(data=DataDir.of(data_dir), environ=dict(os.environ), port=port)
    asyncio.run(until_signalled(lambda: _up(options, json=json)))


async def until_signalled(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `work`; SIGINT, SIGTERM or SIGHUP cancels it once, so that it can clean up in peace."""
    loop, task = asyncio.get_running_loop(), asyncio.create_task(work())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, _cancel_once(task))
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _cancel_once(task: asyncio.Task[None]) -> Callable[[], None]:
    def on_signal() -> None:
        if not task.cancelling():
            task.cancel()

    return on_signal


async def _up(options: Options, *, json: bool) -> None:
    interactive = err.is_terminal
    with LiveProgress(err) if interactive else contextlib.nullcontext(PlainProgress(err)) as progress:
        async with running(options, progress) as system:
            if isinstance(progress, LiveProgress):
                progress.pause()
            plain = PlainProgress(err)
            system.report_to(plain)
            key = await demo_key(options.data, system.endpoints.database_url)
            _announce(options, system, key, json=json)
            await system.failure


def _announce(options: Options, system: System, key: str, *, json: bool) -> None:
    endpoints = system.endpoints
    if json:
        print_json(
            {
                "gateway_url": endpoints.gateway_url,
                "api_url": f"{endpoints.gateway_url}/api/v1",
                "docs_url": f"{endpoints.gateway_url}/api/doc",
                "sandbox_url": endpoints.sandbox_url,
                "health_urls": endpoints.health_urls,
                "api_key": key,
                "data_dir": str(options.data.root),
                "state": str(options.data.state),
            }
        )
        return
    default_taken = options.port is None and not endpoints.gateway_url.endswith(f":{options.default_port}")
    if default_taken:
        err.print(f"Port {options.default_port} is in use, so the gateway has another one.")
    out.print(
        f"\n[bold]MovieMind is ready[/]\n\n"
        f"  API        {endpoints.gateway_url}/api/v1\n"
        f"  Docs       {endpoints.gateway_url}/api/doc\n"
        f"  Demo key   {key}\n"
        f"  Sandbox    {endpoints.sandbox_url}/_sandbox/ledger\n"
        f"  Data       {options.data.root}\n\n"
        f"Try   curl -s {endpoints.gateway_url}/api/v1/movies/the-matrix-1999\n"
        f"      ./moviemind generate movie inception-2010 --locale pl-PL\n\n"
        f"Ctrl-C stops everything.",
        soft_wrap=True,
    )
