"""The service as it is written by hand in an afternoon: one transaction, then one confirmed publish, then 202. No guarantees between them.

`tests.bench.peers.raw:api` accepts, `python -m tests.bench.peers.raw` works.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import aio_pika
import asyncpg
import orjson
import uvloop
from aio_pika.abc import AbstractIncomingMessage
from fastapi import FastAPI
from fastapi.responses import Response
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

QUEUE = "bench.raw"
QUORUM = {"x-queue-type": "quorum"}


async def open_pool() -> Any:
    return await asyncpg.create_pool(DATABASE_URL, min_size=CONNECTIONS, max_size=CONNECTIONS)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    pool = await open_pool()
    connection = await aio_pika.connect_robust(RABBITMQ_URL)
    channel = await connection.channel(publisher_confirms=True)
    await channel.declare_queue(QUEUE, durable=True, arguments=cast("Any", QUORUM))
    app.state.pool, app.state.exchange = pool, channel.default_exchange
    yield
    await connection.close()
    await pool.close()


api = FastAPI(lifespan=lifespan, openapi_url=None)


@api.get("/up")
async def up() -> dict[str, str]:
    return {"status": "ok"}


@api.post("/api/v1/generate")
async def generate(body: Generate) -> Response:
    job_id = ids.job_id()
    await api.state.pool.execute(INSERT_JOB, job_id, body.entity_type, body.slug, body.locale, body.context_tag)
    event = {"job_id": str(job_id), "slug": body.slug, "locale": body.locale}
    message = aio_pika.Message(
        orjson.dumps(event), content_type="application/json", delivery_mode=aio_pika.DeliveryMode.PERSISTENT
    )
    await api.state.exchange.publish(message, QUEUE)
    return Response(orjson.dumps({"job_id": str(job_id), "status": "PENDING"}), 202, media_type="application/json")


async def work() -> None:
    """Text and state in one transaction, then the acknowledgement."""
    pool, model = await open_pool(), open_model()
    connection = await aio_pika.connect_robust(RABBITMQ_URL)
    channel = await connection.channel()
    await channel.set_qos(PREFETCH)
    queue = await channel.declare_queue(QUEUE, durable=True, arguments=cast("Any", QUORUM))

    async def on_message(message: AbstractIncomingMessage) -> None:
        event = orjson.loads(message.body)
        text = await model.write(event["slug"])
        async with pool.acquire() as database, database.transaction():
            await database.execute(INSERT_TEXT, ids.row_id(), event["job_id"], event["slug"], event["locale"], text)
            await database.execute(FINISH_JOB, event["job_id"])
        await message.ack()

    await queue.consume(on_message)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(work())
