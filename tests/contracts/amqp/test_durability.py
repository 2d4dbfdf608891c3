"""What the embedded broker keeps when its process is killed (RabbitMQ is not ours to kill)."""

import asyncio
from pathlib import Path

import aio_pika
import pytest
from aio_pika import DeliveryMode, ExchangeType
from aio_pika.exceptions import ChannelNotFoundEntity
from tests.contracts.amqp.brokers import DEADLINE_S, QUORUM, Arguments, Inbox, message, next_of, publish, texts
from tests.contracts.amqp.processes import running


@pytest.fixture
def journal(tmp_path: Path) -> tuple[str, str]:
    return ("--journal", str(tmp_path / "journal.db"))


async def test_no_confirmed_message_is_lost_by_kill_9(journal: tuple[str, str]) -> None:
    bodies = [f"{number}" for number in range(1000)]
    async with running(*journal) as broker:
        connection = await aio_pika.connect(broker.url)
        channel = await connection.channel()
        exchange = await channel.declare_exchange("events", ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue("work", durable=True, arguments=QUORUM)
        await queue.bind(exchange, "film.#")
        await asyncio.gather(*(exchange.publish(message(body), "film.new", timeout=DEADLINE_S) for body in bodies))
        await broker.kill()
        await connection.close()

    async with running(*journal) as broker, await aio_pika.connect(broker.url) as connection:
        queue = await (await connection.channel()).get_queue("work")
        received = await (await Inbox.of(queue)).take(1000)

    assert texts(received) == bodies
    assert {entry.redelivered for entry in received} == {True}


async def test_killing_in_the_middle_of_publishing_loses_only_what_was_not_confirmed(journal: tuple[str, str]) -> None:
    confirmed: list[str] = []
    async with running(*journal) as broker:
        connection = await aio_pika.connect(broker.url)
        channel = await connection.channel()
        await channel.declare_queue("work", durable=True)
        enough = asyncio.Event()

        async def publish_until_killed() -> None:
            for number in range(100_000):
                try:
                    await publish(channel, "work", str(number))
                except (Exception, asyncio.CancelledError):  # noqa: BLE001 - whatever aiormq makes of a lost broker
                    return
                confirmed.append(str(number))
                if number == 300:
                    enough.set()

        publishing = asyncio.create_task(publish_until_killed())
        await asyncio.wait_for(enough.wait(), DEADLINE_S)
        await broker.kill()
        await publishing
        await connection.close()

    async with running(*journal) as broker, await aio_pika.connect(broker.url) as connection:
        queue = await (await connection.channel()).get_queue("work")
        kept = texts(await (await Inbox.of(queue)).take(queue.declaration_result.message_count or 0))

    assert kept[: len(confirmed)] == confirmed
    assert len(kept) - len(confirmed) in {0, 1}


async def test_what_was_acknowledged_does_not_come_back_and_what_was_not_does(journal: tuple[str, str]) -> None:
    async with running(*journal) as broker:
        connection = await aio_pika.connect(broker.url)
        channel = await connection.channel()
        queue = await channel.declare_queue("work", durable=True, arguments=QUORUM)
        await publish(channel, "work", "done", "held", "returned", "waiting")
        await channel.set_qos(prefetch_count=3)
        done, _, returned = await (await Inbox.of(queue)).take(3)
        await done.ack()
        await returned.channel.basic_reject(returned.delivery_tag or 0, requeue=True)
        await channel.declare_queue("work", passive=True)
        await broker.kill()
        await connection.close()

    async with running(*journal) as broker, await aio_pika.connect(broker.url) as connection:
        queue = await (await connection.channel()).get_queue("work")
        received = await (await Inbox.of(queue)).take(3)

    assert texts(received) == ["held", "returned", "waiting"]
    assert [entry.headers.get("x-delivery-count") for entry in received] == [None, 1, None]


async def test_durable_topology_survives_and_nothing_else(journal: tuple[str, str]) -> None:
    arguments: Arguments = {"x-max-length": 10, "x-dead-letter-exchange": "dead"}
    async with running(*journal) as broker:
        async with await aio_pika.connect(broker.url) as connection:
            channel = await connection.channel()
            first = await channel.declare_exchange("first", ExchangeType.FANOUT, durable=True)
            second = await channel.declare_exchange("second", ExchangeType.HEADERS, durable=True)
            await second.bind(first)
            kept = await channel.declare_queue("kept", durable=True, arguments=arguments)
            await kept.bind(second, arguments={"x-match": "all", "kind": "film"})
            await channel.declare_queue("gone")
            await first.publish(message("persistent", {"kind": "film"}), "")
            transient = aio_pika.Message(
                b"transient", headers={"kind": "film"}, delivery_mode=DeliveryMode.NOT_PERSISTENT
            )
            await first.publish(transient, "")
        await broker.kill()

    async with running(*journal) as broker, await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        kept = await channel.declare_queue("kept", durable=True, arguments=arguments)
        assert kept.declaration_result.message_count == 1
        assert (await next_of(kept)).body == b"persistent"
        first = await channel.declare_exchange("first", ExchangeType.FANOUT, durable=True)
        await first.publish(message("again", {"kind": "film"}), "", mandatory=True)
        assert (await next_of(kept)).body == b"again"
        with pytest.raises(ChannelNotFoundEntity):
            await channel.declare_queue("gone", passive=True)


async def test_a_deleted_queue_stays_deleted_with_its_messages(journal: tuple[str, str]) -> None:
    async with running(*journal) as broker:
        async with await aio_pika.connect(broker.url) as connection:
            channel = await connection.channel()
            await channel.declare_queue("work", durable=True)
            await publish(channel, "work", "1")
            await channel.queue_delete("work")
        await broker.kill()

    async with running(*journal) as broker, await aio_pika.connect(broker.url) as connection:
        queue = await (await connection.channel()).declare_queue("work", durable=True)
        assert queue.declaration_result.message_count == 0


async def test_a_dead_letter_survives_where_it_went(journal: tuple[str, str]) -> None:
    routing: Arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}
    async with running(*journal) as broker:
        connection = await aio_pika.connect(broker.url)
        channel = await connection.channel()
        work = await channel.declare_queue("work", durable=True, arguments=routing)
        await channel.declare_queue("dead", durable=True)
        await publish(channel, "work", "1")
        await (await work.get()).reject(requeue=False)
        await channel.declare_queue("dead", passive=True)
        await broker.kill()
        await connection.close()

    async with running(*journal) as broker, await aio_pika.connect(broker.url) as connection:
        letter = await next_of(await (await connection.channel()).get_queue("dead"))

    assert letter.headers["x-first-death-queue"] == "work"
