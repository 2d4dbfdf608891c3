"""`chaos`: break everything for some minutes, then account for every request."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from moviemind.errors import CliError
from moviemind.paths import project_root

SCRIPTS = (
    "simple",
    "receiver_starts_later",
    "graceful_shutdown",
    "rolling_restart",
    "kill_one",
    "broker_restart",
    "store_restart",
    "redis_restart",
)


def chaos(
    *,
    minutes: Annotated[float, typer.Option(min=0.1, max=1440, help="How long things are broken.")] = 10.0,
    seed: Annotated[
        int | None, typer.Option(help="The same seed plans the same steps. Default: a random one, printed.")
    ] = None,
    script: Annotated[str | None, typer.Option(help=f"Only one of {', '.join(SCRIPTS)}. Default: all.")] = None,
    per_second: Annotated[float, typer.Option(min=0.1, max=1000, help="Requests of the clients.")] = 8.0,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="PATH", help="Where to write plan and verdict as JSON.")
    ] = None,
) -> None:
    """Kill, stop and pause servers and services under load, then heal them and account for every request.

    Runs on PostgreSQL, RabbitMQ and Redis of its own: programs of this machine or those that come with MovieMind, and the
    embedded broker where RabbitMQ is not installed. A running system is not touched. Ends with status 1 when a job was
    lost or doubled, when something exists that nobody asked for, or when an invariant is violated; the logs are then kept.
    """
    root = project_root()
    if not (root / "tests/faults/chaos").is_dir():
        raise CliError(
            "chaos needs the source of MovieMind with its tests",
            "Clone the repository and run ./moviemind chaos there.",
        )
    if script is not None and script not in SCRIPTS:
        raise CliError(f"there is no script {script!r}", f"There are: {', '.join(SCRIPTS)}.")
    arguments = ["--minutes", str(minutes), "--per-second", str(per_second)]
    arguments += ["--seed", str(seed)] if seed is not None else []
    arguments += ["--script", script] if script is not None else []
    arguments += ["--json", str(json_path.resolve())] if json_path is not None else []
    os.chdir(root)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "tests.faults.chaos", *arguments])  # noqa: S606 - this environment's Python
