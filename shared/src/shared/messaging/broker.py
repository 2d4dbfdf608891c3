"""The only place where brokers, channels, queues and exchanges of the client libraries are built.

Their own defaults lose messages: transient delivery, unlimited prefetch, silent returns of unroutable messages. Here every publish is
persistent, confirmed and mandatory, every channel has a prefetch, and every settlement is explicit.
"""

from collections.abc import Mapping
from typing import Any, cast

import aio_pika
from faststream import AckPolicy
from faststream.rabbit import Channel, ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitMessage, RabbitQueue
from faststream.rabbit.opentelemetry import RabbitTelemetryMiddleware
from faststream.rabbit.schemas.queue import QuorumQueueArgs
from opentelemetry.trace import TracerProvider
from yarl import URL

from shared import topology
from shared.topology import WorkQueue

HEARTBEAT_S = 10
"""With the library's 60 s a dead connection is noticed after three minutes only; 10 s makes it half a minute."""
RECONNECT_S = 1.0
GRACEFUL_S = 20.0
CONNECT_TIMEOUT_S = 10.0
DEAD_PREFETCH = 8

EVENTS = RabbitExchange(topology.EVENTS_EXCHANGE, type=ExchangeType.TOPIC, durable=True)
DEAD = RabbitExchange(topology.DEAD_EXCHANGE, type=ExchangeType.DIRECT, durable=True)
COMPLETIONS = RabbitExchange(topology.COMPLETIONS_EXCHANGE, type=ExchangeType.FANOUT, durable=True)


def make_broker(url: str, service: str, tracer_provider: TracerProvider) -> RabbitBroker:
    """A broker that publishes persistently with confirms, and raises for a message that no queue takes. Opens no connection yet."""
    return RabbitBroker(
        str(connection_url(url, service)),
        default_channel=Channel(publisher_confirms=True, on_return_raises=True),
        ack_policy=AckPolicy.MANUAL,
        apply_types=False,
        reconnect_interval=RECONNECT_S,
        graceful_timeout=GRACEFUL_S,
        timeout=CONNECT_TIMEOUT_S,
        app_id=f"moviemind-{service}",
        middlewares=[RabbitTelemetryMiddleware(tracer_provider=tracer_provider)],
        logger=None,
    )


def subscription(queue: WorkQueue, prefetch: int | None = None) -> dict[str, Any]:
    """Arguments of `@router.subscriber` for one of our queues, on a channel of its own: the handler gets the undecoded message."""
    return _quorum(queue.name, queue.arguments, EVENTS, queue.binding_keys[0], prefetch or queue.prefetch)


def dead_subscription(queue: WorkQueue) -> dict[str, Any]:
    """The same for the queue in which the broker lays the dead letters of `queue`."""
    return _quorum(queue.dead_name, queue.dead_arguments, DEAD, queue.name, DEAD_PREFETCH)


def _quorum(
    name: str, arguments: Mapping[str, Any], exchange: RabbitExchange, key: str, prefetch: int
) -> dict[str, Any]:
    return {
        "queue": RabbitQueue(
            name,
            queue_type=QueueType.QUORUM,
            durable=True,
            routing_key=key,
            arguments=cast("QuorumQueueArgs", {k: v for k, v in arguments.items() if k != "x-queue-type"}),
        ),
        "exchange": exchange,
        "channel": Channel(prefetch_count=prefetch),
        "ack_policy": AckPolicy.MANUAL,
        "decoder": _undecoded,
        "no_reply": True,
    }


def hints(name: str) -> dict[str, Any]:
    """Arguments of `@router.subscriber` for an instance's own queue of completions.

    The queue goes with its connection: hints save time and are never needed for correctness.
    """
    return {
        "queue": RabbitQueue(name, durable=False, exclusive=True, auto_delete=True, arguments={"x-max-length": 10_000}),
        "exchange": COMPLETIONS,
        "channel": Channel(prefetch_count=256),
        "ack_policy": AckPolicy.ACK_FIRST,
        "decoder": _undecoded,
        "no_reply": True,
    }


async def declare_topology(url: str, service: str) -> None:
    """Declare every exchange, queue and binding there is, on a connection of its own.

    Idempotent. Raises what aio-pika raises: one of its CONNECTION_EXCEPTIONS (a broker that hangs up during the handshake is a
    StopAsyncIteration there) or TimeoutError.
    """
    connection = await aio_pika.connect(connection_url(url, f"{service}-topology"), timeout=CONNECT_TIMEOUT_S)
    async with connection:
        channel = await connection.channel()
        for name, kind in topology.EXCHANGES:
            await channel.declare_exchange(name, aio_pika.ExchangeType(kind), durable=True)
        for queue in topology.WORK_QUEUES:
            await channel.declare_queue(queue.name, durable=True, arguments=queue.arguments)
            await channel.declare_queue(queue.dead_name, durable=True, arguments=queue.dead_arguments)
        for exchange, name, key in topology.bindings():
            await (await channel.get_queue(name, ensure=False)).bind(exchange, key)
        completions = await channel.get_exchange(topology.COMPLETIONS_EXCHANGE, ensure=False)
        for key in topology.COMPLETION_KEYS:
            await completions.bind(topology.EVENTS_EXCHANGE, key)


async def _undecoded(message: RabbitMessage) -> RabbitMessage:
    return message


def connection_url(url: str, name: str) -> URL:
    """`url` with the name that the broker shows for the connection; a heartbeat that `url` sets itself is kept."""
    asked = URL(url)
    return asked.with_query({"heartbeat": str(HEARTBEAT_S), **asked.query, "name": name})
