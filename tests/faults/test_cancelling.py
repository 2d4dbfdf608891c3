"""F47: cancelling through the API, in every state a job can be in, while a worker does what it does."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select
from tests.faults.settling import Settling
from tests.integration.gateway.world import World, running, settings_for
from tests.support.jobs import StoredJob

from shared.db.engine import Database
from shared.db.jobs import request_event
from shared.db.tables import jobs
from shared.errors import MovieMindError, Permanent, Transient, failure
from shared.events import JobEvent
from shared.jobs import AttemptPolicy, FailureType

BROKEN = failure(FailureType.AI_API_ERROR, "the provider answered with status 500")
SOON = AttemptPolicy(ladder_s=(), lease_s=0.9)
PATIENCE_S = 20.0


@pytest.fixture
async def world(database: Database, database_url: str, redis_url: str) -> AsyncIterator[World]:
    async with running(settings_for(database_url, redis_url), database) as world:
        yield world


@pytest.fixture
async def job(world: World) -> StoredJob:
    """A job accepted by the gateway."""
    job_id = await world.accepted()
    row = (await world.database.read(select(jobs).where(jobs.c.id == job_id))).mappings().one()
    event = request_event(row)
    assert isinstance(event, JobEvent)
    return StoredJob(job_id, event)


def failing(database: Database, error: MovieMindError) -> Settling:
    async def fail() -> None:
        raise error

    return Settling(database, before_end=fail)


async def result(database: Database, job_id: UUID) -> object:
    return (await database.read(select(jobs.c.result).where(jobs.c.id == job_id))).scalar_one()


def outcome(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["status"]


async def test_f47_a_pending_job_is_cancelled_at_once_and_never_begun(world: World, job: StoredJob) -> None:
    cancelled = await world.cancel(job.id)
    worker = Settling(world.database)
    await worker.deliver(job)

    assert outcome(cancelled) == (200, "CANCELLED")
    assert (worker.worked, worker.acked) == ([], [job.id])
    assert await worker.states(job) == ["PENDING", "CANCELLED"]


async def test_f47_a_job_between_attempts_is_cancelled_at_once_and_not_tried_again(
    world: World, job: StoredJob
) -> None:
    worker = failing(world.database, Transient(BROKEN, retry_after_s=0.0))
    await worker.deliver(job)

    cancelled = await world.cancel(job.id)
    await worker.deliver(job)

    assert outcome(cancelled) == (200, "CANCELLED")
    assert worker.worked == [job.id]
    assert await worker.states(job) == ["PENDING", "PROCESSING", "RETRYING", "CANCELLED"]


async def test_f47_the_late_result_of_a_cancelled_job_is_discarded(world: World, job: StoredJob) -> None:
    go_on = asyncio.Event()
    worker = Settling(world.database, before_end=go_on.wait)
    working = asyncio.create_task(worker.deliver(job))
    await worker.began.wait()

    cancelled = await world.cancel(job.id)
    go_on.set()
    await working

    assert outcome(cancelled) == (200, "CANCELLED")
    assert (await result(world.database, job.id), worker.acked) == (None, [job.id])
    assert await worker.states(job) == ["PENDING", "PROCESSING", "CANCELLED"]


async def test_f47_a_worker_stops_at_its_next_look_at_a_cancelled_job(world: World, job: StoredJob) -> None:
    worker = Settling(world.database, policy=SOON, before_end=asyncio.Event().wait)
    working = asyncio.create_task(worker.deliver(job))
    await worker.began.wait()

    cancelled = await world.cancel(job.id)
    await asyncio.wait_for(working, PATIENCE_S)

    assert outcome(cancelled) == (200, "CANCELLED")
    assert worker.acked == [job.id]


@pytest.mark.parametrize("status", ["DONE", "FAILED"])
async def test_f47_a_finished_job_stays_as_it_is(world: World, job: StoredJob, status: str) -> None:
    worker = Settling(world.database) if status == "DONE" else failing(world.database, Permanent(BROKEN))
    await worker.deliver(job)

    refused = await world.cancel(job.id)

    body = refused.json()
    assert (refused.status_code, body["type"]) == (409, "urn:moviemind:problem:job-already-finished")
    assert (body["job_id"], body["job_status"]) == (str(job.id), status)
    assert await worker.states(job) == ["PENDING", "PROCESSING", status]
