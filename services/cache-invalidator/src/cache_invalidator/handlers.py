"""Events in, use cases out."""

from faststream.rabbit import RabbitMessage, RabbitRouter

from cache_invalidator.usecases.invalidate_entity import InvalidateEntity
from shared import topology
from shared.events import EntityChanged, GenerationCompleted, RefreshCompleted
from shared.messaging.broker import subscription
from shared.messaging.consume import EventConsumer


def router(consumer: EventConsumer, invalidate: InvalidateEntity) -> RabbitRouter:
    router = RabbitRouter()

    @router.subscriber(**subscription(topology.INVALIDATIONS))
    async def on_entity_changed(message: RabbitMessage) -> None:
        """After the ack, no cached answer is older than the event."""
        await consumer.settle(message, (GenerationCompleted, RefreshCompleted, EntityChanged), invalidate)

    return router
