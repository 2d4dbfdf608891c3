"""What the generator's integration tests hold in their hands."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest
from faststream.rabbit import RabbitMessage
from sqlalchemy import RowMapping, func, select, update
from tests.support.jobs import StoredJob
from tests.support.sandbox import PATIENCE_S

from generator.usecases.generate_text import GenerateText
from shared.clock import SystemClock
from shared.db.engine import Database, Transaction
from shared.db.jobs import move, the_job
from shared.db.tables import ai_calls, entities, jobs, outbox, texts
from shared.envelope import encode
from shared.events import GenerationRequested
from shared.faults import InjectedFault, arm
from shared.jobs import JobStatus
from shared.messaging.consume import JobConsumer


@dataclass(slots=True)
class Generator:
    """One generator process, as far as its deliveries go."""

    database: Database
    consumer: JobConsumer
    generate: GenerateText
    acked: list[UUID] = field(default_factory=list[UUID])

    async def deliver(self, job: StoredJob) -> None:
        """One delivery of the job's event, until it is acked."""
        envelope = encode(job.event)
        raw = SimpleNamespace(headers=envelope.headers, content_type="application/json", body=envelope.body)

        async def ack() -> None:
            self.acked.append(job.id)

        message = cast("RabbitMessage", SimpleNamespace(raw_message=raw, ack=ack))
        await self.consumer.settle(message, GenerationRequested, self.generate)

    async def finish(self, job: StoredJob) -> RowMapping:
        """Deliver until the job is terminal; its row."""
        async with asyncio.timeout(PATIENCE_S):
            while not JobStatus((await self.job(job))["status"]).terminal:
                await self.deliver(job)
                await SystemClock().sleep(0.02)
        return await self.job(job)

    async def crash(self, job: StoredJob, point: str) -> None:
        """Deliver, let the worker die at `point`, and let its lease end."""
        name, _, count = point.partition("@")
        with pytest.raises(InjectedFault):
            await self.fault_once(job, f"{name}=raise@{count or 1}")
        await self.expire_lease(job)

    async def fault_once(self, job: StoredJob, spec: str) -> None:
        """One delivery with the crash points of `spec` armed."""
        arm(spec)
        try:
            await self.deliver(job)
        finally:
            arm("")

    async def expire_lease(self, job: StoredJob) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(update(jobs).where(jobs.c.id == job.id).values(lease_until=func.now()))

        await self.database.run(work)

    async def end(self, job: StoredJob, status: JobStatus) -> None:
        """What cancelling or superseding does to the job's row."""

        async def work(tx: Transaction) -> None:
            assert await move(tx, status, the_job(job.id), actor="tests") is not None

        await self.database.run(work)

    async def job(self, job: StoredJob) -> RowMapping:
        return (await self.database.read(select(jobs).where(jobs.c.id == job.id))).mappings().one()

    async def calls_of(self, job: StoredJob) -> list[RowMapping]:
        found = await self.database.read(
            select(ai_calls).where(ai_calls.c.job_id == job.id).order_by(ai_calls.c.started_at)
        )
        return list(found.mappings().all())

    async def texts(self) -> list[RowMapping]:
        return list((await self.database.read(select(texts).order_by(texts.c.created_at))).mappings().all())

    async def entity(self, slug: str) -> RowMapping:
        return (await self.database.read(select(entities).where(entities.c.slug == slug))).mappings().one()

    async def outbox(self, job: StoredJob) -> list[RowMapping]:
        found = await self.database.read(select(outbox).where(outbox.c.correlation_id == str(job.id)))
        return list(found.mappings().all())
