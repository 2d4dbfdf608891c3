"""The relay's way to RabbitMQ; nothing else publishes."""

from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError
from aiormq.exceptions import ChannelNotFoundEntity, PublishError
from faststream.exceptions import FastStreamException
from faststream.rabbit import RabbitBroker

from shared.envelope import CONTENT_TYPE
from shared.messaging.broker import EVENTS, RETRY
from shared.outbox.relay import BrokerAway, Outgoing, Undeliverable


class RabbitPublisher:
    """Publishes through `broker`, persistent, confirmed and mandatory; `connected` follows the broker's connection."""

    def __init__(self, broker: RabbitBroker) -> None:
        self._broker = broker
        self.connected = False

    async def publish(self, message: Outgoing) -> None:
        """Return after the confirm. Raises Undeliverable for a return or a negative confirm, BrokerAway for a lost connection."""
        try:
            await self._broker.publish(
                message.body,
                exchange=RETRY if message.target_queue else EVENTS,
                routing_key=message.routing_key,
                message_id=message.message_id,
                correlation_id=message.correlation_id,
                headers=dict(message.headers),
                content_type=CONTENT_TYPE,
                message_type=message.type,
                persist=True,
                mandatory=True,
            )
        except (PublishError, DeliveryError, ChannelNotFoundEntity) as error:
            raise Undeliverable(type(error).__name__) from error
        except (AMQPError, ChannelInvalidStateError, FastStreamException, OSError, RuntimeError) as error:
            raise BrokerAway(type(error).__name__) from error
