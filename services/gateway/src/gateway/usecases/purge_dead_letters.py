"""Erase what dead letters say."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog

from gateway.admin_ports import DeadLetters, Order, Repeated
from gateway.ports import Answer

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class PurgeDeadLetters:
    """Body, headers and detail are gone for good; that the letter was there, why, and who purged it stays."""

    def __init__(self, letters: DeadLetters) -> None:
        self._letters = letters

    async def one(self, letter_id: UUID, order: Order) -> bool:
        """False for an unknown letter. Raises Unavailable("postgres")."""
        known = await self._letters.purge(letter_id, order)
        if known:
            log.info("dead-letter.purged", letter_id=str(letter_id), actor=order.actor)
        return known

    async def many(
        self, queue: str, before: datetime, order: Order, render: Callable[[int], Answer]
    ) -> Answer | Repeated:
        """Raises Unavailable("postgres")."""
        outcome = await self._letters.purge_many(queue, before, order, render)
        if isinstance(outcome, Answer):
            log.info("dead-letters.purged", actor=order.actor, queue=queue, **outcome.body)
        return outcome
