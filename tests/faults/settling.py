"""A worker in this process whose deliveries are made by hand and whose work is to end the job."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast
from uuid import UUID

from sqlalchemy import select
from tests.support.jobs import StoredJob

from shared import ids
from shared.clock import Clock, SystemClock
from shared.db.attempts import PostgresAttempts
from shared.db.endings import complete
from shared.db.engine import Database, Transaction
from shared.db.tables import job_transitions
from shared.envelope import CONTENT_TYPE, encode
from shared.events import GenerationRequested
from shared.jobs import Attempt, AttemptPolicy, Result
from shared.messaging.consume import Delivery, JobConsumer
from shared.topology import GENERATION_REQUESTS

POLICY = AttemptPolicy(ladder_s=(), lease_s=30.0)


@dataclass(slots=True)
class Settling:
    """`before_end` is awaited by each attempt before it ends its job."""

    database: Database
    clock: Clock = field(default_factory=SystemClock)
    policy: AttemptPolicy = POLICY
    before_end: Callable[[], Awaitable[object]] | None = None
    began: asyncio.Event = field(default_factory=asyncio.Event)
    worked: list[UUID] = field(default_factory=list[UUID])
    acked: list[UUID] = field(default_factory=list[UUID])

    async def deliver(self, job: StoredJob) -> None:
        """One delivery of the job's event, until it is acked."""
        envelope = encode(job.event)

        async def ack() -> None:
            self.acked.append(job.id)

        raw = SimpleNamespace(headers=envelope.headers, content_type=CONTENT_TYPE, body=envelope.body)
        attempts = PostgresAttempts(self.database, "generator", GENERATION_REQUESTS.name, self.policy)
        consumer = JobConsumer(attempts, self.clock, concurrency=1, lease_s=self.policy.lease_s)
        delivery = cast("Delivery", SimpleNamespace(raw_message=raw, ack=ack))
        await consumer.settle(delivery, GenerationRequested, self._work)

    async def states(self, job: StoredJob) -> list[str]:
        """Every state the job was in, in order."""
        found = select(job_transitions.c.to_status).where(job_transitions.c.job_id == job.id)
        return list((await self.database.read(found.order_by(job_transitions.c.sequence))).scalars())

    async def _work(self, event: GenerationRequested, attempt: Attempt) -> None:
        self.worked.append(event.job_id)
        self.began.set()
        if self.before_end is not None:
            await self.before_end()
        result = Result(
            entity_id=ids.row_id(), slug=attempt.slug, entity_version=1, text_id=ids.row_id(), became_default=True
        )

        async def end(tx: Transaction) -> None:
            await complete(tx, attempt, event, "generator", result)

        await self.database.run(end)
