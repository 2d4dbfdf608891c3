"""The reader of the broker's dead letters: what lies in a `.dead` queue becomes a row that an operator can see and send again."""

from collections.abc import Mapping
from typing import Any

import structlog
from faststream.rabbit import RabbitMessage, RabbitRouter

from shared.clock import Clock
from shared.errors import BadMessage
from shared.faults import crash_point
from shared.messaging.broker import dead_subscription
from shared.messaging.consume import Delivery, Parking, ack, until_available
from shared.topology import WorkQueue

DELIVERY_LIMIT = "delivery-limit"

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class DeadLetterReader:
    """Parks a delivery of a dead-letter queue, then acks it. Nothing is acked while PostgreSQL is away."""

    def __init__(self, parking: Parking, clock: Clock) -> None:
        self._parking = parking
        self._clock = clock

    async def settle(self, delivery: Delivery) -> None:
        raw = delivery.raw_message
        bad = BadMessage(reason_of(raw.headers), "the broker gave up delivering it")
        await crash_point("consumer.after_delivery")
        await until_available(lambda: self._parking.park(bad, raw.headers, raw.body), self._clock)
        log.error("delivery.parked", reason=bad.reason, detail=bad.detail)
        await crash_point("consumer.before_ack")
        await ack(delivery)


def reason_of(headers: Mapping[str, Any]) -> str:
    """Why the broker gave up (`delivery-limit`, `rejected`, `expired`, `maxlen`); a broker that does not say has one reason only."""
    reason = headers.get("x-first-death-reason")
    return reason.replace("_", "-")[:100] if isinstance(reason, str) and reason.isidentifier() else DELIVERY_LIMIT


def router(queue: WorkQueue, reader: DeadLetterReader) -> RabbitRouter:
    router = RabbitRouter()

    @router.subscriber(**dead_subscription(queue))
    async def on_dead_letter(message: RabbitMessage) -> None:
        """No message stays in a dead-letter queue without an open row."""
        await reader.settle(message)

    return router
