"""Publishing and confirms, on every broker."""

import asyncio

import aio_pika
import pytest
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import (
    ChannelClosed,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    DeliveryError,
    PublishError,
)
from pamqp.commands import Basic
from tests.contracts.amqp.brokers import DEADLINE_S, Arguments, Connect, Inbox, Name, message, next_of, publish, texts


async def test_every_publication_of_a_window_is_confirmed_and_kept_in_order(
    channel: AbstractChannel, name: Name
) -> None:
    queue = await channel.declare_queue(name(), durable=True)
    bodies = [str(number) for number in range(200)]

    confirms = await asyncio.gather(
        *(channel.default_exchange.publish(message(body), queue.name, timeout=DEADLINE_S) for body in bodies)
    )

    assert all(isinstance(confirm, Basic.Ack) for confirm in confirms)
    assert texts(await (await Inbox.of(queue)).take(200)) == bodies


async def test_an_unroutable_mandatory_message_is_returned(connect: Connect, name: Name) -> None:
    channel = await (await connect()).channel(on_return_raises=True)
    exchange = await channel.declare_exchange(name(), ExchangeType.DIRECT)

    with pytest.raises(PublishError, match="NO_ROUTE"):
        await exchange.publish(message("x"), "nowhere", mandatory=True, timeout=DEADLINE_S)


async def test_an_unroutable_message_is_confirmed_when_not_mandatory(connect: Connect, name: Name) -> None:
    channel = await (await connect()).channel(on_return_raises=True)
    exchange = await channel.declare_exchange(name(), ExchangeType.DIRECT)

    confirm = await exchange.publish(message("x"), "nowhere", mandatory=False, timeout=DEADLINE_S)

    assert isinstance(confirm, Basic.Ack)


async def test_publishing_to_a_missing_exchange_closes_only_the_channel(connect: Connect, name: Name) -> None:
    connection = await connect()
    channel = await connection.channel()
    missing = await channel.get_exchange(name(), ensure=False)

    with pytest.raises(ChannelNotFoundEntity):
        await missing.publish(message("x"), "key", timeout=DEADLINE_S)

    queue = await (await connection.channel()).declare_queue(name())
    assert queue.declaration_result.message_count == 0


async def test_an_internal_exchange_cannot_be_published_to(channel: AbstractChannel, name: Name) -> None:
    exchange = await channel.declare_exchange(name(), ExchangeType.FANOUT, internal=True)
    inner = await channel.get_exchange(exchange.name, ensure=False)

    with pytest.raises(ChannelClosed, match="ACCESS_REFUSED"):
        await inner.publish(message("x"), "key", timeout=DEADLINE_S)


async def test_a_full_queue_that_rejects_nacks_the_publication(channel: AbstractChannel, name: Name) -> None:
    arguments: Arguments = {"x-max-length": 2, "x-overflow": "reject-publish"}
    queue = await channel.declare_queue(name(), arguments=arguments)
    await publish(channel, queue.name, "1", "2")

    with pytest.raises(DeliveryError):
        await publish(channel, queue.name, "3")

    assert [(await next_of(queue)).body for _ in range(2)] == [b"1", b"2"]
    await publish(channel, queue.name, "4")
    assert (await next_of(queue)).body == b"4"


async def test_a_full_queue_drops_its_oldest_message(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name(), arguments={"x-max-length": 2})

    await publish(channel, queue.name, "1", "2", "3")

    assert texts(await (await Inbox.of(queue)).take(2)) == ["2", "3"]


async def test_the_length_limit_may_be_in_bytes(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name(), arguments={"x-max-length-bytes": 10})

    await publish(channel, queue.name, "12345", "67890", "abc")

    assert texts(await (await Inbox.of(queue)).take(2)) == ["67890", "abc"]


@pytest.mark.parametrize("size", [0, 1, 131_064, 131_065, 1024 * 1024])
async def test_a_body_of_any_size_arrives_unchanged(channel: AbstractChannel, name: Name, size: int) -> None:
    queue = await channel.declare_queue(name())
    body = bytes(index % 251 for index in range(size))

    await channel.default_exchange.publish(aio_pika.Message(body), queue.name, timeout=DEADLINE_S)

    assert (await next_of(queue)).body == body


async def test_all_properties_and_headers_arrive(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name())
    sent = aio_pika.Message(
        b"x",
        headers={"text": "ä", "number": 5_000_000_000, "flag": True, "list": [1, "two"], "table": {"a": None}},
        content_type="application/json",
        content_encoding="identity",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        priority=3,
        correlation_id="c",
        reply_to="r",
        message_id="m",
        timestamp=1_700_000_000,
        type="t",
        app_id="a",
    )

    await channel.default_exchange.publish(sent, queue.name, timeout=DEADLINE_S)

    received = await next_of(queue)
    assert received.properties == sent.properties


async def test_somebody_elses_user_id_is_refused(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name())

    with pytest.raises(ChannelPreconditionFailed, match="user_id"):
        await channel.default_exchange.publish(
            aio_pika.Message(b"x", user_id="somebody"), queue.name, timeout=DEADLINE_S
        )


async def test_a_reply_reaches_the_channel_that_asked(connect: Connect, name: Name) -> None:
    asking, answering = await (await connect()).channel(), await (await connect()).channel()
    requests = await Inbox.of(await answering.declare_queue(name()), no_ack=True)
    replies = await Inbox.of(await asking.get_queue("amq.rabbitmq.reply-to", ensure=False), no_ack=True)
    question = aio_pika.Message(b"question", reply_to="amq.rabbitmq.reply-to")
    await asking.default_exchange.publish(question, requests.queue_name, timeout=DEADLINE_S)

    request = await requests.next()
    assert request.reply_to is not None
    await publish(answering, request.reply_to, "answer")

    assert (await replies.next()).body == b"answer"


async def test_a_reply_to_nobody_is_returned(connect: Connect) -> None:
    channel = await (await connect()).channel(on_return_raises=True)

    with pytest.raises(PublishError, match="NO_ROUTE"):
        await publish(channel, "amq.rabbitmq.reply-to.nobody", "x")
