"""`demo`: the guided tour."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from moviemind.api import Api
from moviemind.commands.options import JsonOption
from moviemind.commands.up import until_signalled
from moviemind.console import err, out, print_json
from moviemind.demo.report import Report
from moviemind.demo.sandbox import Sandbox
from moviemind.demo.tour import Tour
from moviemind.demo_key import demo_key
from moviemind.errors import CliError
from moviemind.paths import DataDir
from moviemind.supervisor.plan import Options
from moviemind.supervisor.progress import LiveProgress, PlainProgress, SilentProgress
from moviemind.supervisor.system import System, running
from shared.clock import SystemClock

# what would point the tour at somebody's data or at providers that cost money
_LEFT_OUT = ("DATABASE_URL", "RABBITMQ_URL", "REDIS_URL", "OPENAI_", "TMDB_", "TRAKT_", "OMDB_", "TRACES_", "JOB_")


def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the logs and data behind, and say where.")] = False,
    json: JsonOption = False,
) -> None:
    """Start a system of its own, show what it promises, and check every promise. Ends with status 0 only when all hold.

    Uses the simulated providers, free ports and a temporary directory: nothing of yours is touched, and nothing is
    left.
    """
    asyncio.run(until_signalled(lambda: _demo(keep=keep, json=json)))


async def _demo(*, keep: bool, json: bool) -> None:
    report = Report(err if json else out)
    clock = SystemClock()
    began = clock.monotonic()
    folder = tempfile.mkdtemp(prefix="moviemind-demo-")
    try:
        await _on_own_system(DataDir.of(Path(folder)), report)
    finally:
        if keep:
            err.print(f"The logs and data are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    seconds = clock.monotonic() - began
    if json:
        print_json(
            {"ok": not report.failed, "held": report.held, "failed": report.failed, "seconds": round(seconds, 1)}
        )
    if report.failed:
        raise CliError(
            f"{len(report.failed)} of {len(report.failed) + report.held} facts did not hold", "\n".join(report.failed)
        )
    if not json:
        out.print(
            f"\n[bold green]All {report.held} facts hold[/], in {seconds:.1f} s. Start it for yourself: ./moviemind up"
        )


async def _on_own_system(data: DataDir, report: Report) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    options = Options(data=data, environ=environ, default_port=None, durable=False)
    with LiveProgress(err) if err.is_terminal else contextlib.nullcontext(PlainProgress(err)) as progress:
        async with running(options, progress) as system:
            if isinstance(progress, LiveProgress):
                progress.pause()
            system.report_to(SilentProgress())
            await _tour(options, system, report)


async def _tour(options: Options, system: System, report: Report) -> None:
    """The tour, ended early when a part of the system is beyond help."""
    ends = system.endpoints
    key = await demo_key(options.data, ends.database_url)
    async with Api.open(ends.gateway_url, key) as api, Sandbox.open(ends.sandbox_url) as sandbox:
        tour = asyncio.ensure_future(Tour(api, sandbox, options.data.traces, report, SystemClock()).run())
        try:
            await asyncio.wait((tour, system.failure), return_when=asyncio.FIRST_COMPLETED)
            await (tour if tour.done() else system.failure)
        finally:
            tour.cancel()
