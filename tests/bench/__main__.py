"""`python -m tests.bench [a b c …]`: measure MovieMind beside its peers on one set of private servers."""

import argparse
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from tests.bench import accept, backlog, detail, jobs, kills, reading, relay, scaling, texts
from tests.bench.constant_server import constant_server
from tests.bench.instant import COMPLETION
from tests.bench.load import Load, run_load
from tests.bench.report import Report, Tally
from tests.bench.rounds import Comparison
from tests.bench.scale import FULL, QUICK, Scale
from tests.bench.servers import Ground, facts, ground

from moviemind.console import err, out
from shared.clock import SystemClock

Benchmark = Callable[[Ground, Scale], Sequence[Comparison | Tally]]
BENCHMARKS: Mapping[str, tuple[str, Benchmark]] = {
    "a": ("cached detail reads", detail.measure),
    "b": ("accepting jobs", accept.measure),
    "c": ("whole jobs", jobs.measure),
    "d": ("the relay", relay.measure),
    "e": ("several generators", scaling.measure),
    "f": ("accepting over a full outbox", backlog.measure),
    "r": ("reading from growing libraries", reading.measure),
    "t": ("what texts cost", texts.measure),
    "kill": ("kill -9 of the API", kills.measure),
}


def ceiling() -> str:
    """What the load generator reaches against a server that does nothing."""
    with constant_server(COMPLETION) as port:
        request = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        measured = run_load(Load(port=port, request=request, expected=200, connections=32, seconds=1.0, warm_up_s=0.2))
    return f"{measured.rate:,.0f} req/s, p50 {measured.p50_ms:.2f} ms"


def run(names: Sequence[str], scale: Scale) -> Report:
    """The named benchmarks on one ground. What fails ends the run."""
    with ground() as common:
        known = facts(common)
        report = Report({**known, "load generator": ceiling()})
        for name in names:
            title, measure = BENCHMARKS[name]
            err.print(f"({name}) {title}", markup=False)
            report.add(*measure(common, scale))
    return report


def _end(*_: object) -> NoReturn:
    """SIGTERM ends the servers and the subjects too."""
    sys.exit(143)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    listed = ", ".join(f"{name} {title}" for name, (title, _) in BENCHMARKS.items())
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to run: {listed}. Default: all")
    parser.add_argument("--rounds", type=int, help="rounds of each comparison")
    parser.add_argument("--quick", action="store_true", help="short measurements in few rounds")
    parser.add_argument("--json", type=Path, help="where the JSON goes. Default: .moviemind/bench-DATE.json")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are: {listed}")
    scale = QUICK if given.quick else FULL
    if given.rounds:
        scale = replace(scale, rounds=given.rounds)
    signal.signal(signal.SIGTERM, _end)
    report = run(given.names or list(BENCHMARKS), scale)
    report.print()
    path = given.json or Path(".moviemind") / f"bench-{SystemClock().now():%Y%m%d-%H%M%S}.json"
    report.write(path)
    out.print(f"\n{path}", markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
