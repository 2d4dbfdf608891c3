"""Completions from the broker: hints that wake waiters of this process, and nothing more."""

from collections.abc import Callable
from uuid import UUID

import structlog
from faststream.rabbit import RabbitMessage, RabbitRouter

from shared.envelope import decode
from shared.errors import BadMessage
from shared.events import JobEvent
from shared.messaging.broker import hints

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


def router(instance_id: str, wake: Callable[[UUID], None]) -> RabbitRouter:
    """Subscribes this instance's own queue, which is gone with its connection."""
    router = RabbitRouter()

    @router.subscriber(**hints(f"gateway.hints.{instance_id}"))
    async def on_completion(message: RabbitMessage) -> None:
        """A lost or unreadable hint costs latency only: waiters also look for themselves."""
        raw = message.raw_message
        try:
            event = decode(raw.headers, raw.content_type, raw.body)
        except BadMessage as bad:
            log.warning("hint.unreadable", reason=bad.reason)
            return
        if isinstance(event, JobEvent):
            wake(event.job_id)

    return router
