"""The invalidator over a real broker and a real Redis."""

import asyncio
from collections.abc import AsyncIterator

import aio_pika
import pytest
from faststream.rabbit import RabbitBroker

from cache_invalidator import handlers
from cache_invalidator.usecases.invalidate_entity import InvalidateEntity
from shared import cache_keys, ids, topology
from shared.cache import CachedResponse, RedisCache, connect
from shared.clock import SystemClock
from shared.db.attempts import PostgresAttempts
from shared.db.engine import Database
from shared.entities import EntityKind
from shared.envelope import CONTENT_TYPE, encode
from shared.events import EntityChanged
from shared.jobs import AttemptPolicy
from shared.messaging.broker import make_broker
from shared.messaging.consume import EventConsumer
from shared.telemetry.tracing import no_tracing
from shared.testing.clock import START

pytestmark = pytest.mark.rabbit
MATRIX = (EntityKind.MOVIE, "the-matrix-1999")
VARIANT = cache_keys.variant(None, None)


def changed(version: int) -> EntityChanged:
    return EntityChanged(
        event_id=ids.row_id(),
        occurred_at=START,
        entity_kind=EntityKind.MOVIE,
        entity_id=ids.row_id(),
        slug=MATRIX[1],
        entity_version=version,
    )


async def publish(url: str, *events: EntityChanged) -> None:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(topology.EVENTS_EXCHANGE, ensure=False)
        for event in events:
            envelope = encode(event)
            message = aio_pika.Message(envelope.body, headers=dict(envelope.headers), content_type=CONTENT_TYPE)
            await exchange.publish(message, envelope.routing_key)


@pytest.fixture
async def cache(redis_url: str) -> AsyncIterator[RedisCache]:
    cache = RedisCache(connect(redis_url))
    yield cache
    await cache.close()


@pytest.fixture
async def invalidator(cache: RedisCache, database: Database, broker_url: str) -> AsyncIterator[RabbitBroker]:
    queue = topology.INVALIDATIONS
    attempts = PostgresAttempts(database, queue.consumer, queue.name, AttemptPolicy())
    broker = make_broker(broker_url, "tests", no_tracing())
    broker.include_router(handlers.router(EventConsumer(attempts, SystemClock()), InvalidateEntity(cache)))
    await broker.start()
    yield broker
    await broker.stop()


async def until_refused(cache: RedisCache, version: int) -> None:
    """Return once a fill of `version` is refused: a newer one was announced."""
    async with asyncio.timeout(10):
        while await cache.fill(*MATRIX, VARIANT, version, CachedResponse('"old"', b"{}")):
            pass


@pytest.mark.usefixtures("invalidator")
async def test_after_an_event_nothing_older_is_served(cache: RedisCache, broker_url: str) -> None:
    await cache.fill(*MATRIX, VARIANT, 1, CachedResponse('"v1"', b"{}"))
    people = (await cache.get_answer(EntityKind.PERSON, "newest first")).generation or ""
    await cache.keep_answer(EntityKind.PERSON, "newest first", people, CachedResponse('"v1"', b"{}"))

    await publish(broker_url, changed(2))

    await until_refused(cache, 1)
    assert await cache.get(*MATRIX, VARIANT) is None
    assert (await cache.get_answer(EntityKind.PERSON, "newest first")).response is None


@pytest.mark.usefixtures("invalidator")
async def test_reordered_and_repeated_events_end_in_the_newest_version(cache: RedisCache, broker_url: str) -> None:
    newest = changed(5)

    await publish(broker_url, newest, changed(3), newest, changed(4))

    await until_refused(cache, 4)
    assert await cache.fill(*MATRIX, VARIANT, 5, CachedResponse('"v5"', b"{}"))
    assert await cache.get(*MATRIX, VARIANT) == CachedResponse('"v5"', b"{}")
