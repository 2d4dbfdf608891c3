"""A relay and a consumer in this process, each on a connection of its own, so that a test can break one of them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from faststream.rabbit import RabbitMessage
from sqlalchemy import func, select, update
from tests.support.jobs import StoredJob

from shared import ids
from shared.clock import SystemClock
from shared.db.attempts import PostgresAttempts
from shared.db.endings import complete
from shared.db.engine import Database, Transaction
from shared.db.tables import inbox, jobs, outbox
from shared.events import GenerationRequested
from shared.jobs import Attempt, AttemptPolicy, Result
from shared.messaging.broker import make_broker, subscription
from shared.messaging.consume import JobConsumer
from shared.messaging.publisher import RabbitPublisher
from shared.outbox.relay import BrokerAway, Relay
from shared.telemetry.tracing import no_tracing
from shared.topology import GENERATION_REQUESTS, WorkQueue

PATIENCE_S = 30.0


@dataclass(slots=True)
class Consumer:
    """Works on generation requests by ending the job; counts what arrives and what is worked on."""

    database: Database
    deliveries: int = 0
    acked: int = 0
    worked: list[UUID] = field(default_factory=list[UUID])
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, *, deliveries: int = 0, acked: int = 0) -> None:
        async with asyncio.timeout(PATIENCE_S), self.changed:
            await self.changed.wait_for(lambda: self.deliveries >= deliveries and self.acked >= acked)

    async def count(self, *, deliveries: int = 0, acked: int = 0) -> None:
        async with self.changed:
            self.deliveries += deliveries
            self.acked += acked
            self.changed.notify_all()

    async def work(self, event: GenerationRequested, attempt: Attempt) -> None:
        self.worked.append(event.job_id)
        result = Result(
            entity_id=ids.row_id(), slug=attempt.slug, entity_version=1, text_id=ids.row_id(), became_default=True
        )

        async def end(tx: Transaction) -> None:
            await complete(tx, attempt, event, "generator", result)

        await self.database.run(end)


@asynccontextmanager
async def consuming(url: str, database: Database, queue: WorkQueue = GENERATION_REQUESTS) -> AsyncGenerator[Consumer]:
    consumer = Consumer(database)
    policy = AttemptPolicy(ladder_s=())
    attempts = PostgresAttempts(database, "generator", queue.name, policy)
    settling = JobConsumer(attempts, SystemClock(), concurrency=queue.prefetch, lease_s=policy.lease_s)
    broker = make_broker(url, "tests", no_tracing())

    @broker.subscriber(**subscription(queue))
    async def on_generation_requested(message: RabbitMessage) -> None:
        await consumer.count(deliveries=1)
        await settling.settle(message, GenerationRequested, consumer.work)
        await consumer.count(acked=1)

    await broker.start()
    try:
        yield consumer
    finally:
        await broker.stop()


@asynccontextmanager
async def relaying(url: str, database: Database) -> AsyncGenerator[Relay]:
    """A relay that publishes when it is told to."""
    broker = make_broker(url, "tests-relay", no_tracing())
    await broker.start()
    publisher = RabbitPublisher(broker)
    publisher.connected = True
    try:
        yield Relay(database, publisher, SystemClock())
    finally:
        await broker.stop()


async def publish_all(relay: Relay, database: Database) -> None:
    """Let the relay publish until the outbox is empty, however often the broker is away meanwhile."""
    clock = SystemClock()
    async with asyncio.timeout(PATIENCE_S):
        while await unsent(database):
            await make_due(database)
            try:
                await relay.publish_due()
            except BrokerAway:
                await clock.sleep(0.1)


async def make_due(database: Database) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute(update(outbox).values(available_at=func.now()))

    await database.run(work)


async def unsent(database: Database) -> int:
    return int((await database.read(select(func.count()).select_from(outbox))).scalar_one())


async def inbox_rows(database: Database) -> int:
    return int((await database.read(select(func.count()).select_from(inbox))).scalar_one())


async def job_row(database: Database, job: StoredJob) -> tuple[str, int]:
    """(status, attempt)."""
    row = (await database.read(select(jobs.c.status, jobs.c.attempt).where(jobs.c.id == job.id))).one()
    return row.status, row.attempt
