import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aio_pika
import pytest
from sqlalchemy import func, select, text, update

from shared import ids, outbox, topology
from shared.clock import SystemClock
from shared.db.engine import Database, Transaction
from shared.db.jobs import seconds
from shared.db.tables import outbox as outbox_table
from shared.entities import EntityKind
from shared.events import EntityChanged
from shared.messaging.broker import make_broker
from shared.messaging.publisher import RabbitPublisher
from shared.outbox.relay import BrokerAway, Outgoing, Relay, Undeliverable
from shared.telemetry.tracing import no_tracing

pytestmark = pytest.mark.rabbit


def changed(slug: str = "the-matrix-1999") -> EntityChanged:
    return EntityChanged(
        event_id=ids.row_id(),
        occurred_at=datetime(2026, 11, 20, tzinfo=UTC),
        entity_kind=EntityKind.MOVIE,
        entity_id=ids.row_id(),
        slug=slug,
        entity_version=2,
    )


async def add(database: Database, event: EntityChanged) -> None:
    async def work(tx: Transaction) -> None:
        await outbox.add(tx, event)

    await database.run(work)


async def rows_left(database: Database) -> int:
    return int((await database.read(select(func.count()).select_from(outbox_table))).scalar() or 0)


async def received(broker_url: str, queue: str, count: int) -> list[aio_pika.abc.AbstractIncomingMessage]:
    connection = await aio_pika.connect(broker_url)
    async with connection, asyncio.timeout(10):
        channel = await connection.channel()
        found = await channel.get_queue(queue)
        messages: list[aio_pika.abc.AbstractIncomingMessage] = []
        async with found.iterator() as incoming:
            async for message in incoming:
                await message.ack()
                messages.append(message)
                if len(messages) == count:
                    break
        return messages


async def ready(broker_url: str, queue: str) -> int:
    connection = await aio_pika.connect(broker_url)
    async with connection:
        found = await (await connection.channel()).declare_queue(queue, passive=True)
        return found.declaration_result.message_count or 0


@pytest.fixture
async def publisher(broker_url: str) -> AsyncIterator[RabbitPublisher]:
    broker = make_broker(broker_url, "tests", no_tracing())
    await broker.start()
    publisher = RabbitPublisher(broker)
    publisher.connected = True
    yield publisher
    await broker.stop()


@pytest.fixture
def relay(database: Database, publisher: RabbitPublisher) -> Relay:
    return Relay(database, publisher, SystemClock())


async def test_a_committed_row_is_published_persistently_and_deleted(
    database: Database, relay: Relay, broker_url: str
) -> None:
    event = changed()
    await add(database, event)

    assert await relay.publish_due() == 1

    (message,) = await received(broker_url, topology.INVALIDATIONS.name, 1)
    assert message.message_id == str(event.event_id)
    assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert message.headers["cloudEvents_type"] == "entity.changed"
    assert EntityChanged.model_validate_json(message.body) == event
    assert await rows_left(database) == 0


async def test_a_row_that_is_not_due_stays(database: Database, relay: Relay) -> None:
    await add(database, changed())

    async def postpone(tx: Transaction) -> None:
        await tx.execute(update(outbox_table).values(available_at=func.now() + seconds(60)))

    await database.run(postpone)

    assert await relay.publish_due() == 0
    assert await rows_left(database) == 1


async def test_an_unroutable_row_stays_and_backs_off(database: Database, relay: Relay, broker_url: str) -> None:
    connection = await aio_pika.connect(broker_url)
    async with connection:
        channel = await connection.channel()
        await channel.queue_delete(topology.INVALIDATIONS.name)
    await add(database, changed())

    assert await relay.publish_due() == 0

    row = (
        (await database.read(select(outbox_table, (outbox_table.c.available_at > func.now()).label("later"))))
        .mappings()
        .one()
    )
    assert (row["attempts"], row["later"]) == (1, True)


async def test_f49_ten_relays_that_serve_any_process_publish_each_row_once(
    database: Database, publisher: RabbitPublisher, broker_url: str
) -> None:
    async def many(tx: Transaction) -> None:
        for number in range(300):
            await outbox.add(tx, changed(f"film-{number}"))

    await database.run(many)
    relays = [Relay(database, publisher, SystemClock()) for _ in range(10)]

    while await rows_left(database):
        await asyncio.gather(*(relay.publish_due() for relay in relays))

    messages = await received(broker_url, topology.INVALIDATIONS.name, 300)
    assert len({message.message_id for message in messages}) == 300
    assert await ready(broker_url, topology.INVALIDATIONS.name) == 0


async def test_a_commit_wakes_the_relay_of_its_process(database: Database, relay: Relay, broker_url: str) -> None:
    database.on_commit(relay.wake)
    running = asyncio.create_task(relay.run())
    try:
        await add(database, changed())

        assert await received(broker_url, topology.INVALIDATIONS.name, 1)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_process_that_cannot_publish_wakes_the_relay_of_another(
    database_url: str, database: Database, relay: Relay, broker_url: str
) -> None:
    running = asyncio.create_task(relay.run())
    try:
        async with asyncio.timeout(10), Database.open(database_url, "another") as another:
            await listening(another)
            await add(another, changed())

            assert await received(broker_url, topology.INVALIDATIONS.name, 1)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def listening(database: Database) -> None:
    """Return once a relay listens: its connection's last statement is the LISTEN."""
    listeners = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'LISTEN%'"
    )
    while not (await database.read(listeners)).scalar():
        pass


class Refusing:
    """A publisher whose broker answers with `error`."""

    connected = True

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def publish(self, message: Outgoing) -> None:
        raise self.error


async def test_rows_survive_a_broker_that_does_not_confirm(database: Database) -> None:
    await add(database, changed())

    with pytest.raises(BrokerAway):
        await Relay(database, Refusing(BrokerAway("lost")), SystemClock()).publish_due()

    assert await rows_left(database) == 1


async def test_a_refused_row_waits_longer_each_time(database: Database) -> None:
    await add(database, changed())
    relay = Relay(database, Refusing(Undeliverable("full")), SystemClock())

    waits: list[float] = []
    for _ in range(3):
        await relay.publish_due()
        wait = func.extract("epoch", outbox_table.c.available_at - func.now())
        waits.append(float((await database.read(select(wait))).scalar() or 0))

        async def due(tx: Transaction) -> None:
            await tx.execute(update(outbox_table).values(available_at=func.now()))

        await database.run(due)

    assert waits == sorted(waits)
    assert waits[0] > 0
