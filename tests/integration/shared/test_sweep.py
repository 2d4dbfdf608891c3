from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, text, update
from tests.support.jobs import StoredJob, store_generation

from shared import ids
from shared.db.attempts import PostgresAttempts
from shared.db.engine import Database, Transaction
from shared.db.jobs import seconds
from shared.db.sweep import STALE_AFTER_S, Sweep
from shared.db.tables import idempotency_keys, jobs, outbox
from shared.jobs import AttemptPolicy, JobStatus
from shared.topology import WorkQueue

QUEUE = "generator.generation-requested"


def sweep(database: Database, ready: int | None = 0) -> Sweep:
    async def ready_messages(_queue: WorkQueue) -> int | None:
        return ready

    return Sweep(database, ready_messages)


async def write(database: Database, job: StoredJob, **values: object) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute(update(jobs).where(jobs.c.id == job.id).values(**values))

    await database.run(work)


async def status(database: Database, job_id: UUID) -> str:
    return str((await database.read(select(jobs.c.status).where(jobs.c.id == job_id))).scalar())


async def sent(database: Database) -> list[tuple[str, str]]:
    rows = await database.read(select(outbox.c.type, outbox.c.target_queue))
    return [(row.type, row.target_queue) for row in rows.all()]


async def long_ago(database: Database, job: StoredJob) -> None:
    await write(database, job, updated_at=func.now() - seconds(STALE_AFTER_S + 1))


async def test_a_job_past_its_deadline_fails_and_says_so(database: Database) -> None:
    job = await store_generation(database, deadline_s=-1)

    await sweep(database).run_once()

    assert await status(database, job.id) == JobStatus.FAILED
    assert await sent(database) == [("generation.failed", "")]


async def test_a_job_within_its_deadline_is_left_alone_however_old(database: Database) -> None:
    job = await store_generation(database, deadline_s=60)
    await write(database, job, created_at=func.now() - timedelta(days=1))

    await sweep(database).run_once()

    assert await status(database, job.id) == JobStatus.PENDING
    assert await sent(database) == []


async def test_a_job_whose_lease_ended_is_sent_again_once(database: Database) -> None:
    job = await store_generation(database)
    await PostgresAttempts(database, "generator", QUEUE, AttemptPolicy()).claim(job.event)
    await write(database, job, lease_until=func.now() - seconds(1))

    await sweep(database).run_once()
    await sweep(database).run_once()

    assert await sent(database) == [("generation.requested", QUEUE)]
    assert await status(database, job.id) == JobStatus.PROCESSING


async def test_a_forgotten_job_is_sent_again_when_its_queue_is_empty(database: Database) -> None:
    job = await store_generation(database)
    await long_ago(database, job)

    await sweep(database, ready=0).run_once()

    assert await sent(database) == [("generation.requested", QUEUE)]


@pytest.mark.parametrize("ready", [3, None])
async def test_a_waiting_job_is_left_alone_while_messages_wait_or_the_broker_cannot_be_asked(
    database: Database, ready: int | None
) -> None:
    await long_ago(database, await store_generation(database))

    await sweep(database, ready=ready).run_once()

    assert await sent(database) == []


async def test_one_sweep_at_a_time(database: Database) -> None:
    job = await store_generation(database, deadline_s=-1)

    async def meanwhile(tx: Transaction) -> None:
        await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": 0x6D6F_7669})
        await sweep(database).run_once()

    await database.run(meanwhile)

    assert await status(database, job.id) == JobStatus.PENDING


async def test_expired_keys_are_forgotten(database: Database) -> None:
    async def work(tx: Transaction) -> None:
        for key, offset in (("old-key-1", -1), ("new-key-1", 60)):
            row: dict[str, object] = {
                "caller": "c",
                "key": key,
                "fingerprint": "f",
                "status": 202,
                "body": {},
                "job_ids": [ids.job_id()],
            }
            await tx.execute(insert(idempotency_keys).values(**row, expires_at=func.now() + seconds(offset)))

    await database.run(work)

    await sweep(database).run_once()

    assert (await database.read(select(idempotency_keys.c.key))).scalars().all() == ["new-key-1"]
