"""Messages, their places in a queue, and what a message becomes when it is dead-lettered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from pamqp.common import FieldTable

from embedded_amqp.properties import Properties

# Python objects around a message: Message, Entry, parsed properties and the heap slot, measured with tracemalloc.
ENTRY_OVERHEAD_BYTES: Final = 1500

# The history travels in the content header, which has to fit into one frame next to the publisher's own properties.
_MAX_DEATHS: Final = 32

Reason = Literal["rejected", "expired", "maxlen", "delivery_limit"]


@dataclass(frozen=True, slots=True)
class Message:
    """One publication; shared by all queues it was routed to."""

    exchange: str
    routing_key: str
    properties: Properties
    body: bytes


@dataclass(slots=True, eq=False)
class Entry:
    """A message in one queue. `position` orders the queue, `record` is its row in the journal (0: not journalled)."""

    message: Message
    position: int
    expires_at: float | None
    record: int = 0
    returns: int = 0
    redelivered: bool = False

    @property
    def footprint_bytes(self) -> int:
        return len(self.message.body) + len(self.message.properties.raw) + ENTRY_OVERHEAD_BYTES


def _deaths(headers: FieldTable) -> list[FieldTable]:
    """The deaths so far, newest first; entries that no broker wrote are ignored."""
    deaths = headers.get("x-death")
    if not isinstance(deaths, list):
        return []
    return [death for death in deaths if isinstance(death, dict) and isinstance(death.get("count"), int)]


def is_automatic_cycle(message: Message, queue: str) -> bool:
    """Whether `queue` already buried this message and no consumer rejected it since: it would go round for ever."""
    deaths = _deaths(message.properties.headers)
    for index, death in enumerate(deaths):
        if death.get("queue") == queue:
            return all(passed.get("reason") != "rejected" for passed in deaths[: index + 1])
    return False


def dead_letter(message: Message, queue: str, reason: Reason, route: tuple[str, str | None], wall: float) -> Message:
    """`message` as it leaves `queue` for `route` = (exchange, routing key or None to keep the key).

    Headers as in https://www.rabbitmq.com/docs/dlx#effects: one `x-death` entry per (queue, reason), newest first.
    """
    properties = message.properties
    exchange, key = route
    death: FieldTable = {
        "count": 1,
        "reason": reason,
        "queue": queue,
        "time": datetime.fromtimestamp(int(wall), UTC),
        "exchange": message.exchange,
        "routing-keys": [message.routing_key],
    }
    if (expiration := properties.text("expiration")) is not None:
        death["original-expiration"] = expiration
        properties = properties.without("expiration")
    headers = properties.headers
    deaths = _with_death(_deaths(headers), death)
    added: FieldTable = {"x-death": [*deaths]}
    if "x-first-death-queue" not in headers:
        added |= {
            "x-first-death-reason": reason,
            "x-first-death-queue": queue,
            "x-first-death-exchange": message.exchange,
        }
    try:
        properties = properties.with_headers(added)
    except ValueError:  # an x-death of the publisher's own making
        properties = properties.with_headers({**added, "x-death": [death]})
    return Message(exchange, message.routing_key if key is None else key, properties, message.body)


def _with_death(deaths: Sequence[FieldTable], death: FieldTable) -> list[FieldTable]:
    others: list[FieldTable] = []
    first = death
    for past in deaths:
        count = past.get("count")
        if past.get("queue") == death["queue"] and past.get("reason") == death["reason"] and isinstance(count, int):
            first = {**past, "count": count + 1}
        else:
            others.append(past)
    return [first, *others][:_MAX_DEATHS]
