"""Taskiq over RabbitMQ: quorum queue, confirmed publishes, acknowledgement after the work.

`tests.bench.peers.taskiq_app:api` accepts, `taskiq worker tests.bench.peers.taskiq_app:broker` works.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI
from fastapi.responses import Response
from taskiq import TaskiqEvents, TaskiqState
from taskiq_aio_pika import AioPikaBroker, Queue, QueueType
from tests.bench.peers.body import Generate
from tests.bench.peers.model import open_model
from tests.bench.peers.store import (
    CONNECTIONS,
    DATABASE_URL,
    FINISH_JOB,
    INSERT_JOB,
    INSERT_TEXT,
    PREFETCH,
    RABBITMQ_URL,
)

from shared import ids

QUEUE = "bench.taskiq"

broker = AioPikaBroker(
    RABBITMQ_URL,
    qos=PREFETCH,
    task_queues=[Queue(name=QUEUE, type=QueueType.QUORUM, durable=True)],
)


async def _open(state: TaskiqState) -> None:
    state.pool = await asyncpg.create_pool(DATABASE_URL, min_size=CONNECTIONS, max_size=CONNECTIONS)
    state.model = open_model()


broker.add_event_handler(TaskiqEvents.WORKER_STARTUP, _open)
broker.add_event_handler(TaskiqEvents.CLIENT_STARTUP, _open)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    await broker.startup()
    yield
    await broker.shutdown()


api = FastAPI(lifespan=lifespan, openapi_url=None)


@api.get("/up")
async def up() -> dict[str, str]:
    return {"status": "ok"}


@api.post("/api/v1/generate")
async def generate(body: Generate) -> Response:
    job_id = ids.job_id()
    await broker.state.pool.execute(INSERT_JOB, job_id, body.entity_type, body.slug, body.locale, body.context_tag)
    await write_text.kiq(str(job_id), body.slug, body.locale)
    return Response(orjson.dumps({"job_id": str(job_id), "status": "PENDING"}), 202, media_type="application/json")


@broker.task(task_name="write_text")
async def write_text(job_id: str, slug: str, locale: str) -> None:
    """Text and state in one transaction."""
    written = await broker.state.model.write(slug)
    pool: Any = broker.state.pool
    async with pool.acquire() as database, database.transaction():
        await database.execute(INSERT_TEXT, ids.row_id(), job_id, slug, locale, written)
        await database.execute(FINISH_JOB, job_id)
