"""Brokers and caches without what other tests left."""

import aio_pika
from redis.asyncio import Redis

from shared import topology


async def clear_broker(url: str) -> None:
    """Remove every queue and exchange of ours."""
    connection = await aio_pika.connect(url, timeout=10)
    async with connection:
        channel = await connection.channel()
        for queue in topology.WORK_QUEUES:
            for name in (queue.name, queue.dead_name):
                await channel.queue_delete(name)
        for name, _ in topology.EXCHANGES:
            await channel.exchange_delete(name)


async def clear_redis(url: str) -> None:
    """Remove every key of the database that `url` names."""
    async with Redis.from_url(url) as redis:
        await redis.flushdb()
