"""The `x-…` arguments of a queue, checked once when it is declared."""

from dataclasses import dataclass
from typing import Final

from pamqp.common import FieldTable

from embedded_amqp.errors import NOT_IMPLEMENTED, PRECONDITION_FAILED, AmqpError, inequivalent

_QUORUM_DELIVERY_LIMIT: Final = 20  # RabbitMQ's default since 4.0
_OVERFLOWS: Final = frozenset({"drop-head", "reject-publish", "reject-publish-dlx"})
# A queue may be declared again with any other argument changed: RabbitMQ compares these only.
_COMPARED: Final = (
    "x-queue-type",
    "x-message-ttl",
    "x-expires",
    "x-max-length",
    "x-max-length-bytes",
    "x-overflow",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-dead-letter-strategy",
    "x-delivery-limit",
    "x-single-active-consumer",
)


@dataclass(frozen=True, slots=True)
class QueueArguments:
    """Durations in milliseconds. None means: no such limit."""

    table: FieldTable
    quorum: bool = False
    message_ttl_ms: int | None = None
    expires_ms: int | None = None
    max_length: int | None = None
    max_length_bytes: int | None = None
    overflow: str = "drop-head"
    dead_letter_exchange: str | None = None
    dead_letter_routing_key: str | None = None
    dead_letter_at_least_once: bool = False
    delivery_limit: int | None = None
    single_active_consumer: bool = False

    def check_equivalent(self, queue: str, other: FieldTable) -> None:
        """Raise 406 unless `other` would declare the same queue."""
        for name in _COMPARED:
            if self.table.get(name) != other.get(name):
                raise inequivalent(name, "queue", queue, other.get(name, "none"), self.table.get(name, "none"))


class _Reader:
    """Typed access to one queue's argument table; a wrong type or value raises 406 and names the argument."""

    def __init__(self, queue: str, table: FieldTable) -> None:
        self._queue = queue
        self._table = table

    def invalid(self, name: str, why: str) -> AmqpError:
        return AmqpError(PRECONDITION_FAILED, f"invalid arg '{name}' for queue '{self._queue}' in vhost '/': {why}")

    def count(self, name: str, minimum: int = 0) -> int | None:
        value = self._table.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            raise self.invalid(name, f"expected an integer of at least {minimum}")
        return value

    def text(self, name: str) -> str | None:
        value = self._table.get(name)
        if value is None or isinstance(value, str):
            return value
        raise self.invalid(name, "expected a string")

    def flag(self, name: str) -> bool:
        value = self._table.get(name, False)
        if isinstance(value, bool):
            return value
        raise self.invalid(name, "expected a boolean")


def parse(queue: str, table: FieldTable) -> QueueArguments:
    """Raises 406 for an invalid argument and 540 for a queue type or feature this broker does not have."""
    read = _Reader(queue, table)
    kind = read.text("x-queue-type") or "classic"
    if kind not in {"classic", "quorum"}:
        raise AmqpError(NOT_IMPLEMENTED, f"queue type '{kind}'")
    if "x-max-priority" in table:
        raise AmqpError(NOT_IMPLEMENTED, "priority queues")
    overflow = read.text("x-overflow") or "drop-head"
    if overflow not in _OVERFLOWS:
        raise read.invalid("x-overflow", "expected drop-head, reject-publish or reject-publish-dlx")
    exchange, key = read.text("x-dead-letter-exchange"), read.text("x-dead-letter-routing-key")
    if key is not None and exchange is None:
        raise read.invalid("x-dead-letter-routing-key", "there is no x-dead-letter-exchange")
    quorum = kind == "quorum"
    limit = read.count("x-delivery-limit", minimum=-1)  # -1: no limit
    if limit is None:
        limit = _QUORUM_DELIVERY_LIMIT
    return QueueArguments(
        table=table,
        quorum=quorum,
        message_ttl_ms=read.count("x-message-ttl"),
        expires_ms=read.count("x-expires", minimum=1),
        max_length=read.count("x-max-length"),
        max_length_bytes=read.count("x-max-length-bytes"),
        overflow=overflow,
        dead_letter_exchange=exchange,
        dead_letter_routing_key=key,
        dead_letter_at_least_once=quorum
        and overflow == "reject-publish"  # without it the queue could not stop growing
        and read.text("x-dead-letter-strategy") == "at-least-once",
        delivery_limit=limit if quorum and limit >= 0 else None,
        single_active_consumer=read.flag("x-single-active-consumer"),
    )
