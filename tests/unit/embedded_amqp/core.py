"""The broker core with a clock that moves only when told, and consumers that only remember."""

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Final

from pamqp.commands import Basic
from pamqp.common import FieldTable

from embedded_amqp.broker import Broker, ExchangeSpec, Published, QueueSpec
from embedded_amqp.consumers import Consumer
from embedded_amqp.memory import Memory
from embedded_amqp.messages import Entry, Message
from embedded_amqp.properties import Properties
from embedded_amqp.queues import Queue
from embedded_amqp.store import NoStore, Store
from embedded_amqp.timing import Timer

START: Final = 1_700_000_000.0


class _Timer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class FakeScheduler:
    """Wall and monotonic time move together, but do not start together."""

    def __init__(self) -> None:
        self._now = 100.0
        self._soon: deque[Callable[[], None]] = deque()
        self._timers: list[tuple[float, int, _Timer]] = []
        self._order = count()

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        return START + self._now

    def soon(self, callback: Callable[[], None]) -> None:
        self._soon.append(callback)

    def at(self, when: float, callback: Callable[[], None]) -> Timer:
        timer = _Timer(callback)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def run(self) -> None:
        while self._soon:
            self._soon.popleft()()

    def advance(self, seconds: float) -> None:
        """Everything due by then happens, in order."""
        end = self._now + seconds
        self.run()
        while self._timers and self._timers[0][0] <= end:
            when, _, timer = heapq.heappop(self._timers)
            self._now = max(self._now, when)
            if timer.callback is not None:
                timer.callback()
            self.run()
        self._now = end


class FakeSink:
    """Takes `room` deliveries and settles none of them."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.room = room
        self.entries: list[Entry] = []
        self.gone: list[str] = []

    def has_room(self, consumer: Consumer) -> bool:
        return len(self.entries) < self.room

    def deliver(self, consumer: Consumer, entry: Entry) -> None:
        if not consumer.no_ack:
            consumer.unacked += 1
        self.entries.append(entry)

    def cancelled(self, consumer: Consumer) -> None:
        self.gone.append(consumer.tag)

    @property
    def bodies(self) -> list[str]:
        return [entry.message.body.decode() for entry in self.entries]


class Core:
    """A broker and shorthand to use it as one client would."""

    def __init__(
        self,
        store: Store | None = None,
        scheduler: FakeScheduler | None = None,
        memory_limit_bytes: int = 1_000_000,
    ) -> None:
        self.scheduler = scheduler or FakeScheduler()
        self.cleared: list[bool] = []
        self.memory = Memory(memory_limit_bytes, lambda: self.cleared.append(True))
        self.broker = Broker(self.scheduler, store or NoStore(), self.memory)

    def exchange(self, name: str, kind: str = "topic", **flags: bool) -> None:
        spec = ExchangeSpec(
            kind, flags.get("durable", True), flags.get("auto_delete", False), flags.get("internal", False), {}
        )
        self.broker.declare_exchange(name, spec)

    def queue(self, name: str, arguments: FieldTable | None = None, *, owner: object = None) -> Queue:
        spec = QueueSpec(name, durable=True, exclusive=owner is not None, auto_delete=False, arguments=arguments or {})
        return self.broker.declare_queue(spec, owner)

    def bind(self, exchange: str, queue: str, key: str = "#", arguments: FieldTable | None = None) -> None:
        self.broker.bind(exchange, self.broker.queues[queue], key, arguments or {})

    def publish(self, body: str, key: str, exchange: str = "", properties: Basic.Properties | None = None) -> Published:
        raw = (properties or Basic.Properties(delivery_mode=2)).marshal()
        published = self.broker.publish(Message(exchange, key, Properties.parse(raw), body.encode()))
        self.scheduler.run()
        return published

    def consume(self, queue: Queue, sink: FakeSink, tag: str = "consumer", prefetch: int = 0) -> Consumer:
        consumer = Consumer(tag, queue, sink, prefetch=prefetch)
        queue.add_consumer(consumer)
        self.scheduler.run()
        return consumer

    def drain(self, name: str) -> list[Message]:
        """Everything ready in the queue, taken out and settled."""
        self.scheduler.run()
        queue = self.broker.queues[name]
        messages: list[Message] = []
        while (entry := queue.take()) is not None:
            messages.append(entry.message)
            queue.discard(entry)
        return messages

    def bodies(self, name: str) -> list[str]:
        return [message.body.decode() for message in self.drain(name)]
