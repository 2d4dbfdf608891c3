"""`bench`: MovieMind beside its peers, measured on this machine."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from moviemind.errors import CliError
from moviemind.paths import project_root


def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Of a, b, c, d, e, f, r, kill. Default: all.", show_default=False),
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, max=100, help="Rounds of each comparison.")] = None,
    json: Annotated[
        Path | None, typer.Option(help="Where the JSON goes. Default: .moviemind/bench-DATE.json.", show_default=False)
    ] = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Short measurements in few rounds.")] = False,
) -> None:
    """Measure MovieMind beside hand-written services, Celery and Taskiq, and print the ratios.

    Everything runs on the same PostgreSQL, Redis and RabbitMQ, found or started as by `test`. docs/benchmarks.md says
    what is measured and how. A full run takes most of an hour and wants the machine for itself.
    """
    root = project_root()
    if not (root / "tests" / "bench").is_dir():
        raise CliError("the benchmarks are part of the checkout", "Run ./moviemind bench in a clone of the project.")
    arguments = list(names or [])
    arguments += ["--rounds", str(rounds)] if rounds is not None else []
    arguments += ["--json", str(json.resolve())] if json is not None else []
    arguments += ["--quick"] if quick else []
    os.chdir(root)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "tests.bench", *arguments])  # noqa: S606 - ours
