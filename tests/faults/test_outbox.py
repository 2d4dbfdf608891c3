"""The outbox under crashes, many relays, late commits and a backlog, and a consumer among messages that nobody can read."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import aio_pika
import pytest
from sqlalchemy import event, select, text
from tests.faults.wire import consuming, inbox_rows, job_row, relaying, unsent
from tests.support.jobs import store_generation

from shared import ids, outbox, topology
from shared.clock import SystemClock
from shared.db.engine import Database, Transaction
from shared.db.tables import dead_letters
from shared.entities import EntityKind
from shared.envelope import CONTENT_TYPE, MAX_BODY_BYTES, encode
from shared.events import EntityChanged, JobEvent
from shared.faults import InjectedFault, arm
from shared.outbox.relay import Outgoing, Pace, Relay
from shared.testing.clock import START

rabbit = pytest.mark.rabbit
BACKLOG = 200_000
BATCH = Pace().batch
BATCH_PAGES = 10 * BATCH
"""What taking one batch may touch: index and heap of its rows, their locks, and dead versions of rows taken before."""
ROW_PAGES = 40
FILL = """
    INSERT INTO outbox (id, event_id, type, correlation_id, routing_key, target_queue, headers, payload, available_at)
    SELECT gen_random_uuid(), gen_random_uuid(), 'entity.changed', '', 'entity.changed.movie', '', '{}', '{}',
           now() + make_interval(secs => number % 3600 - 1800)
    FROM generate_series(1, :rows) AS number
"""


class Taking:
    """A broker that takes everything."""

    connected = True

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def publish(self, message: Outgoing) -> None:
        self.taken.append(message.message_id)


def changed(slug: str) -> EntityChanged:
    return EntityChanged(
        event_id=ids.row_id(), occurred_at=START, entity_kind=EntityKind.MOVIE, entity_id=ids.row_id(), slug=slug,
        entity_version=2,
    )  # fmt: skip


@contextmanager
def statements_on(database: Database) -> Generator[list[tuple[str, Any]]]:
    """Every statement and its parameters, as the driver gets them."""
    seen: list[tuple[str, Any]] = []

    def before(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", before)
    yield seen
    event.remove(database.engine.sync_engine, "before_cursor_execute", before)


async def plan(database: Database, statement: str, parameters: Any) -> dict[str, Any]:
    """What the statement did, without keeping it."""
    async with database.engine.connect() as connection:
        found = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
        explained: Any = found.scalar_one()
        await connection.rollback()
    return (json.loads(explained) if isinstance(explained, str) else explained)[0]["Plan"]


def nodes(root: dict[str, Any]) -> list[dict[str, Any]]:
    return [root, *(node for child in root.get("Plans", []) for node in nodes(child))]


def pages(root: dict[str, Any]) -> int:
    return int(root["Shared Hit Blocks"]) + int(root["Shared Read Blocks"])


@rabbit
async def test_f48_a_relay_that_dies_between_publish_and_delete_costs_a_copy_and_no_second_effect(
    database: Database, broker_url: str
) -> None:
    job = await store_generation(database, published=True)

    async with consuming(broker_url, database) as consumer:
        async with relaying(broker_url, database) as dying:
            arm("relay.before_delete=raise")
            with pytest.raises(InjectedFault):
                await dying.publish_due()
            arm("")
        await consumer.until(acked=1)
        async with relaying(broker_url, database) as another:
            assert await another.publish_due() == 1
        await consumer.until(acked=2)

    assert (consumer.deliveries, consumer.worked) == (2, [job.id])
    assert (await job_row(database, job), await inbox_rows(database)) == (("DONE", 1), 1)
    assert await unsent(database) == 0


async def test_f50_a_row_whose_transaction_commits_late_is_not_passed_over(database: Database) -> None:
    broker, early, late = Taking(), changed("early-2001"), changed("late-2001")
    relay = Relay(database, broker, SystemClock())

    async def fast(tx: Transaction) -> None:
        await outbox.add(tx, late)

    async with database.engine.connect() as connection, connection.begin():
        await outbox.add(Transaction(connection), early)
        await database.run(fast)
        published_before = await relay.publish_due()
    published_after = await relay.publish_due()

    assert (published_before, published_after) == (1, 1)
    assert broker.taken == [str(late.event_id), str(early.event_id)]


async def test_f51_a_backlog_slows_neither_the_relay_nor_who_adds_to_it(
    database: Database, record_property: Any
) -> None:
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("SET LOCAL statement_timeout = '100s'")
        await connection.execute(text(FILL), {"rows": BACKLOG})
    broker, clock = Taking(), SystemClock()
    relay = Relay(database, broker, clock)

    with statements_on(database) as relayed:
        assert await relay.publish_due() == BATCH
    due = await plan(database, *next(found for found in relayed if "SKIP LOCKED" in found[0]))
    with statements_on(database) as added:
        await database.run(lambda tx: outbox.add(tx, changed("new-2001")))
    insertion = await plan(database, *next(found for found in added if "INSERT INTO outbox" in found[0]))
    started = clock.monotonic()
    while len(broker.taken) < 20 * BATCH:
        await relay.publish_due()
    record_property("drained_rows_per_s", round(19 * BATCH / (clock.monotonic() - started)))

    assert "ix_outbox_available_at" in [node.get("Index Name") for node in nodes(due)]
    assert not {"Seq Scan", "Sort"} & {node["Node Type"] for node in nodes(due)}
    assert pages(due) < BATCH_PAGES
    assert pages(insertion) < ROW_PAGES


async def publish_by_hand(url: str, message: aio_pika.Message) -> None:
    """Straight to the generator, past the outbox."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(topology.RETRY_EXCHANGE, ensure=False)
        await exchange.publish(message, topology.GENERATION_REQUESTS.name)


