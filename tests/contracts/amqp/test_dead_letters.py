"""Dead letters, expiry and delivery limits, on every broker."""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

import pytest
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractQueue
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed
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
)


async def _with_dead_letters(
    channel: AbstractChannel, name: Name, arguments: Arguments, key: str | None = "dead"
) -> tuple[AbstractQueue, AbstractQueue]:
    """A queue, and the queue its dead letters go to."""
    exchange = await channel.declare_exchange(name(), ExchangeType.TOPIC, durable=True)
    dead = await channel.declare_queue(name(), durable=True)
    await dead.bind(exchange, key or "#")
    routing: Arguments = {"x-dead-letter-exchange": exchange.name}
    if key is not None:
        routing["x-dead-letter-routing-key"] = key
    return await channel.declare_queue(name(), durable=True, arguments={**routing, **arguments}), dead


def _deaths(headers: Mapping[str, object]) -> list[dict[str, object]]:
    return cast("list[dict[str, object]]", headers["x-death"])


async def test_a_rejected_message_says_where_and_why_it_died(channel: AbstractChannel, name: Name) -> None:
    queue, dead = await _with_dead_letters(channel, name, {})
    await publish(channel, queue.name, "1")

    await (await queue.get()).reject(requeue=False)

    letter = await next_of(dead)
    (death,) = _deaths(letter.headers)
    assert isinstance(death.pop("time"), datetime)
    expected = {"count": 1, "reason": "rejected", "queue": queue.name, "exchange": "", "routing-keys": [queue.name]}
    assert death == expected
    first = {key: value for key, value in letter.headers.items() if key.startswith("x-first-death")}
    assert first == {
        "x-first-death-reason": "rejected",
        "x-first-death-queue": queue.name,
        "x-first-death-exchange": "",
    }
    assert (letter.body, letter.routing_key, letter.redelivered) == (b"1", "dead", False)


async def test_a_dead_letter_keeps_its_routing_key_unless_told_otherwise(channel: AbstractChannel, name: Name) -> None:
    queue, dead = await _with_dead_letters(channel, name, {}, key=None)
    await publish(channel, queue.name, "1")

    await (await queue.get()).nack(requeue=False)

    assert (await next_of(dead)).routing_key == queue.name


@pytest.mark.parametrize("settle", ["nack", "reject"])
async def test_a_message_dies_when_it_was_returned_more_often_than_its_delivery_limit(
    channel: AbstractChannel, name: Name, settle: str
) -> None:
    queue, dead = await _with_dead_letters(channel, name, {**QUORUM, "x-delivery-limit": 2})
    await publish(channel, queue.name, "1")
    inbox = await Inbox.of(queue)

    for _ in range(3):
        received = await inbox.next()
        await (received.nack if settle == "nack" else received.reject)(requeue=True)

    letter = await next_of(dead)
    assert [(death["reason"], death["count"]) for death in _deaths(letter.headers)] == [("delivery_limit", 1)]


async def test_a_lost_channel_counts_towards_the_delivery_limit(connect: Connect, name: Name) -> None:
    connection = await connect()
    channel = await connection.channel()
    queue, dead = await _with_dead_letters(channel, name, {**QUORUM, "x-delivery-limit": 1})
    await publish(channel, queue.name, "1")

    for _ in range(2):
        consuming = await connection.channel()
        await (await Inbox.of(await consuming.get_queue(queue.name))).next()
        await consuming.close()

    letter = await next_of(dead)
    assert [(death["reason"], death["count"]) for death in _deaths(letter.headers)] == [("delivery_limit", 1)]


async def test_an_expired_message_dies(channel: AbstractChannel, name: Name) -> None:
    queue, dead = await _with_dead_letters(channel, name, {"x-message-ttl": 1})

    await publish(channel, queue.name, "1")

    (death,) = _deaths((await next_of(dead)).headers)
    assert (death["reason"], "original-expiration" in death) == ("expired", False)


async def test_a_message_may_bring_its_own_expiry_and_loses_it_when_it_dies(
    channel: AbstractChannel, name: Name
) -> None:
    queue, dead = await _with_dead_letters(channel, name, {"x-message-ttl": 60_000})

    await channel.default_exchange.publish(message("1", expiration_s=0.001), queue.name, timeout=DEADLINE_S)

    letter = await next_of(dead)
    (death,) = _deaths(letter.headers)
    assert (death["reason"], death["original-expiration"], letter.expiration) == ("expired", "1", None)


async def test_a_message_pushed_out_by_the_length_limit_dies(channel: AbstractChannel, name: Name) -> None:
    queue, dead = await _with_dead_letters(channel, name, {"x-max-length": 1})

    await publish(channel, queue.name, "1", "2")

    letter = await next_of(dead)
    assert (letter.body, _deaths(letter.headers)[0]["reason"]) == (b"1", "maxlen")


async def test_deaths_in_one_queue_for_one_reason_are_counted(channel: AbstractChannel, name: Name) -> None:
    """The retry pattern: rejected into a waiting queue whose messages expire back into the first."""
    waiting = name()
    work = await channel.declare_queue(
        name(),
        durable=True,
        arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": waiting},
    )
    await channel.declare_queue(
        waiting,
        durable=True,
        arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": work.name, "x-message-ttl": 1},
    )
    await publish(channel, work.name, "1")
    inbox = await Inbox.of(work)

    for _ in range(2):
        await (await inbox.next()).reject(requeue=False)

    deaths = _deaths((await inbox.next()).headers)
    assert [(death["queue"], death["reason"], death["count"]) for death in deaths] == [
        (waiting, "expired", 2),
        (work.name, "rejected", 2),
    ]


async def test_a_cycle_without_any_rejection_ends(channel: AbstractChannel, name: Name) -> None:
    exchange = await channel.declare_exchange(name(), ExchangeType.FANOUT)
    arguments: Arguments = {"x-dead-letter-exchange": exchange.name, "x-message-ttl": 1}
    circle = await channel.declare_queue(name(), arguments=arguments)
    watching = await channel.declare_queue(name())
    for queue in (circle, watching):
        await queue.bind(exchange)

    await publish(channel, circle.name, "1")
    await _later(channel, name, 100)

    assert (await next_of(watching)).body == b"1"
    assert await watching.get(fail=False) is None


async def _later(channel: AbstractChannel, name: Name, after_ms: int) -> None:
    """Return when the broker has let this time pass."""
    done = await channel.declare_queue(name())
    arguments: Arguments = {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": done.name,
        "x-message-ttl": after_ms,
    }
    timer = await channel.declare_queue(name(), arguments=arguments)
    await publish(channel, timer.name, "time is up")
    await next_of(done)


async def test_an_expiry_that_is_no_number_is_refused(connect: Connect, name: Name) -> None:
    channel = await (await connect()).channel()
    queue = await channel.declare_queue(name())
    underlay = await channel.get_underlay_channel()
    properties = message("1").properties
    properties.expiration = "soon"

    with pytest.raises(ChannelPreconditionFailed, match="invalid expiration"):
        await underlay.basic_publish(b"1", routing_key=queue.name, properties=properties, timeout=DEADLINE_S)


async def test_an_unused_queue_expires(channel: AbstractChannel, name: Name) -> None:
    queue = await channel.declare_queue(name(), arguments={"x-expires": 50})

    await _later(channel, name, 500)

    with pytest.raises(ChannelNotFoundEntity):
        await channel.declare_queue(queue.name, passive=True)
