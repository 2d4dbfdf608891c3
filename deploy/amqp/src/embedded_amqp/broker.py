"""The broker core: exchanges, queues, routing, publishing. No I/O; time and storage come from outside.

Semantics are RabbitMQ's (https://www.rabbitmq.com/docs) for one virtual host, "/", and one node. Not offered:
transactions, streams, priorities, alternate exchanges, CC and BCC headers.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pamqp.common import FieldTable

from embedded_amqp import arguments
from embedded_amqp.dead_letters import DeadLetters
from embedded_amqp.errors import (
    ACCESS_REFUSED,
    PRECONDITION_FAILED,
    RESOURCE_LOCKED,
    AmqpError,
    inequivalent,
    not_found,
)
from embedded_amqp.exchanges import Binding, Exchange, Target
from embedded_amqp.memory import Memory
from embedded_amqp.messages import Message
from embedded_amqp.queues import Context, Queue, message_ttl_ms
from embedded_amqp.store import Store
from embedded_amqp.timing import Scheduler

_PREDECLARED: Final = {
    "": "direct",
    "amq.direct": "direct",
    "amq.topic": "topic",
    "amq.fanout": "fanout",
    "amq.headers": "headers",
    "amq.match": "headers",
}


@dataclass(frozen=True, slots=True)
class ExchangeSpec:
    """An exchange as a client declares it."""

    type: str
    durable: bool
    auto_delete: bool
    internal: bool
    arguments: FieldTable


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue as a client declares it; an empty name asks for a fresh one."""

    name: str
    durable: bool
    exclusive: bool
    auto_delete: bool
    arguments: FieldTable


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a message: whether any queue got it, and whether one refused it because it is full."""

    routed: bool
    refused: bool


class Broker:
    """Errors are `AmqpError`s; an operation that raises has changed nothing. `owner` is a connection."""

    def __init__(self, scheduler: Scheduler, store: Store, memory: Memory) -> None:
        self.scheduler = scheduler
        self.memory = memory
        self.exchanges = {name: Exchange(name, kind) for name, kind in _PREDECLARED.items()}
        self.queues: dict[str, Queue] = {}
        self.replies: dict[str, Callable[[Message], bool]] = {}
        """Direct reply-to: by address, what hands a reply to its waiting consumer (False: it does not take it)."""
        self._store = store
        bury = DeadLetters(scheduler, self._route_or_drop).bury
        self._context = Context(scheduler, store, memory, bury, self._expire)

    # -- exchanges

    def exchange(self, name: str) -> Exchange:
        if name not in self.exchanges:
            raise not_found("exchange", name)
        return self.exchanges[name]

    def declare_exchange(self, name: str, spec: ExchangeSpec) -> None:
        _refuse_default(name)
        if (known := self.exchanges.get(name)) is not None:
            for field in ("type", "durable", "auto_delete", "internal"):
                if getattr(known, field) != getattr(spec, field):
                    raise inequivalent(field, "exchange", name, getattr(spec, field), getattr(known, field))
            return
        _refuse_reserved("exchange", name)
        self.exchanges[name] = Exchange(
            name, spec.type, spec.durable, spec.auto_delete, spec.internal, arguments=spec.arguments
        )
        if spec.durable:
            self._store.add_exchange(name, spec.type, (spec.auto_delete, spec.internal), spec.arguments)

    def delete_exchange(self, name: str, *, if_unused: bool = False) -> None:
        """Deleting what does not exist succeeds."""
        _refuse_default(name)
        _refuse_reserved("exchange", name)
        exchange = self.exchanges.get(name)
        if exchange is None:
            return
        if if_unused and exchange.bindings:
            raise AmqpError(PRECONDITION_FAILED, f"exchange '{name}' in vhost '/' in use")
        del self.exchanges[name]
        if exchange.durable:
            self._store.remove_exchange(name)
        self._forget(exchange)

    def bind(self, source: str, target: Target, key: str, table: FieldTable) -> None:
        _refuse_default(source)
        exchange = self.exchange(source)
        if exchange.bind(Binding(target, key, table)) and exchange.durable and target.durable:
            self._store.add_binding(source, _reference(target), key, table)

    def unbind(self, source: str, target: Target, key: str, table: FieldTable) -> None:
        """Removing a binding that does not exist succeeds."""
        _refuse_default(source)
        exchange = self.exchanges.get(source)
        if exchange is None or not exchange.unbind(Binding(target, key, table)):
            return
        if exchange.durable and target.durable:
            self._store.remove_binding(source, _reference(target), key, table)
        self._delete_if_unused(exchange)

    def _forget(self, target: Target) -> None:
        for exchange in list(self.exchanges.values()):
            if exchange.forget(target):
                self._delete_if_unused(exchange)

    def _delete_if_unused(self, exchange: Exchange) -> None:
        if exchange.auto_delete and not exchange.bindings and self.exchanges.get(exchange.name) is exchange:
            self.delete_exchange(exchange.name)

    # -- queues

    def queue(self, name: str, owner: object) -> Queue:
        """Raises 404, or 405 when the queue is exclusive to another connection."""
        queue = self.queues.get(name)
        if queue is None:
            raise not_found("queue", name)
        if queue.owner is not None and queue.owner is not owner:
            raise _locked(name)
        return queue

    def declare_queue(self, spec: QueueSpec, owner: object) -> Queue:
        if spec.name in self.queues:
            return self._check_queue(self.queue(spec.name, owner), spec)
        if spec.name:
            _refuse_reserved("queue", spec.name)
        name = spec.name or f"amq.gen-{secrets.token_urlsafe(16)}"
        parsed = arguments.parse(name, spec.arguments)
        if parsed.quorum and (not spec.durable or spec.exclusive or spec.auto_delete):
            raise AmqpError(
                PRECONDITION_FAILED, f"invalid property for quorum queue '{name}': it is durable and shared"
            )
        queue = self._new_queue(name, parsed, spec.durable, spec.auto_delete, owner if spec.exclusive else None)
        if queue.durable and queue.owner is None:
            self._store.add_queue(name, spec.arguments, auto_delete=spec.auto_delete)
        return queue

    def _new_queue(
        self, name: str, parsed: arguments.QueueArguments, durable: bool, auto_delete: bool, owner: object
    ) -> Queue:
        queue = Queue(name, parsed, self._context, durable=durable, auto_delete=auto_delete, owner=owner)
        self.queues[name] = queue
        return queue

    def _check_queue(self, queue: Queue, spec: QueueSpec) -> Queue:
        if spec.exclusive != (queue.owner is not None):
            raise _locked(queue.name)
        for field in ("durable", "auto_delete"):
            if getattr(queue, field) != getattr(spec, field):
                raise inequivalent(field, "queue", queue.name, getattr(spec, field), getattr(queue, field))
        queue.arguments.check_equivalent(queue.name, spec.arguments)
        queue.touch()
        return queue

    def delete_queue(self, queue: Queue) -> int:
        """How many ready messages were dropped with it. Its consumers are told."""
        if queue.deleted:
            return 0
        count = len(queue)
        del self.queues[queue.name]
        if queue.durable and queue.owner is None:
            self._store.remove_queue(queue.name)
        self._forget(queue)
        queue.close()
        return count

    def _expire(self, queue: Queue) -> None:
        self.delete_queue(queue)

    def delete_exclusive(self, owner: object) -> None:
        for queue in [queue for queue in self.queues.values() if queue.owner is owner]:
            self.delete_queue(queue)

    # -- publishing

    def publish(self, message: Message) -> Published:
        exchange = self.exchange(message.exchange)
        if exchange.internal:
            raise AmqpError(ACCESS_REFUSED, f"cannot publish to internal exchange '{exchange.name}' in vhost '/'")
        message_ttl_ms(message)
        if message.exchange == "" and (reply := self.replies.get(message.routing_key)) is not None:
            return Published(routed=reply(message), refused=False)
        refused = False
        targets = self._route(exchange, message)
        for queue in targets:
            if queue.accepts(message):
                queue.push(message)
            else:
                queue.refuse(message)
                refused = True
        return Published(routed=bool(targets), refused=refused)

    def _route(self, start: Exchange, message: Message) -> list[Queue]:
        """Every queue at most once, however many bindings lead to it."""
        if start.name == "":
            queue = self.queues.get(message.routing_key)
            return [] if queue is None else [queue]
        headers = message.properties.headers
        found: dict[Queue, None] = {}
        seen, todo = {start.name}, [start]
        while todo:
            for target in todo.pop().targets(message.routing_key, headers):
                if isinstance(target, Queue):
                    found[target] = None
                elif target.name not in seen:
                    seen.add(target.name)
                    todo.append(target)
        return list(found)

    def _route_or_drop(self, message: Message) -> list[Queue]:
        exchange = self.exchanges.get(message.exchange)
        return [] if exchange is None else self._route(exchange, message)

    # -- after a restart

    def restore_exchange(self, name: str, spec: ExchangeSpec) -> None:
        self.exchanges[name] = Exchange(
            name, spec.type, spec.durable, spec.auto_delete, spec.internal, arguments=spec.arguments
        )

    def restore_queue(self, name: str, table: FieldTable, *, auto_delete: bool) -> Queue:
        return self._new_queue(name, arguments.parse(name, table), durable=True, auto_delete=auto_delete, owner=None)

    def restore_binding(self, source: str, target: tuple[str, str], key: str, table: FieldTable) -> None:
        kind, name = target
        known = self.queues.get(name) if kind == "queue" else self.exchanges.get(name)
        if known is not None and source in self.exchanges:
            self.exchanges[source].bind(Binding(known, key, table))


def _reference(target: Target) -> tuple[str, str]:
    return ("queue" if isinstance(target, Queue) else "exchange", target.name)


def _refuse_default(name: str) -> None:
    if name == "":
        raise AmqpError(ACCESS_REFUSED, "operation not permitted on the default exchange")


def _refuse_reserved(kind: str, name: str) -> None:
    if name.startswith("amq."):
        raise AmqpError(ACCESS_REFUSED, f"{kind} name '{name}' contains reserved prefix 'amq.*'")


def _locked(queue: str) -> AmqpError:
    detail = f"cannot obtain exclusive access to locked queue '{queue}' in vhost '/'. "
    more = "It could be originally declared on another connection or its exclusive property does not match"
    return AmqpError(RESOURCE_LOCKED, detail + more)
