"""Send dead letters again."""

from collections.abc import Callable
from uuid import UUID

import structlog

from gateway.admin_ports import ByCause, ByIds, DeadLetters, NotExact, NotOpen, Order, Repeated, Sent, UnknownLetter
from gateway.ports import Answer

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class ReplayDeadLetters:
    """An open letter goes back to its own queue, once, under the id it always had: what was done meanwhile is not done again.

    A job that has ended stays as it is.
    """

    def __init__(self, letters: DeadLetters) -> None:
        self._letters = letters

    async def one(
        self, letter_id: UUID, order: Order, render: Callable[[Sent], Answer]
    ) -> Answer | Repeated | UnknownLetter | NotOpen | NotExact:
        """Raises Unavailable("postgres")."""
        outcome = await self._letters.replay(letter_id, order, render)
        if isinstance(outcome, Answer):
            log.info("dead-letter.replayed", letter_id=str(letter_id), actor=order.actor)
        return outcome

    async def many(self, which: ByIds | ByCause, order: Order, render: Callable[[int], Answer]) -> Answer | Repeated:
        """Raises Unavailable("postgres")."""
        outcome = await self._letters.replay_many(which, order, render)
        if isinstance(outcome, Answer):
            log.info("dead-letters.replayed", actor=order.actor, **outcome.body)
        return outcome
