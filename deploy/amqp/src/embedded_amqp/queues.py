"""One queue: order, limits, expiry, and handing messages to consumers."""

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from embedded_amqp.arguments import QueueArguments
from embedded_amqp.consumers import Consumer
from embedded_amqp.errors import ACCESS_REFUSED, PRECONDITION_FAILED, AmqpError
from embedded_amqp.memory import Memory
from embedded_amqp.messages import Entry, Message, Reason
from embedded_amqp.store import Store
from embedded_amqp.timing import Scheduler, Timer

_MAX_TTL_MS = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Context:
    """What all queues of a broker share."""

    scheduler: Scheduler
    store: Store
    memory: Memory
    bury: Callable[["Queue", Entry, Reason], None]
    """Dead-letter an entry later in this tick; the queue accounts for it until then."""
    expire: Callable[["Queue"], None]
    """Delete a queue: its last consumer left, or nobody used it for `x-expires`."""


def message_ttl_ms(message: Message) -> int | None:
    """The publisher's `expiration`; raises 406 unless it is a number of milliseconds."""
    text = message.properties.text("expiration")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > _MAX_TTL_MS:
        raise AmqpError(PRECONDITION_FAILED, f"invalid expiration '{text}'")
    return int(text)


class Queue:
    """Messages leave in the order they came; one that is returned goes back to its place.

    `owner` is the connection an exclusive queue belongs to. Only ready messages count towards the length limits.
    """

    def __init__(
        self, name: str, arguments: QueueArguments, context: Context, *, durable: bool, auto_delete: bool, owner: object
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.durable = durable
        self.auto_delete = auto_delete
        self.owner = owner
        self.deleted = False
        self.consumers: deque[Consumer] = deque()
        self.undead = 0  # dead letters that no queue has accepted yet; kept by "at-least-once"
        self._context = context
        self._ready: list[tuple[int, Entry]] = []
        self._ready_bytes = 0
        self._last_position = 0
        self._drain_scheduled = False
        self._expiry: Timer | None = None
        self._lease: Timer | None = None
        self.touch()

    @property
    def keeps_dead_letters(self) -> bool:
        return self.arguments.dead_letter_at_least_once and not self.deleted

    # -- in

    def accepts(self, message: Message) -> bool:
        """False when the queue is full and its policy is to reject."""
        if not self.arguments.overflow.startswith("reject-publish"):
            return True
        if self._over_limit(1, len(message.body)):
            self.settle()
        return not self._over_limit(1, len(message.body))

    def refuse(self, message: Message) -> None:
        """The queue is full; `reject-publish-dlx` dead-letters what it rejects."""
        if self.arguments.overflow == "reject-publish-dlx":
            entry = Entry(message, 0, None)
            self._context.memory.take(entry.footprint_bytes)
            self.bury(entry, "maxlen")

    def push(self, message: Message) -> None:
        ttls = [ttl for ttl in (self.arguments.message_ttl_ms, message_ttl_ms(message)) if ttl is not None]
        expires_at = self._context.scheduler.now() + min(ttls) / 1000 if ttls else None
        entry = Entry(message, self._next_position(), expires_at)
        if self.durable and self.owner is None and message.properties.persistent:
            entry.record = self._context.store.add_message(self.name, message, expires_at)
        self._context.memory.take(entry.footprint_bytes)
        self._make_ready(entry)

    def restore(self, message: Message, expires_at: float | None, record: int, returns: int) -> None:
        """A message of an earlier run. It may have been delivered then, so it counts as redelivered."""
        entry = Entry(message, self._next_position(), expires_at, record, returns, redelivered=True)
        self._context.memory.take(entry.footprint_bytes)
        self._make_ready(entry)

    def give_back(self, entry: Entry) -> None:
        """A consumer returned the message or went away. In a quorum queue each return counts as a failed delivery."""
        if self.deleted:
            self.discard(entry)
            return
        entry.redelivered = True
        if self.arguments.quorum:
            entry.returns += 1
            limit = self.arguments.delivery_limit
            if limit is not None and entry.returns > limit:
                self.bury(entry, "delivery_limit")
                return
            if entry.record:
                self._context.store.set_returns(entry.record, entry.returns)
        self._make_ready(entry)

    def _next_position(self) -> int:
        self._last_position += 1
        return self._last_position

    def _make_ready(self, entry: Entry) -> None:
        heapq.heappush(self._ready, (entry.position, entry))
        self._ready_bytes += len(entry.message.body)
        self.kick()

    # -- out

    def take(self) -> Entry | None:
        """The next message for a client that asked for one."""
        self.settle()
        self.touch()
        return self._pop() if self._ready else None

    def discard(self, entry: Entry) -> None:
        """The message is done with: acknowledged, moved on or dropped."""
        if entry.record:
            self._context.store.remove_message(entry.record)
        self._context.memory.give_back(entry.footprint_bytes)

    def bury(self, entry: Entry, reason: Reason) -> None:
        if self.arguments.dead_letter_exchange is None or self.deleted:
            self.discard(entry)
        else:
            self._context.bury(self, entry, reason)

    def purge(self) -> int:
        """How many ready messages were dropped."""
        self.settle()
        count = len(self._ready)
        while self._ready:
            self.discard(self._pop())
        return count

    def _pop(self) -> Entry:
        _, entry = heapq.heappop(self._ready)
        self._ready_bytes -= len(entry.message.body)
        return entry

    # -- handing over

    def __len__(self) -> int:
        """Messages waiting for a consumer."""
        self.settle()
        return len(self._ready)

    def kick(self) -> None:
        """Something changed that may let a message leave."""
        if not self._drain_scheduled:
            self._drain_scheduled = True
            self._context.scheduler.soon(self.settle)

    def settle(self) -> None:
        """Deliver what can be delivered, then apply expiry and the length limits, if anything changed."""
        if not self._drain_scheduled:
            return
        self._drain_scheduled = False
        self._drop_expired()
        while self._ready and (consumer := self._next_consumer()) is not None:
            entry = self._pop()
            consumer.sink.deliver(consumer, entry)
            if consumer.no_ack:
                self.discard(entry)
            self._drop_expired()
        while self._ready and self.arguments.overflow == "drop-head" and self._over_limit(0, 0):
            self.bury(self._pop(), "maxlen")
        self._watch_expiry()

    def _next_consumer(self) -> Consumer | None:
        if self.arguments.single_active_consumer:
            return self.consumers[0] if self.consumers and self.consumers[0].ready else None
        for _ in range(len(self.consumers)):
            consumer = self.consumers[0]
            self.consumers.rotate(-1)
            if consumer.ready:
                return consumer
        return None

    def _over_limit(self, more: int, more_bytes: int) -> bool:
        length, size_bytes = self.arguments.max_length, self.arguments.max_length_bytes
        return (length is not None and len(self._ready) + self.undead + more > length) or (
            size_bytes is not None and self._ready_bytes + more_bytes > size_bytes
        )

    def _drop_expired(self) -> None:
        now = self._context.scheduler.now()
        while self._ready and (expires_at := self._ready[0][1].expires_at) is not None and expires_at <= now:
            self.bury(self._pop(), "expired")

    def _watch_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        if self._ready and (expires_at := self._ready[0][1].expires_at) is not None:
            self._expiry = self._context.scheduler.at(expires_at, self.kick)

    # -- consumers and lifetime

    def add_consumer(self, consumer: Consumer) -> None:
        if self.consumers and (consumer.exclusive or self.consumers[0].exclusive):
            raise AmqpError(ACCESS_REFUSED, f"queue '{self.name}' in vhost '/' in exclusive use")
        self.consumers.append(consumer)
        self.kick()

    def remove_consumer(self, consumer: Consumer) -> None:
        """The last consumer of an auto-delete queue takes the queue with it."""
        if consumer not in self.consumers:
            return
        self.consumers.remove(consumer)
        self.kick()
        self.touch()
        if self.auto_delete and not self.consumers:
            self._context.expire(self)

    def touch(self) -> None:
        """The queue was used: its `x-expires` time starts again."""
        if self._lease is not None:
            self._lease.cancel()
            self._lease = None
        if self.arguments.expires_ms is not None and not self.deleted:
            when = self._context.scheduler.now() + self.arguments.expires_ms / 1000
            self._lease = self._context.scheduler.at(when, self._lease_over)

    def _lease_over(self) -> None:
        if not self.consumers:
            self._context.expire(self)

    def close(self) -> None:
        """Drop all messages and tell the consumers; unacknowledged messages are dropped when they come back."""
        self.purge()
        self.deleted = True
        for timer in (self._expiry, self._lease):
            if timer is not None:
                timer.cancel()
        consumers, self.consumers = self.consumers, deque()
        for consumer in consumers:
            consumer.sink.cancelled(consumer)
