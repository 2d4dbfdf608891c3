"""The methods a client may call on a channel."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from pamqp import commands
from pamqp.base import Frame as Method
from pamqp.commands import Basic, Confirm, Exchange, Queue
from pamqp.common import FieldTable

from embedded_amqp.broker import ExchangeSpec, QueueSpec
from embedded_amqp.channel import REPLY_TO, Channel
from embedded_amqp.consumers import Consumer
from embedded_amqp.errors import (
    ACCESS_REFUSED,
    COMMAND_INVALID,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_IMPLEMENTED,
    PRECONDITION_FAILED,
    AmqpError,
    not_found,
)
from embedded_amqp.properties import encode_table
from embedded_amqp.queues import Queue as BrokerQueue


def handle(channel: Channel, method: Method) -> None:
    """Raises 540 for a method this broker does not offer, 503 for one that only a server sends."""
    handler = _HANDLERS.get(type(method))
    if handler is None:
        offered = not method.name.startswith("Tx.")
        raise AmqpError(COMMAND_INVALID if offered else NOT_IMPLEMENTED, f"unexpected method {method.name}")
    handler(channel, method)


def _table(arguments: FieldTable | None) -> FieldTable:
    """Arguments that the journal can hold; 406 for others."""
    table = arguments or {}
    try:
        encode_table(table)
    except ValueError as error:
        raise AmqpError(PRECONDITION_FAILED, f"unsupported argument: {error}") from error
    return table


def _queue(channel: Channel, name: str) -> BrokerQueue:
    """No name means the queue that was declared last on this channel."""
    if not name and not channel.last_queue:
        raise AmqpError(NOT_FOUND, "no previously declared queue")
    return channel.broker.queue(name or channel.last_queue, channel.peer)


def _key(channel: Channel, queue: str, key: str) -> str:
    return channel.last_queue if not queue and not key else key


def _reply(channel: Channel, method: Method, *, nowait: bool) -> None:
    if not nowait:
        channel.send(method)


# -- exchanges


def _exchange_declare(channel: Channel, method: Exchange.Declare) -> None:
    if method.passive:
        channel.broker.exchange(method.exchange)
    else:
        table = _table(method.arguments)
        spec = ExchangeSpec(method.exchange_type, method.durable, method.auto_delete, method.internal, table)
        channel.broker.declare_exchange(method.exchange, spec)
    _reply(channel, Exchange.DeclareOk(), nowait=method.nowait)


def _exchange_delete(channel: Channel, method: Exchange.Delete) -> None:
    channel.broker.delete_exchange(method.exchange, if_unused=method.if_unused)
    _reply(channel, Exchange.DeleteOk(), nowait=method.nowait)


def _exchange_bind(channel: Channel, method: Exchange.Bind) -> None:
    if not method.destination:
        raise AmqpError(ACCESS_REFUSED, "operation not permitted on the default exchange")
    destination = channel.broker.exchange(method.destination)
    channel.broker.bind(method.source, destination, method.routing_key, _table(method.arguments))
    _reply(channel, Exchange.BindOk(), nowait=method.nowait)


def _exchange_unbind(channel: Channel, method: Exchange.Unbind) -> None:
    if (destination := channel.broker.exchanges.get(method.destination)) is not None:
        channel.broker.unbind(method.source, destination, method.routing_key, _table(method.arguments))
    _reply(channel, Exchange.UnbindOk(), nowait=method.nowait)


# -- queues


def _queue_declare(channel: Channel, method: Queue.Declare) -> None:
    if method.queue.startswith(REPLY_TO):
        if method.queue != REPLY_TO and method.queue not in channel.broker.replies:
            raise not_found("queue", method.queue)
        _reply(channel, Queue.DeclareOk(method.queue, 0, 1), nowait=method.nowait)
        return
    if method.passive:
        queue = _queue(channel, method.queue)
        queue.touch()
    else:
        table = _table(method.arguments)
        spec = QueueSpec(method.queue, method.durable, method.exclusive, method.auto_delete, table)
        queue = channel.broker.declare_queue(spec, channel.peer)
    channel.last_queue = queue.name
    _reply(channel, Queue.DeclareOk(queue.name, len(queue), len(queue.consumers)), nowait=method.nowait)


def _queue_bind(channel: Channel, method: Queue.Bind) -> None:
    queue = _queue(channel, method.queue)
    key = _key(channel, method.queue, method.routing_key)
    channel.broker.bind(method.exchange, queue, key, _table(method.arguments))
    _reply(channel, Queue.BindOk(), nowait=method.nowait)


def _queue_unbind(channel: Channel, method: Queue.Unbind) -> None:
    name = method.queue or channel.last_queue
    if name in channel.broker.queues:
        queue = channel.broker.queue(name, channel.peer)
        key = _key(channel, method.queue, method.routing_key)
        channel.broker.unbind(method.exchange, queue, key, _table(method.arguments))
    channel.send(Queue.UnbindOk())


def _queue_purge(channel: Channel, method: Queue.Purge) -> None:
    count = _queue(channel, method.queue).purge()
    _reply(channel, Queue.PurgeOk(count), nowait=method.nowait)


def _queue_delete(channel: Channel, method: Queue.Delete) -> None:
    """Deleting what does not exist succeeds."""
    count = 0
    name = method.queue or channel.last_queue
    if name in channel.broker.queues:
        queue = channel.broker.queue(name, channel.peer)
        if method.if_unused and queue.consumers:
            raise AmqpError(PRECONDITION_FAILED, f"queue '{name}' in vhost '/' in use")
        if method.if_empty and len(queue):
            raise AmqpError(PRECONDITION_FAILED, f"queue '{name}' in vhost '/' not empty")
        count = channel.broker.delete_queue(queue)
    _reply(channel, Queue.DeleteOk(count), nowait=method.nowait)


# -- messages


def _qos(channel: Channel, method: Basic.Qos) -> None:
    """Not global: for consumers that start later, each by itself (RabbitMQ's reading of the flag)."""
    if method.prefetch_size:
        raise AmqpError(NOT_IMPLEMENTED, f"prefetch_size!=0 ({method.prefetch_size})")
    if method.global_:
        channel.share_prefetch(method.prefetch_count)
    else:
        channel.prefetch = method.prefetch_count
    channel.send(Basic.QosOk())


def _consume(channel: Channel, method: Basic.Consume) -> None:
    tag = method.consumer_tag or f"amq.ctag-{secrets.token_urlsafe(16)}"
    if tag in channel.consumers or tag == channel.reply_tag:
        raise AmqpError(NOT_ALLOWED, f"attempt to reuse consumer tag '{tag}'")
    if method.queue == REPLY_TO:
        _consume_replies(channel, method, tag)
        return
    queue = _queue(channel, method.queue)
    consumer = Consumer(tag, queue, channel, method.no_ack, method.exclusive, channel.prefetch)
    queue.add_consumer(consumer)
    channel.consumers[tag] = consumer
    _reply(channel, Basic.ConsumeOk(tag), nowait=method.nowait)


def _consume_replies(channel: Channel, method: Basic.Consume, tag: str) -> None:
    if not method.no_ack:
        raise AmqpError(PRECONDITION_FAILED, "reply consumer cannot acknowledge")
    if channel.reply_tag is not None:
        raise AmqpError(PRECONDITION_FAILED, "reply consumer already set")
    channel.open_reply(tag)
    _reply(channel, Basic.ConsumeOk(tag), nowait=method.nowait)


def _cancel(channel: Channel, method: Basic.Cancel) -> None:
    channel.cancel(method.consumer_tag or "")
    _reply(channel, Basic.CancelOk(method.consumer_tag), nowait=method.nowait)


def _publish(channel: Channel, method: Basic.Publish) -> None:
    if method.immediate:
        raise AmqpError(NOT_IMPLEMENTED, "immediate=true")
    channel.begin(method)


def _get(channel: Channel, method: Basic.Get) -> None:
    channel.get(_queue(channel, method.queue), no_ack=method.no_ack)


def _ack(channel: Channel, method: Basic.Ack) -> None:
    channel.ack(method.delivery_tag, multiple=method.multiple)


def _nack(channel: Channel, method: Basic.Nack) -> None:
    channel.reject(method.delivery_tag, multiple=method.multiple, requeue=method.requeue)


def _reject(channel: Channel, method: Basic.Reject) -> None:
    channel.reject(method.delivery_tag or 0, multiple=False, requeue=method.requeue)


def _recover(channel: Channel, method: Basic.Recover | Basic.RecoverAsync) -> None:
    if not method.requeue:
        raise AmqpError(NOT_IMPLEMENTED, "requeue=false")
    channel.recover()
    if isinstance(method, Basic.Recover):
        channel.send(Basic.RecoverOk())


def _confirm_select(channel: Channel, method: Confirm.Select) -> None:
    channel.confirms = True
    _reply(channel, Confirm.SelectOk(), nowait=method.nowait)


def _flow(channel: Channel, method: commands.Channel.Flow) -> None:
    if not method.active:
        raise AmqpError(NOT_IMPLEMENTED, "active=false")
    channel.send(commands.Channel.FlowOk(active=True))


def _ignore(channel: Channel, method: Method) -> None:
    """The client answers a notification; nothing depends on it."""


_HANDLERS: Final[Mapping[type[Method], Callable[[Channel, Any], None]]] = {
    Basic.Publish: _publish,
    Basic.Ack: _ack,
    Basic.Nack: _nack,
    Basic.Reject: _reject,
    Basic.Get: _get,
    Basic.Qos: _qos,
    Basic.Consume: _consume,
    Basic.Cancel: _cancel,
    Basic.CancelOk: _ignore,
    Basic.Recover: _recover,
    Basic.RecoverAsync: _recover,
    Exchange.Declare: _exchange_declare,
    Exchange.Delete: _exchange_delete,
    Exchange.Bind: _exchange_bind,
    Exchange.Unbind: _exchange_unbind,
    Queue.Declare: _queue_declare,
    Queue.Bind: _queue_bind,
    Queue.Unbind: _queue_unbind,
    Queue.Purge: _queue_purge,
    Queue.Delete: _queue_delete,
    Confirm.Select: _confirm_select,
    commands.Channel.Flow: _flow,
    commands.Channel.FlowOk: _ignore,
}
