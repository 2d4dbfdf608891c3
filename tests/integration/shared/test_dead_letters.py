"""Letters as workers leave them, and the reader of the broker's own, on both brokers."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import aio_pika
import pytest
from faststream.rabbit import RabbitBroker, RabbitMessage
from sqlalchemy import RowMapping, func, select, update
from tests.support.jobs import store_generation

from shared import ids
from shared.clock import SystemClock
from shared.db.dead_letters import BrokerLetters, park, park_event
from shared.db.engine import Database, Transaction
from shared.db.tables import dead_letters
from shared.envelope import encode
from shared.errors import BadMessage
from shared.messaging import dead_letters as reading
from shared.messaging.broker import make_broker, subscription
from shared.messaging.dead_letters import DeadLetterReader
from shared.messaging.runtime import Messaging
from shared.telemetry.tracing import no_tracing
from shared.topology import DEAD_EXCHANGE, INVALIDATIONS

QUEUE = INVALIDATIONS.name
CRASHED = BadMessage("handler-crashed", "TypeError while handling entity.changed")
HEADERS = {"cloudEvents_type": "entity.changed", "cloudEvents_dataversion": "1", "cloudEvents_id": str(ids.row_id())}


async def parked(
    database: Database, headers: Mapping[str, Any], body: bytes, bad: BadMessage = CRASHED
) -> Sequence[RowMapping]:
    """All letters, oldest first, once one more was parked."""

    async def work(tx: Transaction) -> None:
        await park(tx, QUEUE, bad, headers, body)

    await database.run(work)
    return (await database.read(select(dead_letters).order_by(dead_letters.c.id))).mappings().all()


async def close_all(database: Database, column: str) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute(update(dead_letters).values({column: func.now()}))

    await database.run(work)


async def test_copies_of_a_message_have_one_open_letter(database: Database) -> None:
    await asyncio.gather(*(parked(database, HEADERS, b"{}") for _ in range(5)))

    again = await parked(database, {**HEADERS, "x-attempt": "2", "x-delivery-count": 4}, b"{}")

    assert len(again) == 1


@pytest.mark.parametrize("column", ["replayed_at", "purged_at"])
async def test_a_closed_letter_does_not_hide_the_next_one(database: Database, column: str) -> None:
    await parked(database, HEADERS, b"{}")
    await close_all(database, column)

    assert len(await parked(database, HEADERS, b"{}")) == 2


@pytest.mark.parametrize(
    ("headers", "body", "bad"),
    [
        ({**HEADERS, "cloudEvents_id": str(ids.row_id())}, b"{}", CRASHED),
        ({**HEADERS, "cloudEvents_dataversion": "2"}, b"{}", CRASHED),
        ({**HEADERS, "cloudEvents_type": "entity.gone"}, b"{}", CRASHED),
        (HEADERS, b"[]", CRASHED),
        (HEADERS, b"{}", BadMessage("delivery-limit", "")),
    ],
    ids=["event", "version", "type", "body", "reason"],
)
async def test_different_messages_have_letters_of_their_own(
    database: Database, headers: dict[str, str], body: bytes, bad: BadMessage
) -> None:
    await parked(database, HEADERS, b"{}")

    assert len(await parked(database, headers, body, bad)) == 2


async def test_the_letter_of_an_event_is_the_event_as_it_was_sent(database: Database) -> None:
    job = await store_generation(database)
    envelope = encode(job.event)

    await database.run(lambda tx: park_event(tx, "q", BadMessage("NOT_FOUND", "no such film"), job.event, attempts=2))

    row = (await database.read(select(dead_letters))).mappings().one()
    assert (row["event_id"], row["event_type"], row["job_id"]) == (job.event.event_id, job.event.type, job.id)
    assert (row["body"].encode(), row["headers"], row["exact"]) == (envelope.body, dict(envelope.headers), True)
    assert (row["origin"], row["reason"], row["attempts"]) == ("handler", "NOT_FOUND", 2)


@pytest.mark.parametrize(
    ("body", "shown", "exact"),
    [
        ("zażółć ☃".encode(), "zażółć ☃", True),
        (b"\\xff", "\\xff", True),
        (b"\xff", "\\xff", False),
        (b"a\x00b", "a\\x00b", False),
        (b"x" * 65_537, "x" * 65_536, False),
        (b"", "", True),
    ],
    ids=["text", "an escape as text", "not UTF-8", "NUL", "too long", "empty"],
)
async def test_what_can_be_an_event_is_kept_byte_for_byte(
    database: Database, body: bytes, shown: str, exact: bool
) -> None:
    (row,) = await parked(database, HEADERS, body)

    assert (row["body"], row["exact"]) == (shown, exact)


async def test_headers_that_nobody_should_send_are_kept_as_text(database: Database) -> None:
    hostile = {
        "cloudEvents_id": "not an id",
        "cloudEvents_type": {"a": "table"},
        "nul\x00": "\udcff\x00",
        "x-attempt": "9" * 50,
        "x-death": [{"count": 1}],
        "x-first-death-reason": "rejected",
        **{f"many-{number}": "x" * 5000 for number in range(100)},
    }

    (row,) = await parked(database, hostile, b"{}")

    assert (row["event_id"], row["job_id"], row["attempts"]) == (None, None, 0)
    assert row["headers"]["cloudEvents_type"] == "{'a': 'table'}"
    assert row["headers"]["nul\\x00"] == "\\udcff\\x00"
    assert not [name for name in row["headers"] if name.startswith(("x-death", "x-first"))]
    assert (len(row["headers"]), max(map(len, row["headers"].values()))) == (64, 1000)


@pytest.fixture
async def reader(database: Database, broker_url: str) -> AsyncIterator[RabbitBroker]:
    broker = make_broker(broker_url, "tests", no_tracing())
    letters = BrokerLetters(database, QUEUE)
    broker.include_router(reading.router(INVALIDATIONS, DeadLetterReader(letters, SystemClock())))
    await broker.start()
    yield broker
    await broker.stop()


@pytest.mark.rabbit
@pytest.mark.usefixtures("reader")
async def test_i7_what_lies_in_a_dead_letter_queue_becomes_a_letter(database: Database, broker_url: str) -> None:
    connection = await aio_pika.connect(broker_url)
    async with connection, asyncio.timeout(20):
        channel = await connection.channel()
        dead = await channel.get_exchange(DEAD_EXCHANGE, ensure=False)
        for _ in range(3):
            await dead.publish(aio_pika.Message(b"{}", headers=dict(HEADERS)), QUEUE)
        queue = await channel.declare_queue(INVALIDATIONS.dead_name, passive=True)
        while (await database.read(select(dead_letters.c.id))).first() is None or (
            (await queue.declare()).message_count or 0
        ):
            await SystemClock().sleep(0.05)

    row = (await database.read(select(dead_letters))).mappings().one()
    assert (row["queue"], row["origin"], row["reason"]) == (QUEUE, "broker", "delivery-limit")
    assert (str(row["event_id"]), row["headers"]) == (HEADERS["cloudEvents_id"], HEADERS)


@pytest.mark.rabbit
async def test_f20_a_process_whose_dead_letters_nobody_reads_is_not_consuming(
    database: Database, broker_url: str
) -> None:
    broker, relay_broker = (make_broker(broker_url, "tests", no_tracing()) for _ in range(2))

    @broker.subscriber(**subscription(INVALIDATIONS))
    async def on_event(message: RabbitMessage) -> None:
        await message.ack()

    messaging = Messaging(
        url=broker_url,
        service="tests",
        broker=broker,
        relay_broker=relay_broker,
        database=database,
        clock=SystemClock(),
        queues=(INVALIDATIONS,),
    )
    messaging.start()
    try:
        async with asyncio.timeout(30):
            await messaging.failed.wait()
    finally:
        await messaging.stop()

    assert not messaging.consuming
