"""The broker in memory: our exchanges, queues and bindings. A message leaves a queue for good when its delivery is acked."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared import topology
from shared.envelope import CONTENT_TYPE
from shared.outbox.relay import Outgoing, Undeliverable
from shared.testing.database import at_once


@dataclass(frozen=True, slots=True)
class FakeMessage:
    message_id: str
    headers: Mapping[str, Any]
    body: bytes
    content_type: str | None = CONTENT_TYPE


class FakeDelivery:
    """One arrival of a message: what a handler is given."""

    def __init__(self, broker: "FakeBroker", queue: str, message: FakeMessage) -> None:
        self._broker = broker
        self.queue = queue
        self.raw_message = message
        self.acked = False

    async def ack(self) -> None:
        await self._broker.turn()
        self.acked = True
        self._broker.unacked.remove(self)
        self._broker.done.append(self)


@dataclass(slots=True)
class FakeBroker:
    """Implements `Publisher`. `turn` is awaited before every ack. Nobody listens to hints."""

    turn: Callable[[], Awaitable[None]] = at_once
    queues: dict[str, list[FakeMessage]] = field(
        default_factory=lambda: {queue.name: [] for queue in topology.WORK_QUEUES}
    )
    unacked: list[FakeDelivery] = field(default_factory=list[FakeDelivery])
    done: list[FakeDelivery] = field(default_factory=list[FakeDelivery])

    @property
    def connected(self) -> bool:
        return True

    async def publish(self, message: Outgoing) -> None:
        """Raises Undeliverable when a queue of ours must take the message, and none does."""
        exchange = topology.RETRY_EXCHANGE if message.target_queue else topology.EVENTS_EXCHANGE
        wanting = {
            queue
            for source, queue, key in topology.bindings()
            if source == exchange and _matches(message.routing_key, key)
        }
        if not wanting and (message.target_queue or message.type in topology.AWAITED):
            raise Undeliverable("NO_ROUTE")
        for queue in wanting:
            self.queues[queue].append(FakeMessage(message.message_id, message.headers, message.body))

    def deliver(self, queue: str, index: int = 0) -> FakeDelivery:
        """The ready message at `index`, on its way to a consumer."""
        delivery = FakeDelivery(self, queue, self.queues[queue].pop(index))
        self.unacked.append(delivery)
        return delivery

    def give_back(self, delivery: FakeDelivery) -> None:
        """What a broker does with a delivery whose consumer is gone."""
        self.unacked.remove(delivery)
        self.queues[delivery.queue].insert(0, delivery.raw_message)

    def holds(self, message_id: str) -> bool:
        """Whether a message is ready or on its way."""
        ready = (message for queue in self.queues.values() for message in queue)
        on_its_way = (delivery.raw_message for delivery in self.unacked)
        return any(message.message_id == message_id for message in (*ready, *on_its_way))


def _matches(routing_key: str, binding_key: str) -> bool:
    """As a topic exchange does for keys in which `*` stands for one word."""
    words, wanted = routing_key.split("."), binding_key.split(".")
    return len(words) == len(wanted) and all(want in {"*", word} for want, word in zip(wanted, words, strict=True))
