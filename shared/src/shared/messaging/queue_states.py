"""What the broker says of queues to anyone who may connect: ready messages and consumers."""

from collections.abc import Collection, Mapping

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelNotFoundEntity

from shared.errors import Unavailable
from shared.invariants.model import QueueState
from shared.messaging.broker import connection_url

TIMEOUT_S = 5.0


class RabbitQueues:
    """Asks by passive declarations, over a connection of its own for each look."""

    def __init__(self, url: str, name: str) -> None:
        """`name` is what the broker shows of the connections."""
        self._url = connection_url(url, name)

    async def states(self, names: Collection[str]) -> Mapping[str, QueueState]:
        """The state of each queue of `names` that exists. Raises Unavailable("rabbitmq")."""
        try:
            connection = await aio_pika.connect(self._url, timeout=TIMEOUT_S)
            async with connection:
                found = {name: await _state(connection, name) for name in names}
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            raise Unavailable("rabbitmq") from error
        return {name: state for name, state in found.items() if state is not None}


async def _state(connection: AbstractConnection, name: str) -> QueueState | None:
    """None for a queue that does not exist: the question then costs its channel."""
    channel = await connection.channel()
    try:
        declared = await channel.declare_queue(name, passive=True, timeout=TIMEOUT_S)
    except ChannelNotFoundEntity:
        return None
    await channel.close()
    return QueueState(declared.declaration_result.message_count or 0, declared.declaration_result.consumer_count or 0)
