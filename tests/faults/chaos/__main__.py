"""`python -m tests.faults.chaos`: break everything for some minutes, and judge what is left. Exit status 1 when it is not clean."""

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from tests.faults.chaos.arena import Arena, arena, private_servers
from tests.faults.chaos.load import Load
from tests.faults.chaos.plan import Script, Step, plan
from tests.faults.chaos.report import ProgressLine, Report
from tests.faults.chaos.run import Run
from tests.support.processes import Server

PER_S = 8.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 for a clean run, 1 for one that is not."""
    parser = argparse.ArgumentParser("chaos", description="Process chaos on private servers, and a ledger's verdict.")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long things are broken (default: 10)")
    parser.add_argument("--seed", type=int, help="what everything is chosen by (default: a random one, printed)")
    parser.add_argument("--script", choices=list(Script), help="only this one (default: all)")
    parser.add_argument("--per-second", type=float, default=PER_S, help=f"requests of the clients (default: {PER_S:g})")
    parser.add_argument("--json", type=Path, metavar="PATH", help="where to write plan and verdict as JSON")
    options = parser.parse_args(arguments)
    if not 0 < options.minutes <= 24 * 60 or not 0 < options.per_second <= 1000:
        parser.error("--minutes has to be above 0 and at most 1440, --per-second above 0 and at most 1000")
    if options.json and not options.json.parent.is_dir():
        parser.error(f"--json: there is no directory {options.json.parent}")
    seed = options.seed if options.seed is not None else random.randrange(1_000_000)
    script = Script(options.script) if options.script else None
    steps = plan(seed, options.minutes * 60, script)
    console = Console(stderr=True, highlight=False)
    console.print(f"seed {seed}: {len(steps)} steps in {options.minutes:g} minutes; starting servers and services")
    with private_servers() as private, arena(private) as made:
        report = run(made, private, steps, seed, options.minutes * 60, options.per_second, console)
    report.show(Console(highlight=False, width=None if sys.stdout.isatty() else 120))
    if options.json:
        options.json.write_text(json.dumps(report.document(), indent=2, default=str) + "\n")
    return 0 if report.verdict.clean else 1


def run(
    made: Arena,
    private: dict[str, Server],
    steps: Sequence[Step],
    seed: int,
    duration_s: float,
    per_s: float,
    console: Console,
) -> Report:
    """One run, its logs kept when it is not clean."""
    broker = private["rabbitmq"].origin
    if private["rabbitmq"].name != "RabbitMQ":
        console.print("no RabbitMQ is installed here: the run uses the embedded broker")
    load = Load(made.gateways, made.fleet.key, seed, per_s)
    with ProgressLine(console) as line:
        running = Run(made, load, line.look, line.say)
        verdict = running(steps, duration_s)
    if not verdict.clean:
        (parent := Path(".moviemind")).mkdir(exist_ok=True)
        kept = Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-", dir=parent))
        shutil.copytree(made.fleet.directory, kept, dirs_exist_ok=True)
        console.print(f"the logs are in {kept}")
    return Report(seed, broker, running.progress.elapsed_s, steps, running.done, made, load.ledger, verdict)


if __name__ == "__main__":
    sys.exit(main())
