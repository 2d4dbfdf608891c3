"""The relay's way to RabbitMQ; nothing else publishes.

On a channel of its own, by aio-pika: the framework's own publish costs as much again, and would start a span per message whether its
trace is recorded or not.
"""

import asyncio
from collections.abc import Mapping

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractExchange, AbstractRobustConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError
from aiormq.exceptions import ChannelNotFoundEntity, PublishError
from faststream.exceptions import FastStreamException
from faststream.rabbit import RabbitBroker
from opentelemetry import trace
from opentelemetry.trace import SpanKind

from shared.envelope import CONTENT_TYPE
from shared.outbox.relay import BrokerAway, Outgoing, Undeliverable
from shared.telemetry.context import current_traceparent
from shared.topology import AWAITED, EVENTS_EXCHANGE, RETRY_EXCHANGE

_tracer = trace.get_tracer("moviemind.relay")


class RabbitPublisher:
    """Publishes over the connection of `broker`, persistent and confirmed; `connected` follows that connection.

    What a queue of ours must take, it must take: such a message comes back as Undeliverable when none does.
    """

    def __init__(self, broker: RabbitBroker) -> None:
        self._broker = broker
        self._connection: AbstractRobustConnection | None = None
        self._exchanges: Mapping[str, AbstractExchange] = {}
        self._opening = asyncio.Lock()
        self.connected = False

    async def publish(self, message: Outgoing) -> None:
        """Return after the confirm. Raises Undeliverable for a return or a negative confirm, BrokerAway for a lost connection."""
        exchange = RETRY_EXCHANGE if message.target_queue else EVENTS_EXCHANGE
        try:
            if trace.get_current_span().get_span_context().trace_flags.sampled:
                with _tracer.start_as_current_span(f"{message.type} publish", kind=SpanKind.PRODUCER) as span:
                    span.set_attributes(
                        {
                            "messaging.system": "rabbitmq",
                            "messaging.operation": "publish",
                            "messaging.destination.name": exchange,
                            "messaging.rabbitmq.destination.routing_key": message.routing_key,
                            "messaging.message.id": message.message_id,
                            "messaging.message.conversation_id": message.correlation_id,
                        }
                    )
                    await self._send(exchange, message)
            else:
                await self._send(exchange, message)
        except (PublishError, DeliveryError, ChannelNotFoundEntity) as error:
            raise Undeliverable(type(error).__name__) from error
        except (AMQPError, ChannelInvalidStateError, FastStreamException, OSError, RuntimeError) as error:
            raise BrokerAway(type(error).__name__) from error

    async def _send(self, exchange: str, message: Outgoing) -> None:
        traceparent = current_traceparent()
        wire = Message(
            message.body,
            headers={**message.headers, "traceparent": traceparent} if traceparent else dict(message.headers),
            content_type=CONTENT_TYPE,
            delivery_mode=DeliveryMode.PERSISTENT,
            message_id=message.message_id,
            correlation_id=message.correlation_id,
            type=message.type,
        )
        mandatory = bool(message.target_queue) or message.type in AWAITED
        await (await self._opened())[exchange].publish(wire, message.routing_key, mandatory=mandatory)

    async def _opened(self) -> Mapping[str, AbstractExchange]:
        """The exchanges on a channel that raises what comes back; opened anew with each new connection."""
        connection = await self._broker.connect()
        if connection is not self._connection:
            async with self._opening:
                if connection is not self._connection:
                    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                    names = (EVENTS_EXCHANGE, RETRY_EXCHANGE)
                    self._exchanges = {name: await channel.get_exchange(name, ensure=False) for name in names}
                    self._connection = connection
        return self._exchanges
