"""A subscription to a queue, seen from the core."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from embedded_amqp.messages import Entry

if TYPE_CHECKING:
    from embedded_amqp.queues import Queue


class Sink(Protocol):
    """Where deliveries go: a channel."""

    def has_room(self, consumer: "Consumer") -> bool:
        """False while the peer reads too slowly or the channel's shared prefetch is used up."""
        ...

    def deliver(self, consumer: "Consumer", entry: Entry) -> None: ...

    def cancelled(self, consumer: "Consumer") -> None:
        """The queue is gone."""


@dataclass(slots=True, eq=False)
class Consumer:
    """`prefetch` is how many deliveries may be unacknowledged at a time, 0 for any number."""

    tag: str
    queue: "Queue"
    sink: Sink
    no_ack: bool = False
    exclusive: bool = False
    prefetch: int = 0
    unacked: int = 0

    @property
    def ready(self) -> bool:
        within = self.no_ack or not self.prefetch or self.unacked < self.prefetch
        return within and self.sink.has_room(self)