def altered(
    request: JobEvent, *, body: bytes | None = None, content_type: str = CONTENT_TYPE, **headers: Any
) -> aio_pika.Message:
    """The message of `request`, as nobody should send it."""
    envelope = encode(request)
    sent = {**envelope.headers, **{f"cloudEvents_{name}": value for name, value in headers.items()}}
    return aio_pika.Message(envelope.body if body is None else body, headers=sent, content_type=content_type)


async def parked_reason(database: Database, url: str, alteration: dict[str, Any]) -> list[str]:
    """Send a message that cannot be read and then one that can; why the first was parked."""
    refused, good = await store_generation(database, "heat-1995"), await store_generation(database)
    async with consuming(url, database) as consumer:
        await publish_by_hand(url, altered(refused.event, **alteration))
        await publish_by_hand(url, altered(good.event))
        await consumer.until(acked=2)

    assert consumer.worked == [good.id]
    assert await job_row(database, refused) == ("PENDING", 0)
    return list((await database.read(select(dead_letters.c.reason))).scalars())


@rabbit
@pytest.mark.parametrize(
    ("alteration", "reason"),
    [
        ({"type": "film.forgotten"}, "unknown-type"),
        ({"dataversion": "2"}, "unknown-version"),
        ({"body": b'{"slug": "heat-1995"}'}, "bad-body"),
    ],
)
async def test_f52_an_event_of_another_time_is_parked_with_its_reason(
    database: Database, broker_url: str, alteration: dict[str, Any], reason: str
) -> None:
    assert await parked_reason(database, broker_url, alteration) == [reason]


@rabbit
async def test_f52_members_that_are_not_known_yet_are_ignored(database: Database, broker_url: str) -> None:
    job = await store_generation(database)
    grown = json.dumps({**json.loads(encode(job.event).body), "mood": "noir"}).encode()

    async with consuming(broker_url, database) as consumer:
        await publish_by_hand(broker_url, altered(job.event, body=grown, sensitivity="low"))
        await consumer.until(acked=1)

    assert await job_row(database, job) == ("DONE", 1)


@rabbit
@pytest.mark.parametrize(
    ("alteration", "reason"),
    [
        ({"body": b"\xff\xfe\x00"}, "bad-body"),
        ({"body": b""}, "bad-body"),
        ({"body": b" " * (MAX_BODY_BYTES + 1)}, "bad-body"),
        ({"content_type": "text/plain"}, "bad-envelope"),
        ({"type": {"name": "generation.requested"}}, "bad-envelope"),
        ({"dataversion": [1]}, "bad-envelope"),
    ],
)
async def test_f53_what_cannot_be_decoded_is_parked_and_the_consumer_goes_on(
    database: Database, broker_url: str, alteration: dict[str, Any], reason: str
) -> None:
    assert await parked_reason(database, broker_url, alteration) == [reason]
