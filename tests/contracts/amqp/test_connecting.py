"""Logging in, on every broker."""

import aio_pika
import pytest
from aio_pika.exceptions import ProbableAuthenticationError
from tests.contracts.amqp.brokers import DEADLINE_S, Connect, Endpoint, Name, publish
from yarl import URL


async def test_a_wrong_password_is_refused_with_403(endpoint: Endpoint) -> None:
    with pytest.raises(ProbableAuthenticationError, match="ACCESS_REFUSED"):
        await aio_pika.connect(endpoint.with_password("wrong"), timeout=DEADLINE_S)


async def test_a_wrong_user_is_refused_with_403(endpoint: Endpoint) -> None:
    with pytest.raises(ProbableAuthenticationError, match="ACCESS_REFUSED"):
        await aio_pika.connect(str(URL(endpoint.url).with_user("nobody")), timeout=DEADLINE_S)


async def test_an_unknown_virtual_host_is_refused(endpoint: Endpoint) -> None:
    with pytest.raises(aio_pika.exceptions.AMQPError, match=r"got <Connection\.Close"):
        await aio_pika.connect(str(URL(endpoint.url).with_path("/nowhere")), timeout=DEADLINE_S)


async def test_a_closed_channel_does_not_disturb_its_neighbours(connect: Connect, name: Name) -> None:
    connection = await connect()
    doomed, healthy = await connection.channel(), await connection.channel()
    queue = await healthy.declare_queue(name())

    with pytest.raises(aio_pika.exceptions.ChannelNotFoundEntity):
        await doomed.declare_queue(name(), passive=True)

    await publish(healthy, queue.name, "1")
    assert (await queue.get()).body == b"1"
