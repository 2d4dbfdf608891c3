"""One system for all cells, and the table that they fill."""

import json
import os
import time
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from multiprocessing.forkserver import ensure_running
from pathlib import Path

import pytest
from tests.faults.crash_points.stage import Stage
from tests.support import summary
from tests.support.fleet import fleet
from tests.support.processes import Server

TABLE = "CRASH_TABLE"
"""The variable that names the file to write the table to, as JSON."""


@dataclass(slots=True)
class Row:
    """One cell of the table."""

    point: str
    mode: str
    way: str
    victim: str = ""
    verdict: str = "FAILED"
    seconds: float = 0.0
    ai_calls: int | None = None


_rows: list[Row] = []


@pytest.fixture(scope="module")
def stage(postgres_server: Server, rabbitmq_server: Server, redis_server: Server) -> Iterator[Stage]:
    """Every service healthy, over a real PostgreSQL, RabbitMQ and Redis."""
    ensure_running()  # the process that victims are forked from imports while the services start
    with fleet(postgres_server, rabbitmq_server, redis_server) as made:
        made.start()
        yield Stage(made)


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Generator[Row]:
    """The row of this cell: FAILED unless the test says otherwise."""
    cell, way = request.getfixturevalue("cell"), request.getfixturevalue("way")
    row = Row(cell.point, cell.mode, way.__name__)
    _rows.append(row)
    started = time.monotonic()
    yield row
    row.seconds = round(time.monotonic() - started, 1)


def _table() -> list[str]:
    """A line per cell; the same as JSON where `CRASH_TABLE` says."""
    if _rows and (path := os.environ.get(TABLE)):
        Path(path).write_text(json.dumps([asdict(row) for row in _rows], indent=1) + "\n", encoding="utf-8")
    return [_line(row) for row in _rows]


def _line(row: Row) -> str:
    calls = "-" if row.ai_calls is None else row.ai_calls
    return f"{row.point:<28}{row.mode:<20}{row.way:<14}{row.victim:<25}{row.verdict:<8}{row.seconds:>5.1f} s {calls:>2} AI calls"


summary.say("crash points", _table)
