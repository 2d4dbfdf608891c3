"""The broker as the relay sees it: what is published waits in the queues that want it, in RabbitMQ and in the fake alike."""

from abc import abstractmethod
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aio_pika
import pytest

from shared import ids, topology
from shared.entities import EntityKind, Form, Locale
from shared.envelope import encode
from shared.events import EntityChanged, Event, GenerationFailed, GenerationRequested
from shared.messaging.broker import make_broker
from shared.messaging.publisher import RabbitPublisher
from shared.outbox.relay import Outgoing, Publisher, Undeliverable
from shared.telemetry.tracing import no_tracing
from shared.testing.broker import FakeBroker

pytestmark = pytest.mark.rabbit
NOW = datetime(2026, 11, 20, tzinfo=UTC)
REQUESTED = GenerationRequested(
    event_id=ids.row_id(),
    occurred_at=NOW,
    entity_kind=EntityKind.MOVIE,
    job_id=ids.job_id(),
    slug="the-matrix-1999",
    form=Form.DESCRIPTION,
    locale=Locale.EN,
)
FAILED = GenerationFailed(
    event_id=ids.row_id(),
    occurred_at=NOW,
    entity_kind=EntityKind.MOVIE,
    job_id=ids.job_id(),
    slug="the-matrix-1999",
    requested_slug="the-matrix",
    reason="cancelled",
)
CHANGED = EntityChanged(
    event_id=ids.row_id(), occurred_at=NOW, entity_kind=EntityKind.PERSON, entity_id=ids.row_id(), slug="keanu-reeves",
    entity_version=2,
)  # fmt: skip


def outgoing(event: Event, queue: str = "", routing_key: str | None = None) -> Outgoing:
    envelope = encode(event)
    return Outgoing(
        message_id=envelope.message_id,
        correlation_id=envelope.correlation_id,
        type=envelope.type,
        routing_key=routing_key or queue or envelope.routing_key,
        target_queue=queue,
        headers=envelope.headers,
        body=envelope.body,
    )


class World:
    """A publisher, and the queues behind it."""

    publisher: Publisher

    @abstractmethod
    async def ready(self, queue: str) -> list[tuple[str | None, bytes]]:
        """Id and body of what waits in the queue, in order."""

    async def queued(self) -> dict[str, int]:
        """How many messages wait in each queue that has some."""
        counted = {queue.name: len(await self.ready(queue.name)) for queue in topology.WORK_QUEUES}
        return {queue: count for queue, count in counted.items() if count}


class FakeWorld(World):
    def __init__(self) -> None:
        self._broker = self.publisher = FakeBroker()

    async def ready(self, queue: str) -> list[tuple[str | None, bytes]]:
        return [(message.message_id, message.body) for message in self._broker.queues[queue]]


class RabbitWorld(World):
    def __init__(self, url: str, publisher: RabbitPublisher) -> None:
        self._url = url
        self.publisher = publisher

    async def ready(self, queue: str) -> list[tuple[str | None, bytes]]:
        async with await aio_pika.connect(self._url) as connection:
            found = await (await connection.channel()).get_queue(queue)
            messages: list[tuple[str | None, bytes]] = []
            while (message := await found.get(fail=False)) is not None:
                messages.append((message.message_id, message.body))
            return messages  # unacked, so they are there again


class PublisherContract:
    @pytest.mark.parametrize(
        ("event", "queue"), [(REQUESTED, topology.GENERATION_REQUESTS), (CHANGED, topology.INVALIDATIONS)]
    )
    async def test_an_event_waits_where_it_is_wanted(
        self, world: World, event: Event, queue: topology.WorkQueue
    ) -> None:
        await world.publisher.publish(outgoing(event))

        assert await world.queued() == {queue.name: 1}
        assert await world.ready(queue.name) == [(str(event.event_id), encode(event).body)]

    async def test_a_retry_waits_in_its_own_queue_only(self, world: World) -> None:
        await world.publisher.publish(outgoing(CHANGED, topology.GENERATION_REQUESTS.name))

        assert await world.queued() == {topology.GENERATION_REQUESTS.name: 1}

    async def test_what_is_published_twice_waits_twice(self, world: World) -> None:
        for _ in range(2):
            await world.publisher.publish(outgoing(REQUESTED))

        assert await world.queued() == {topology.GENERATION_REQUESTS.name: 2}

    async def test_news_that_nobody_listens_to_goes_unheard(self, world: World) -> None:
        """Failures concern gateways that wait for them, and of those there may be none."""
        await world.publisher.publish(outgoing(FAILED))

        assert await world.queued() == {}

    @pytest.mark.parametrize(
        ("queue", "routing_key"), [("", "entity.deleted.movie"), ("", "generation.requested"), ("nobody", "nobody")]
    )
    async def test_f23_what_no_queue_wants_is_refused(self, world: World, queue: str, routing_key: str) -> None:
        with pytest.raises(Undeliverable):
            await world.publisher.publish(outgoing(REQUESTED, queue, routing_key))

        assert await world.queued() == {}


class TestFakeBroker(PublisherContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeWorld()


class TestRabbitPublisher(PublisherContract):
    @pytest.fixture
    async def world(self, broker_url: str) -> AsyncIterator[World]:
        broker = make_broker(broker_url, "tests", no_tracing())
        await broker.start()
        publisher = RabbitPublisher(broker)
        publisher.connected = True
        yield RabbitWorld(broker_url, publisher)
        await broker.stop()
