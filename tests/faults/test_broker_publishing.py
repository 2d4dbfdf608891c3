"""What the broker does not take, or takes without saying so: F22, F23, F25, F26."""

import dataclasses
from typing import Any

import aio_pika
import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs
from tests.faults.wire import consuming, inbox_rows, job_row, make_due, publish_all, relaying, unsent
from tests.support.jobs import StoredJob, store_generation
from tests.support.proxy import proxied

from shared import ids, topology
from shared.clock import SystemClock
from shared.db.engine import Database, Transaction
from shared.db.tables import outbox
from shared.entities import EntityKind
from shared.envelope import MAX_BODY_BYTES, encode
from shared.events import EntityChanged
from shared.messaging.broker import declare_topology, make_broker
from shared.messaging.publisher import RabbitPublisher
from shared.outbox import add
from shared.outbox.relay import BrokerAway, Outgoing, Publisher, Relay
from shared.telemetry.tracing import no_tracing
from shared.topology import GENERATION_REQUESTS, WorkQueue

rabbit = pytest.mark.rabbit
HEARTBEAT = "?heartbeat=2"


class Forgetful:
    """Publishes, but the first answer gets lost."""

    connected = True

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._forgets = True

    async def publish(self, message: Outgoing) -> None:
        await self._publisher.publish(message)
        if self._forgets:
            self._forgets = False
            raise BrokerAway("the confirm got lost")


@rabbit
async def test_f22_a_confirm_that_the_network_loses_costs_a_copy_and_no_second_effect(
    database: Database, broker_url: str
) -> None:
    before = await store_generation(database, "heat-1995", published=True)
    with proxied(broker_url) as network:
        async with consuming(broker_url, database) as consumer, relaying(network.url + HEARTBEAT, database) as relay:
            await publish_all(relay, database)
            job = await store_generation(database, published=True)
            network.mute_server()
            with pytest.raises(BrokerAway):
                await relay.publish_due()
            await consumer.until(acked=2)
            kept = await unsent(database)

            network.cut()
            network.heal()
            await publish_all(relay, database)
            await consumer.until(acked=3)

    assert kept == 1
    assert consumer.worked == [before.id, job.id]
    assert (await job_row(database, job), await inbox_rows(database)) == (("DONE", 1), 2)


@rabbit
async def test_f22_a_publish_that_succeeds_and_then_times_out_is_repeated(database: Database, broker_url: str) -> None:
    job = await store_generation(database, published=True)
    broker = make_broker(broker_url, "tests-relay", no_tracing())
    await broker.start()
    relay = Relay(database, Forgetful(RabbitPublisher(broker)), SystemClock())

    async with consuming(broker_url, database) as consumer:
        with pytest.raises(BrokerAway):
            await relay.publish_due()
        await consumer.until(acked=1)
        await publish_all(relay, database)
        await consumer.until(acked=2)
    await broker.stop()

    assert consumer.worked == [job.id]
    assert (await job_row(database, job), await inbox_rows(database)) == (("DONE", 1), 1)


@rabbit
async def test_f23_an_unroutable_event_stays_alerts_and_goes_out_once_its_binding_is_back(
    database: Database, broker_url: str
) -> None:
    await unbind(broker_url)
    job = await store_generation(database, published=True)

    async with relaying(broker_url, database) as relay:
        with capture_logs() as logs:
            for _ in range(3):
                assert await relay.publish_due() == 0
                await make_due(database)
        kept = await unsent(database)

        await declare_topology(broker_url, "tests")
        async with consuming(broker_url, database) as consumer:
            await publish_all(relay, database)
            await consumer.until(acked=1)

    alerts = [entry for entry in logs if entry["event"] == "relay.undeliverable"]
    assert kept == 1
    assert [(alert["log_level"], alert["event_id"]) for alert in alerts] == [("error", str(job.event.event_id))] * 3
    assert await job_row(database, job) == ("DONE", 1)


async def unbind(url: str) -> None:
    """Take away the way of generation requests to their queue."""
    async with await aio_pika.connect(url, timeout=10) as connection:
        queue = await (await connection.channel()).get_queue(GENERATION_REQUESTS.name, ensure=False)
        for key in GENERATION_REQUESTS.binding_keys:
            await queue.unbind(topology.EVENTS_EXCHANGE, key)


class TinyQueue(WorkQueue):
    """A work queue that holds one message."""

    @property
    def arguments(self) -> dict[str, Any]:
        return super().arguments | {"x-max-length": 1}


@rabbit
async def test_f25_what_a_full_queue_refuses_stays_and_backs_off(database: Database, broker_url: str) -> None:
    queue = TinyQueue(*dataclasses.astuple(GENERATION_REQUESTS))
    await replace(broker_url, queue)
    jobs: list[StoredJob] = []

    async with relaying(broker_url, database) as relay:
        published = 0
        while len(jobs) < 20 and published == len(jobs):  # RabbitMQ is a few messages late to see that it is full
            jobs.append(await store_generation(database, f"film-{len(jobs)}-1999", published=True))
            published += await relay.publish_due()
        refused = await backed_off(database)
        async with consuming(broker_url, database, queue) as consumer:
            await publish_all(relay, database)
            await consumer.until(acked=len(jobs))

    assert (refused, published) == (1, len(jobs) - 1)
    assert {await job_row(database, job) for job in jobs} == {("DONE", 1)}


async def backed_off(database: Database) -> int:
    """Rows that were refused and wait for a later time."""
    waiting = select(func.count()).where(outbox.c.attempts == 1, outbox.c.available_at > func.now())
    return int((await database.read(waiting)).scalar_one())


async def replace(url: str, queue: WorkQueue) -> None:
    """Put `queue` in the place of the one with its name."""
    async with await aio_pika.connect(url, timeout=10) as connection:
        channel = await connection.channel()
        await channel.queue_delete(queue.name)
        declared = await channel.declare_queue(queue.name, durable=True, arguments=queue.arguments)
        for key in queue.binding_keys:
            await declared.bind(topology.EVENTS_EXCHANGE, key)


async def test_f26_an_event_above_64_kib_is_refused_when_it_is_built_and_stores_nothing(database: Database) -> None:
    event = EntityChanged(
        event_id=ids.row_id(),
        occurred_at=SystemClock().now(),
        entity_kind=EntityKind.MOVIE,
        entity_id=ids.row_id(),
        slug="a" * 65 * 1024,
        entity_version=2,
    )

    async def work(tx: Transaction) -> None:
        await add(tx, event)

    with pytest.raises(ValueError, match="send larger data by id"):
        await database.run(work)

    assert await unsent(database) == 0
    assert len(encode(event.model_copy(update={"slug": "a" * 60_000})).body) < MAX_BODY_BYTES
