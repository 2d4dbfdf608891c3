"""The brokers the contract runs on, and what its cases use to talk to them."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue
from pamqp.common import FieldTable, FieldValue
from yarl import URL

DEADLINE_S: Final = 10.0

Connect = Callable[[], Awaitable[AbstractConnection]]
Name = Callable[[], str]
Arguments = dict[str, FieldValue]


@dataclass(frozen=True)
class Endpoint:
    url: str

    def with_password(self, password: str) -> str:
        return str(URL(self.url).with_password(password))


def fresh_name() -> str:
    return f"contract.{secrets.token_hex(8)}"


class Inbox:
    """What a consumer received, in order; nothing is acknowledged unless the consumer asked for no_ack."""

    def __init__(self, queue: AbstractQueue) -> None:
        self._queue = queue
        self._messages: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue(maxsize=10_000)
        self.tag = ""
        self.queue_name = queue.name

    @classmethod
    async def of(cls, queue: AbstractQueue, *, no_ack: bool = False, arguments: FieldTable | None = None) -> "Inbox":
        inbox = cls(queue)
        inbox.tag = await queue.consume(inbox.put, no_ack=no_ack, arguments=arguments)
        return inbox

    async def put(self, received: AbstractIncomingMessage) -> None:
        await self._messages.put(received)

    async def next(self) -> AbstractIncomingMessage:
        async with asyncio.timeout(DEADLINE_S):
            return await self._messages.get()

    async def take(self, count: int) -> list[AbstractIncomingMessage]:
        return [await self.next() for _ in range(count)]

    @property
    def waiting(self) -> int:
        return self._messages.qsize()


def message(
    body: str, headers: Mapping[str, FieldValue] | None = None, expiration_s: float | None = None
) -> aio_pika.Message:
    return aio_pika.Message(
        body.encode(),
        headers=dict(headers or {}),
        expiration=expiration_s,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


def texts(messages: list[AbstractIncomingMessage]) -> list[str]:
    return [received.body.decode() for received in messages]


async def publish(channel: AbstractChannel, queue: str, *bodies: str) -> None:
    """Through the default exchange, one after the other, each confirmed."""
    for body in bodies:
        await channel.default_exchange.publish(message(body), queue, timeout=DEADLINE_S)


async def next_of(queue: AbstractQueue) -> AbstractIncomingMessage:
    """The queue's next message, as soon as there is one; it is settled."""
    async with asyncio.timeout(DEADLINE_S):
        while (received := await queue.get(no_ack=True, fail=False)) is None:
            pass
    return received


QUORUM: Final[Arguments] = {"x-queue-type": "quorum"}
