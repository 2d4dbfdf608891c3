"""Events in, use cases out."""

from faststream.rabbit import RabbitMessage, RabbitRouter

from shared import topology
from shared.events import RefreshRequested
from shared.messaging.broker import subscription
from shared.messaging.consume import JobConsumer
from tmdb_sync.usecases.sync_entity import SyncEntity


def router(consumer: JobConsumer, sync: SyncEntity) -> RabbitRouter:
    router = RabbitRouter()

    @router.subscriber(**subscription(topology.REFRESH_REQUESTS))
    async def on_refresh_requested(message: RabbitMessage) -> None:
        """One refresh per job, however often this event arrives."""
        await consumer.settle(message, RefreshRequested, sync)

    return router
