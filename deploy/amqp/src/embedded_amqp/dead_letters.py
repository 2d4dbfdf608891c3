"""Moves dead messages from the queue they died in to wherever its dead-letter exchange routes them."""

from collections import deque
from collections.abc import Callable
from typing import Final

from embedded_amqp.messages import Entry, Message, Reason, dead_letter, is_automatic_cycle
from embedded_amqp.queues import Queue
from embedded_amqp.timing import Scheduler

_RETRY_S: Final = 5.0


class DeadLetters:
    """A message leaves its old queue and enters the new ones in the same journal commit.

    One that no queue takes is dropped, or, with `x-dead-letter-strategy: at-least-once`, kept and tried again.
    """

    def __init__(self, scheduler: Scheduler, route: Callable[[Message], list[Queue]]) -> None:
        self._scheduler = scheduler
        self._route = route
        self._waiting: deque[tuple[Queue, Entry, Reason]] = deque()
        self._kept: deque[tuple[Queue, Entry, Reason]] = deque()

    def bury(self, queue: Queue, entry: Entry, reason: Reason) -> None:
        """Not moved at once: chains of queues that expire into each other would nest without bound."""
        self._waiting.append((queue, entry, reason))
        if len(self._waiting) == 1:
            self._scheduler.soon(self._move_all)

    def _move_all(self) -> None:
        batch, self._waiting = self._waiting, deque()
        for queue, entry, reason in batch:
            if self._move(queue, entry, reason):
                queue.discard(entry)
            else:
                self._keep(queue, entry, reason)

    def _move(self, queue: Queue, entry: Entry, reason: Reason) -> bool:
        """False when the message has to stay."""
        exchange = queue.arguments.dead_letter_exchange or ""
        route = (exchange, queue.arguments.dead_letter_routing_key)
        letter = dead_letter(entry.message, queue.name, reason, route, self._scheduler.wall())
        routed = self._route(letter)
        targets = [t for t in routed if reason == "rejected" or not is_automatic_cycle(letter, t.name)]
        accepting = [target for target in targets if target.accepts(letter)]
        if queue.keeps_dead_letters and (not routed or len(accepting) < len(targets)):
            return False
        for target in accepting:
            target.push(letter)
        return True

    def _keep(self, queue: Queue, entry: Entry, reason: Reason) -> None:
        queue.undead += 1
        self._kept.append((queue, entry, reason))
        if len(self._kept) == 1:
            self._scheduler.at(self._scheduler.now() + _RETRY_S, self._retry)

    def _retry(self) -> None:
        batch, self._kept = self._kept, deque()
        for queue, entry, reason in batch:
            queue.undead -= 1
            self.bury(queue, entry, reason)
