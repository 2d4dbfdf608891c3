"""The relay: takes due outbox rows, publishes them with confirms, deletes what was confirmed, commits.

Any relay may publish any row, so a dead process delays nothing. It wakes by the commit it serves (in process), by LISTEN/NOTIFY (other
processes), when the next row falls due, and polls slowly as the net. It holds the only transaction that is open across a network call,
and bounds that call itself: the client library ignores its own timeout, and reports a lost connection as a cancellation.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import asyncpg
import structlog
from sqlalchemy import RowMapping, func, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from shared.clock import Clock
from shared.db.engine import RELAY_CHANNEL, Database, Transaction
from shared.db.jobs import seconds
from shared.db.tables import outbox
from shared.errors import Unavailable
from shared.faults import crash_point
from shared.telemetry.context import attached

PUBLISH_S = 5.0
POLL_S = 5.0
LISTEN_AGAIN_S = 1.0
BACKOFF_S = (0.5, 1.0, 2.0, 5.0)

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class Undeliverable(Exception):
    """The broker answered and did not take the message (no queue, queue full): the row stays, backs off, and is worth an alert."""


class BrokerAway(Exception):
    """The broker did not answer: nothing is known of the message, and its copy will be dropped by the consumer's inbox."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to publish; `target_queue` is empty for events."""

    message_id: str
    correlation_id: str
    type: str
    routing_key: str
    target_queue: str
    headers: Mapping[str, str]
    body: bytes


class Publisher(Protocol):
    async def publish(self, message: Outgoing) -> None:
        """Return only after the broker's confirm. Raises Undeliverable or BrokerAway."""
        ...

    @property
    def connected(self) -> bool:
        """Whether a publish has a chance now."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """`batch` rows at a time; after a batch that took t seconds, rest for `rest` times t, so that others get the processor too."""

    batch: int = 200
    rest: float = 0.0


class Relay:
    """Publishes outbox rows until stopped. Many may run at once, in any processes."""

    def __init__(self, database: Database, publisher: Publisher, clock: Clock, pace: Pace | None = None) -> None:
        self._database = database
        self._publisher = publisher
        self._clock = clock
        self._pace = pace or Pace()
        self._wake = asyncio.Event()
        self._next_due_s = 0.0

    def wake(self) -> bool:
        """Look for rows now. False when this relay cannot publish at present, so that the caller wakes the others."""
        self._wake.set()
        return self._publisher.connected

    async def run(self) -> None:
        """Publish until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._publish_forever())

    async def drain(self, limit: int = 50) -> None:
        """Publish what is due now, for at most `limit` batches: called once more at shutdown."""
        for _ in range(limit):
            if not self._publisher.connected or await self.publish_due() == 0:
                return

    async def _publish_forever(self) -> None:
        failures = 0
        while True:
            self._wake.clear()
            try:
                started_s = self._clock.monotonic()
                taken = await self.publish_due() if self._publisher.connected else 0
                failures = 0
                if taken:
                    await self._clock.sleep((self._clock.monotonic() - started_s) * self._pace.rest)
                    continue
                await self._wait(self._next_due_s)
            except (Unavailable, BrokerAway) as error:
                log.warning("relay.waiting", cause=str(error) or type(error).__name__)
                await self._wait(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1

    async def _wait(self, delay_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(max(delay_s, 0.0), POLL_S)):
                await self._wake.wait()

    async def publish_due(self) -> int:
        """Publish one batch of due rows; the number of rows that are gone. Raises Unavailable or BrokerAway."""
        return await self._database.run(self._batch)

    async def _batch(self, tx: Transaction) -> int:
        rows = (await tx.execute(_DUE, {"batch": self._pace.batch})).mappings().all()
        if not rows:
            self._next_due_s = float(await tx.scalar(_NEXT_DUE_S) or POLL_S)
            return 0
        await crash_point("relay.after_select")
        results = await self._publish_all(rows)
        confirmed = [row["id"] for row, result in zip(rows, results, strict=True) if result is None]
        refused = [row for row, result in zip(rows, results, strict=True) if isinstance(result, Undeliverable)]
        if confirmed:
            await crash_point("relay.after_confirm")
            await crash_point("relay.before_delete")
            await tx.execute(_DELETE, {"ids": confirmed})
        await self._back_off(tx, refused)
        if not confirmed and not refused:
            raise next(result for result in results if result is not None)
        await crash_point("relay.before_commit")
        return len(confirmed)

    async def _publish_all(self, rows: Sequence[RowMapping]) -> list[BaseException | None]:
        """What became of each row, None for a confirm; nothing is waited for longer than `PUBLISH_S`."""
        tasks = [asyncio.create_task(self._publish(row)) for row in rows]
        try:
            await asyncio.wait(tasks, timeout=PUBLISH_S)
        finally:
            late = [task for task in tasks if task.cancel()]
            await asyncio.gather(*late, return_exceptions=True)
        return [BrokerAway("no confirm") if task.cancelled() else task.exception() for task in tasks]

    async def _publish(self, row: RowMapping) -> None:
        """The client library reports a lost connection as a cancellation: that, too, is no confirm."""
        with attached(row["traceparent"]):
            await self._publisher.publish(
                Outgoing(
                    message_id=str(row["event_id"]),
                    correlation_id=row["correlation_id"],
                    type=row["type"],
                    routing_key=row["routing_key"],
                    target_queue=row["target_queue"],
                    headers=row["headers"],
                    body=row["payload"].encode(),
                )
            )

    async def _back_off(self, tx: Transaction, rows: Sequence[RowMapping]) -> None:
        for row in rows:
            delay_s = min(60.0, 2.0 ** min(row["attempts"], 6))
            log.error(
                "relay.undeliverable", event_id=str(row["event_id"]), type=row["type"], routing_key=row["routing_key"]
            )
            await tx.execute(
                update(outbox)
                .where(outbox.c.id == row["id"])
                .values(attempts=outbox.c.attempts + 1, available_at=func.now() + seconds(delay_s))
            )

    async def _listen(self) -> None:
        """Hold one connection that listens; without it the poll alone finds the rows of other processes."""
        while True:
            with contextlib.suppress(
                SQLAlchemyError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError
            ):
                await self._listen_once()
            await self._clock.sleep(LISTEN_AGAIN_S)

    async def _listen_once(self) -> None:
        lost = asyncio.Event()

        def notified(*_: object) -> None:
            self._wake.set()

        def terminated(*_: object) -> None:
            lost.set()

        async with self._database.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            if driver is None:
                return
            driver.add_termination_listener(terminated)
            await driver.add_listener(RELAY_CHANNEL, notified)
            try:
                await lost.wait()
            finally:
                driver.remove_termination_listener(terminated)
                if not driver.is_closed():
                    await driver.remove_listener(RELAY_CHANNEL, notified)


_DUE = text(
    """
    SELECT id, event_id, type, correlation_id, routing_key, target_queue, headers, payload, traceparent, attempts
    FROM outbox WHERE available_at <= now() ORDER BY available_at, seq LIMIT :batch FOR UPDATE SKIP LOCKED
    """
)
_DELETE = text("DELETE FROM outbox WHERE id = ANY(CAST(:ids AS uuid[]))")
_NEXT_DUE_S = select(func.extract("epoch", func.min(outbox.c.available_at) - func.now())).where(
    outbox.c.available_at > func.now()
)
