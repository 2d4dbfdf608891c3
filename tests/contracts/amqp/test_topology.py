"""Exchanges, queues and bindings, on every broker."""

import pytest
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractQueue
from aio_pika.exceptions import (
    ChannelClosed,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
)
from pamqp.common import FieldTable
from tests.contracts.amqp.brokers import Connect, Inbox, Name, message, publish


async def _drain(queue: AbstractQueue) -> list[str]:
    bodies: list[str] = []
    while (received := await queue.get(fail=False, no_ack=True)) is not None:
        bodies.append(received.body.decode())
    return bodies


@pytest.mark.parametrize(
    ("pattern", "key", "follows"),
    [
        ("a.#", "a", True),
        ("a.#", "a.b.c", True),
        ("#.b", "b", True),
        ("a.#.b", "a.b", True),
        ("a.#.b", "a.x.y.b", True),
        ("a.*", "a.b", True),
        ("a.*", "a", False),
        ("a.*", "a.b.c", False),
        ("*.b", "a.b", True),
        ("#", "anything.at.all", True),
        ("a.b", "a.c", False),
        ("#.#.b", "a.b", True),
    ],
)
async def test_a_topic_binding_follows_its_pattern(
    channel: AbstractChannel, name: Name, pattern: str, key: str, follows: bool
) -> None:
    exchange = await channel.declare_exchange(name(), ExchangeType.TOPIC)
    queue = await channel.declare_queue(name())
    await queue.bind(exchange, pattern)

    await exchange.publish(message("x"), key)

    assert await _drain(queue) == (["x"] if follows else [])


async def test_a_direct_exchange_routes_by_equal_key(channel: AbstractChannel, name: Name) -> None:
    exchange = await channel.declare_exchange(name(), ExchangeType.DIRECT)
    queue = await channel.declare_queue(name())
    await queue.bind(exchange, "right")

    await exchange.publish(message("for us"), "right")
    await exchange.publish(message("not for us"), "wrong")

    assert await _drain(queue) == ["for us"]


async def test_a_fanout_exchange_copies_to_every_queue_once(channel: AbstractChannel, name: Name) -> None:
    exchange = await channel.declare_exchange(name(), ExchangeType.FANOUT)
    queues = [await channel.declare_queue(name()) for _ in range(3)]
    for queue in queues:
        await queue.bind(exchange, "one")
        await queue.bind(exchange, "two")

    await exchange.publish(message("x"), "any")

    assert [await _drain(queue) for queue in queues] == [["x"]] * 3


@pytest.mark.parametrize(
    ("arguments", "headers", "follows"),
    [
        ({"x-match": "all", "a": 1, "b": "x"}, {"a": 1, "b": "x", "c": 0}, True),
        ({"x-match": "all", "a": 1, "b": "x"}, {"a": 1}, False),
        ({"a": 1}, {"a": 1}, True),
        ({"x-match": "any", "a": 1, "b": "x"}, {"a": 1}, True),
        ({"x-match": "any", "a": 1, "b": "x"}, {"a": 2}, False),
        ({"x-match": "all", "x-kind": "film", "a": 1}, {"a": 1}, True),
        ({"x-match": "all-with-x", "x-kind": "film"}, {"x-kind": "series"}, False),
        ({"x-match": "any-with-x", "x-kind": "film"}, {"x-kind": "film"}, True),
    ],
)
async def test_a_headers_binding_matches_by_x_match(
    channel: AbstractChannel, name: Name, arguments: FieldTable, headers: FieldTable, follows: bool
) -> None:
    exchange = await channel.declare_exchange(name(), ExchangeType.HEADERS)
    queue = await channel.declare_queue(name())
    await queue.bind(exchange, "", arguments=arguments)

    await exchange.publish(message("x", headers), "ignored")

    assert await _drain(queue) == (["x"] if follows else [])


async def test_a_message_passes_bound_exchanges_and_arrives_once(channel: AbstractChannel, name: Name) -> None:
    source = await channel.declare_exchange(name(), ExchangeType.TOPIC)
    left = await channel.declare_exchange(name(), ExchangeType.FANOUT)
    right = await channel.declare_exchange(name(), ExchangeType.FANOUT)
    queue = await channel.declare_queue(name())
    for between in (left, right):
        await between.bind(source, "a.*")
        await queue.bind(between)
    await source.bind(left, "back")

    await source.publish(message("x"), "a.b")
    await source.publish(message("y"), "b.b", mandatory=False)

    assert await _drain(queue) == ["x"]


async def test_unbinding_ends_routing_and_may_be_repeated(channel: AbstractChannel, name: Name) -> None:
    exchange = await channel.declare_exchange(name(), ExchangeType.DIRECT)
    queue = await channel.declare_queue(name())
    await queue.bind(exchange, "key")

    await queue.unbind(exchange, "key")
    await queue.unbind(exchange, "key")

    await exchange.publish(message("x"), "key", mandatory=False)
    assert await _drain(queue) == []


@pytest.mark.parametrize("kind", ["queue", "exchange"])
async def test_a_passive_declaration_of_something_missing_is_404(
    channel: AbstractChannel, name: Name, kind: str
) -> None:
    declare = channel.declare_queue if kind == "queue" else channel.declare_exchange

    with pytest.raises(ChannelNotFoundEntity, match="no " + kind):
        await declare(name(), passive=True)


