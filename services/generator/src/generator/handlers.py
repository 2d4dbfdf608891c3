"""Events in, use cases out."""

from faststream.rabbit import RabbitMessage, RabbitRouter

from generator.usecases.generate_text import GenerateText
from shared import topology
from shared.events import GenerationRequested
from shared.messaging.broker import subscription
from shared.messaging.consume import JobConsumer


def router(consumer: JobConsumer, generate: GenerateText, *, prefetch: int) -> RabbitRouter:
    router = RabbitRouter()

    @router.subscriber(**subscription(topology.GENERATION_REQUESTS, prefetch))
    async def on_generation_requested(message: RabbitMessage) -> None:
        """One text per job, however often this event arrives."""
        await consumer.settle(message, GenerationRequested, generate)

    return router
