"""The running system looks at its own invariants: one process at a time, in the log and in gauges."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from sqlalchemy import func, insert, text
from tests.support.jobs import store_generation

from shared import ids
from shared.clock import Clock, SystemClock
from shared.db.engine import Database, Transaction
from shared.db.jobs import seconds
from shared.db.tables import dead_letters, outbox
from shared.invariants import CHECKED, Evidence
from shared.messaging.invariant_watch import InvariantWatch
from shared.telemetry.metrics import Gauges

EVERY_S = 0.05
PATIENCE_S = 30.0
Points = dict[str, dict[str, float]]


@dataclass(slots=True)
class Process:
    """One process that watches, and what it reports."""

    reader: InMemoryMetricReader
    task: asyncio.Task[None]

    def reports(self) -> Points:
        """The values of each metric, by its one attribute."""
        data = self.reader.get_metrics_data()
        if data is None:
            return {}
        metrics = [
            metric for found in data.resource_metrics for scope in found.scope_metrics for metric in scope.metrics
        ]
        return {
            metric.name: {
                str(next(iter((point.attributes or {}).values()), "")): float(getattr(point, "value", 0))
                for point in metric.data.data_points
            }
            for metric in metrics
        }

    async def until(self, holds: Callable[[Points], bool]) -> Points:
        async with asyncio.timeout(PATIENCE_S):
            while not holds(reported := self.reports()):
                await SystemClock().sleep(0.02)
        return reported

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


class CountingClock(SystemClock):
    """Says when somebody has slept three times."""

    def __init__(self) -> None:
        self._sleeps = 0
        self.third_sleep = asyncio.Event()

    async def sleep(self, delay_s: float) -> None:
        self._sleeps += 1
        if self._sleeps == 3:
            self.third_sleep.set()
        await super().sleep(delay_s)


@asynccontextmanager
async def watching(url: str, *, every_s: float = EVERY_S, clock: Clock | None = None) -> AsyncGenerator[Process]:
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    gauges = Gauges(provider.get_meter("tests"))
    watch = InvariantWatch(url, Evidence, clock or SystemClock(), gauges, every_s=every_s)
    process = Process(reader, asyncio.create_task(watch.run()))
    try:
        yield process
    finally:
        await process.stop()
        provider.shutdown()


async def park_without_a_reason(database: Database) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute(insert(dead_letters).values(id=ids.row_id(), queue="q", origin="handler", reason=""))

    await database.run(work)


def checked(reported: Points) -> bool:
    return "moviemind.invariant.violations" in reported


async def test_gauges_show_what_holds_and_how_much_waits(database: Database, database_url: str) -> None:
    await store_generation(database, published=True)
    await store_generation(database, "alien-1979", published=True)

    async def late(tx: Transaction) -> None:
        await tx.execute(outbox.update().values(available_at=func.now() - seconds(10)))

    await database.run(late)

    async with watching(database_url) as process:
        reported = await process.until(checked)

    assert set(reported) == {
        "moviemind.invariant.violations",
        "moviemind.outbox.oldest_due_age",
        "moviemind.outbox.rows",
        "moviemind.jobs.active",
    }
    asked = {invariant.id for invariant in CHECKED} - {"I7", "I9", "I15"}  # those need the broker and Redis
    assert reported["moviemind.invariant.violations"] == dict.fromkeys(asked, 0)
    assert reported["moviemind.outbox.rows"] == {"": 2}
    assert 10 <= reported["moviemind.outbox.oldest_due_age"][""] < 10 + PATIENCE_S
    assert reported["moviemind.jobs.active"] == {"PENDING": 2, "PROCESSING": 0, "RETRYING": 0}


async def test_a_violation_is_counted_and_logged_with_ids(database: Database, database_url: str) -> None:
    await park_without_a_reason(database)

    with structlog.testing.capture_logs() as logs:
        async with watching(database_url) as process:
            reported = await process.until(checked)

    (line, *_) = [entry for entry in logs if entry["event"] == "invariant.violated"]
    assert reported["moviemind.invariant.violations"]["I7"] == 1
    assert (line["log_level"], line["invariant"], line["count"]) == ("error", "I7", 1)
    assert line["violation"] == "1 dead letters have no reason"
    assert len(line["ids"]) == 1


async def test_one_process_of_a_deployment_watches_and_the_next_takes_over(database_url: str) -> None:
    async with watching(database_url) as first, watching(database_url) as second:
        leader, follower = await _leader_first(first, second)
        both = bool(follower.reports())

        await leader.stop()
        await follower.until(checked)

    assert not both
    assert not leader.reports()


async def test_a_leader_that_lost_its_connection_starts_anew(database: Database, database_url: str) -> None:
    async with watching(database_url) as process:
        await process.until(checked)
        before = await connections(database)

        await database.read(
            text("SELECT pg_terminate_backend(pid) FROM unnest(CAST(:pids AS int[])) AS lost (pid)"), {"pids": before}
        )
        async with asyncio.timeout(PATIENCE_S):
            while not (now := await connections(database)) or set(now) & set(before):
                await SystemClock().sleep(0.02)
        await process.until(checked)

        assert not process.task.done()


async def test_without_a_database_the_watch_goes_on_and_reports_nothing() -> None:
    clock = CountingClock()

    async with watching("postgresql://nobody@127.0.0.1:1/none", clock=clock) as process:
        async with asyncio.timeout(PATIENCE_S):
            await clock.third_sleep.wait()

        assert process.reports() == {}
        assert not process.task.done()


async def test_a_watch_that_is_switched_off_ends_at_once() -> None:
    async with watching("postgresql://nobody@127.0.0.1:1/none", every_s=0) as process:
        async with asyncio.timeout(PATIENCE_S):
            await process.task


async def _leader_first(*processes: Process) -> tuple[Process, Process]:
    async with asyncio.timeout(PATIENCE_S):
        while not any(process.reports() for process in processes):
            await SystemClock().sleep(0.02)
    first, second = processes
    return (first, second) if first.reports() else (second, first)


async def connections(database: Database) -> list[int]:
    """The watch's connections to the database of this test."""
    found = await database.read(
        text("SELECT pid FROM pg_stat_activity WHERE application_name = 'invariants' AND datname = current_database()")
    )
    return list(found.scalars().all())
