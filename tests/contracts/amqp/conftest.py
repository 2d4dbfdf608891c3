from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractConnection
from tests.contracts.amqp.brokers import DEADLINE_S, Connect, Endpoint, Name, fresh_name
from tests.support.processes import Server as RunningServer

from embedded_amqp import Server, Settings


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server(Settings()) as server:
        yield server


@pytest.fixture(params=["embedded", pytest.param("rabbitmq", marks=pytest.mark.rabbit)])
def rabbitmq_url(request: pytest.FixtureRequest) -> str | None:
    """The real RabbitMQ, or None for the embedded broker."""
    if request.param == "embedded":
        return None
    server = request.getfixturevalue("rabbitmq_server")
    assert isinstance(server, RunningServer)
    return server.url


@pytest.fixture
async def endpoint(rabbitmq_url: str | None) -> AsyncIterator[Endpoint]:
    if rabbitmq_url is not None:
        yield Endpoint(rabbitmq_url)
        return
    async with Server(Settings()) as server:
        yield Endpoint(server.url)


@pytest.fixture
async def name(endpoint: Endpoint) -> AsyncIterator[Name]:
    """Makes names for queues and exchanges; whatever bears one at the end is deleted."""

    names: list[str] = []

    def name() -> str:
        names.append(fresh_name())
        return names[-1]

    yield name
    async with await aio_pika.connect(endpoint.url, timeout=DEADLINE_S) as connection:
        channel = await connection.channel()
        for leftover in names:
            await channel.queue_delete(leftover)
            await channel.exchange_delete(leftover)


@pytest.fixture
async def connect(endpoint: Endpoint, name: Name) -> AsyncIterator[Connect]:
    """Opens connections; they are closed before what `name` made is deleted, since that may be locked by them."""
    async with AsyncExitStack() as stack:

        async def connect() -> AbstractConnection:
            connection = await aio_pika.connect(endpoint.url, timeout=DEADLINE_S)
            return await stack.enter_async_context(connection)

        yield connect


@pytest.fixture
async def channel(connect: Connect) -> AbstractChannel:
    return await (await connect()).channel()
