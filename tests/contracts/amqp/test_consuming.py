"""Deliveries and their settlement, on every broker."""

import asyncio

import pytest
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelClosed, ChannelPreconditionFailed
from pamqp.commands import Basic
from tests.contracts.amqp.brokers import (
    DEADLINE_S,
    QUORUM,
    Arguments,
    Connect,
    Inbox,
    Name,
    message,
    next_of,
    publish,
    texts,
)


async def test_no_more_than_the_prefetch_is_delivered(connect: Connect, name: Name) -> None:
    connection = await connect()
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=2)
    queue = await channel.declare_queue(name())
    await publish(channel, queue.name, "1", "2", "3", "4")
    inbox = await Inbox.of(queue)

    first, _ = await inbox.take(2)
    left = await (await connection.channel()).declare_queue(queue.name, passive=True)
    assert (left.declaration_result.message_count, inbox.waiting) == (2, 0)

    await first.ack()
    assert (await inbox.next()).body == b"3"


async def test_a_shared_prefetch_limits_all_consumers_of_the_channel_together(connect: Connect, name: Name) -> None:
    connection = await connect()
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=3, global_=True)
    queues = [await channel.declare_queue(name()) for _ in range(2)]
    for queue in queues:
        await publish(channel, queue.name, "1", "2", "3")
    inboxes = [await Inbox.of(queue) for queue in queues]

    held = await inboxes[0].take(3)
    assert inboxes[1].waiting == 0

    await held[-1].ack(multiple=True)
    assert texts(await inboxes[1].take(3)) == ["1", "2", "3"]


async def test_returned_messages_take_their_old_places(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name())
    await publish(channel, queue.name, "1", "2", "3", "4")
    inbox = await Inbox.of(queue)
    held = await inbox.take(4)
    await queue.cancel(inbox.tag)

    for index in (2, 0, 1):
        await held[index].nack(requeue=True)

    again = await (await Inbox.of(queue)).take(3)
    assert texts(again) == ["1", "2", "3"]
    assert all(received.redelivered for received in again)


async def test_what_a_lost_connection_held_is_delivered_again(connect: Connect, name: Name) -> None:
    losing, other = await connect(), await (await connect()).channel()
    queue = await (await losing.channel()).declare_queue(name())
    await publish(other, queue.name, "1", "2")
    await (await Inbox.of(queue)).take(2)

    await losing.close()

    again = await (await Inbox.of(await other.get_queue(queue.name))).take(2)
    assert [(received.body, received.redelivered) for received in again] == [(b"1", True), (b"2", True)]


async def test_acknowledging_multiple_settles_everything_before(connect: Connect, name: Name) -> None:
    connection = await connect()
    queue = await (await connection.channel()).declare_queue(name())
    other = await connection.channel()
    await publish(other, queue.name, "1", "2", "3")
    held = await (await Inbox.of(queue)).take(3)

    await held[1].ack(multiple=True)
    await queue.channel.close()

    assert (await next_of(await other.get_queue(queue.name))).body == b"3"


@pytest.mark.parametrize("multiple", [False, True])
async def test_an_unknown_delivery_tag_closes_the_channel(channel: AbstractChannel, name: Name, multiple: bool) -> None:
    queue = await channel.declare_queue(name())
    await publish(channel, queue.name, "1")
    received = await (await Inbox.of(queue)).next()
    await received.ack()

    await received.channel.basic_ack(99, multiple=multiple)

    with pytest.raises((ChannelPreconditionFailed, ChannelClosed)):
        await channel.declare_queue(queue.name)


async def test_get_takes_one_message_and_says_when_there_is_none(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name())
    await publish(channel, queue.name, "1", "2")

    received = await queue.get(no_ack=True)
    second = await queue.get()

    assert (received.body, received.message_count, received.redelivered) == (b"1", 1, False)
    assert await queue.get(fail=False) is None
    await second.reject(requeue=True)
    assert (await queue.get()).redelivered


async def test_recover_returns_everything_unsettled(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name())
    await publish(channel, queue.name, "1", "2")
    inbox = await Inbox.of(queue)
    held = await inbox.take(2)

    await held[0].channel.basic_recover(requeue=True)

    again = await inbox.take(2)
    assert [(received.body, received.redelivered) for received in again] == [(b"1", True), (b"2", True)]


async def test_messages_are_shared_between_consumers(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name())
    left, right = await Inbox.of(queue), await Inbox.of(queue)

    await publish(channel, queue.name, "1", "2", "3", "4")

    assert sorted(texts([*await left.take(2), *await right.take(2)])) == ["1", "2", "3", "4"]


@pytest.mark.parametrize("kind", ["classic", "quorum"])
async def test_a_single_active_consumer_gets_everything_until_it_leaves(
    channel: AbstractChannel, name: Name, kind: str
) -> None:
    arguments: Arguments = {"x-single-active-consumer": True, "x-queue-type": kind}
    queue = await channel.declare_queue(name(), durable=True, arguments=arguments)
    first, second = await Inbox.of(queue), await Inbox.of(queue)
    await publish(channel, queue.name, "1", "2")
    held = await first.take(2)
    assert (texts(held), second.waiting) == (["1", "2"], 0)
    await held[1].ack(multiple=True)

    await queue.cancel(first.tag)
    await publish(channel, queue.name, "3")

    assert (await second.next()).body == b"3"


async def test_an_exclusive_consumer_keeps_others_out(connect: Connect, name: Name) -> None:
    mine, other = await (await connect()).channel(), await (await connect()).channel()
    queue = await mine.declare_queue(name())
    inbox = Inbox(queue)
    await queue.consume(inbox.put, exclusive=True)

    with pytest.raises(ChannelClosed, match="ACCESS_REFUSED"):
        await Inbox.of(await other.get_queue(queue.name))


async def test_a_consumer_is_told_when_its_queue_is_deleted(connect: Connect, name: Name) -> None:
    connection, other = await connect(), await (await connect()).channel()
    channel = await connection.channel()
    queue = await channel.declare_queue(name())
    inbox = await Inbox.of(queue)
    told: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
    underlay = await channel.get_underlay_channel()

    def tell(frame: Basic.Cancel) -> None:
        told.set_result(frame.consumer_tag)

    underlay.on_consumer_cancel_callbacks.add(tell)

    await other.queue_delete(queue.name)

    async with asyncio.timeout(DEADLINE_S):
        assert await told == inbox.tag


async def test_a_cancelled_consumer_gets_nothing_more(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name())
    inbox = await Inbox.of(queue)

    await queue.cancel(inbox.tag)
    await publish(channel, queue.name, "1")

    assert (await queue.get()).body == b"1"
    assert inbox.waiting == 0


async def test_a_quorum_queue_counts_returns(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name(), durable=True, arguments=QUORUM)
    await channel.default_exchange.publish(message("1", {"mine": "kept"}), queue.name, timeout=DEADLINE_S)
    inbox = await Inbox.of(queue)

    seen: list[tuple[object, object]] = []
    for _ in range(3):
        received = await inbox.next()
        seen.append((received.headers.get("x-delivery-count"), received.headers["mine"]))
        await received.reject(requeue=True)

    assert seen == [(None, "kept"), (1, "kept"), (2, "kept")]