async def test_binding_to_a_missing_exchange_is_404(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name())

    with pytest.raises(ChannelNotFoundEntity):
        await queue.bind(name(), "key")


async def test_a_queue_cannot_be_redeclared_with_other_arguments(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name(), arguments={"x-message-ttl": 1000})

    with pytest.raises(ChannelPreconditionFailed, match="inequivalent arg 'x-message-ttl'"):
        await channel.declare_queue(queue.name, arguments={"x-message-ttl": 2000})


async def test_a_queue_cannot_be_redeclared_with_other_durability(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name(), durable=True)

    with pytest.raises(ChannelPreconditionFailed, match="inequivalent arg 'durable'"):
        await channel.declare_queue(queue.name, durable=False)


async def test_an_exchange_cannot_be_redeclared_with_another_type(channel: AbstractChannel, name: Name) -> None:
    exchange = await channel.declare_exchange(name(), ExchangeType.TOPIC)

    with pytest.raises(ChannelPreconditionFailed, match="inequivalent arg 'type'"):
        await channel.declare_exchange(exchange.name, ExchangeType.DIRECT)


@pytest.mark.parametrize("argument", ["x-message-ttl", "x-expires", "x-max-length"])
async def test_a_negative_argument_is_refused(channel: AbstractChannel, name: Name, argument: str) -> None:
    with pytest.raises(ChannelPreconditionFailed, match="invalid arg"):
        await channel.declare_queue(name(), arguments={argument: -1})


async def test_names_starting_with_amq_are_reserved(channel: AbstractChannel) -> None:
    with pytest.raises(ChannelClosed, match="ACCESS_REFUSED"):
        await channel.declare_queue("amq.mine")


async def test_an_exclusive_queue_is_locked_for_other_connections(connect: Connect, name: Name) -> None:
    mine, other = await (await connect()).channel(), await (await connect()).channel()
    queue = await mine.declare_queue(name(), exclusive=True)

    with pytest.raises(ChannelClosed, match="RESOURCE_LOCKED"):
        await other.declare_queue(queue.name, passive=True)


async def test_an_exclusive_queue_ends_with_its_connection(connect: Connect, name: Name) -> None:
    connection, other = await connect(), await (await connect()).channel()
    queue = await (await connection.channel()).declare_queue(name(), exclusive=True)

    await connection.close()

    with pytest.raises(ChannelClosed):  # locked until RabbitMQ has deleted it, a moment later
        await other.declare_queue(queue.name, passive=True)


async def test_an_auto_delete_queue_ends_with_its_last_consumer(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name(), auto_delete=True)
    first, second = await Inbox.of(queue), await Inbox.of(queue)

    await queue.cancel(first.tag)
    assert (await channel.declare_queue(queue.name, auto_delete=True)).name == queue.name
    await queue.cancel(second.tag)

    with pytest.raises(ChannelNotFoundEntity):
        await channel.declare_queue(queue.name, passive=True)


async def test_an_auto_delete_exchange_ends_with_its_last_binding(channel: AbstractChannel, name: Name) -> None:
    exchange = await channel.declare_exchange(name(), ExchangeType.TOPIC, auto_delete=True)
    queue = await channel.declare_queue(name())
    await queue.bind(exchange, "#")

    await queue.delete(if_unused=False, if_empty=False)

    with pytest.raises(ChannelNotFoundEntity):
        await channel.declare_exchange(exchange.name, passive=True)


async def test_a_nameless_queue_gets_a_name(channel: AbstractChannel) -> None:
    queue = await channel.declare_queue(exclusive=True)

    assert queue.name.startswith("amq.gen-")


async def test_deleting_counts_messages_and_may_be_repeated(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name())
    await publish(channel, queue.name, "1", "2")

    deleted = await channel.queue_delete(queue.name)
    again = await channel.queue_delete(queue.name)

    assert (deleted.message_count, again.message_count) == (2, 0)


async def test_a_queue_in_use_or_with_messages_can_be_protected(connect: Connect, name: Name) -> None:
    connection = await connect()
    queue = await (await connection.channel()).declare_queue(name())
    await publish(await connection.channel(), queue.name, "1")

    with pytest.raises(ChannelPreconditionFailed, match="not empty"):
        await (await connection.channel()).queue_delete(queue.name, if_empty=True)

    await Inbox.of(queue)
    with pytest.raises(ChannelPreconditionFailed, match="in use"):
        await (await connection.channel()).queue_delete(queue.name, if_unused=True)


async def test_an_exchange_in_use_can_be_protected(channel: AbstractChannel, name: Name) -> None:
    exchange = await channel.declare_exchange(name(), ExchangeType.TOPIC)
    await (await channel.declare_queue(name())).bind(exchange, "#")

    with pytest.raises(ChannelPreconditionFailed, match="in use"):
        await channel.exchange_delete(exchange.name, if_unused=True)


async def test_purging_drops_what_is_ready_and_counts_it(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name())
    await publish(channel, queue.name, "1", "2", "3")
    await queue.get()

    purged = await queue.purge()

    assert purged.message_count == 2
    assert await _drain(queue) == []
