"""Somebody really listens: a consumer that is gone comes back, or the process says so."""

import asyncio
from collections.abc import AsyncIterator

import aio_pika
import pytest
from faststream.rabbit import RabbitBroker, RabbitMessage

from shared import topology
from shared.messaging.broker import declare_topology, make_broker, subscription
from shared.messaging.watchdog import ConsumersLost, Watchdog
from shared.telemetry.tracing import no_tracing

pytestmark = pytest.mark.rabbit
QUEUE = topology.INVALIDATIONS


class Subscribed:
    """A started consumer of one queue, with the watchdog over it."""

    def __init__(self, url: str) -> None:
        self.broker: RabbitBroker = make_broker(url, "tests", no_tracing())
        self.received = asyncio.Event()
        self.watchdog = Watchdog(url, "tests", (QUEUE.name,), self.resubscribe)
        self._url = url

        @self.broker.subscriber(**subscription(QUEUE))
        async def on_message(message: RabbitMessage) -> None:
            await message.ack()
            self.received.set()

    async def resubscribe(self) -> None:
        await declare_topology(self._url, "tests")
        for subscriber in self.broker.subscribers:
            await subscriber.stop()
            await subscriber.start()


@pytest.fixture
async def subscribed(broker_url: str) -> AsyncIterator[Subscribed]:
    subscribed = Subscribed(broker_url)
    await subscribed.broker.start()
    yield subscribed
    await subscribed.broker.stop()


async def delete_queue(url: str) -> None:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        await channel.queue_delete(QUEUE.name)


async def test_registered_consumers_are_seen(subscribed: Subscribed) -> None:
    await subscribed.watchdog.check()

    assert subscribed.watchdog.consuming


async def test_a_deleted_queue_is_declared_and_consumed_again(subscribed: Subscribed, broker_url: str) -> None:
    await delete_queue(broker_url)

    async with asyncio.timeout(20):
        await subscribed.watchdog.check()
        while not subscribed.watchdog.consuming:
            await subscribed.watchdog.check()
        connection = await aio_pika.connect(broker_url)
        async with connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(topology.EVENTS_EXCHANGE, ensure=False)
            await exchange.publish(aio_pika.Message(b"{}"), "entity.changed.movie")
            await subscribed.received.wait()


async def test_consumers_that_cannot_be_brought_back_end_the_process(broker_url: str) -> None:
    async def nothing_helps() -> None:
        return

    watchdog = Watchdog(broker_url, "tests", (QUEUE.name,), nothing_helps)

    await watchdog.check()
    await watchdog.check()
    with pytest.raises(ConsumersLost, match=QUEUE.name):
        await watchdog.check()

    assert not watchdog.consuming


async def test_ready_messages_are_counted_and_a_missing_queue_is_empty(broker_url: str) -> None:
    watchdog = Watchdog(broker_url, "tests", (), Subscribed(broker_url).resubscribe)
    before = await watchdog.ready_messages(QUEUE)

    connection = await aio_pika.connect(broker_url)
    async with connection:
        channel = await connection.channel()
        await channel.default_exchange.publish(aio_pika.Message(b"{}"), QUEUE.name)
    after = await watchdog.ready_messages(QUEUE)
    await delete_queue(broker_url)

    assert (before, after, await watchdog.ready_messages(QUEUE)) == (0, 1, 0)


async def test_a_broker_that_cannot_be_asked_is_unknown() -> None:
    async def never() -> None:
        raise AssertionError

    watchdog = Watchdog("amqp://guest:guest@127.0.0.1:1/", "tests", (QUEUE.name,), never)

    await watchdog.check()

    assert await watchdog.ready_messages(QUEUE) is None
    assert not watchdog.consuming
