"""`python -m tests.bench.peers.publish COUNT`: so many confirmed, persistent, mandatory publishes of one event with aio-pika alone.

Prints the seconds of wall time and of processor time as JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping

import aio_pika
import uvloop
from aio_pika.abc import AbstractExchange
from tests.bench.outbox_rows import sample_envelope
from tests.bench.peers.store import RABBITMQ_URL

from shared import ids, topology

BATCH = 200


async def publish(count: int) -> dict[str, float]:
    """Each batch begins when the one before is confirmed."""
    envelope = sample_envelope()
    async with await aio_pika.connect(RABBITMQ_URL) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.get_exchange(topology.EVENTS_EXCHANGE)
        began, cpu_s = time.perf_counter(), time.process_time()
        for first in range(0, count, BATCH):
            batch = range(first, min(first + BATCH, count))
            await asyncio.gather(
                *(_one(exchange, envelope.routing_key, envelope.headers, envelope.body) for _ in batch)
            )
        return {"seconds": time.perf_counter() - began, "cpu_s": time.process_time() - cpu_s}


async def _one(exchange: AbstractExchange, key: str, headers: Mapping[str, str], body: bytes) -> None:
    message = aio_pika.Message(
        body,
        headers=dict(headers),
        message_id=str(ids.row_id()),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
    await exchange.publish(message, key, mandatory=True)


if __name__ == "__main__":
    json.dump(uvloop.run(publish(int(sys.argv[1]))), sys.stdout)
