"""Look at AI calls: whether they are stopped, what they cost today, and what was measured."""

from collections.abc import Sequence

from gateway.ai_ports import AiBooks, AiMetrics, AiSwitch, Books, Figures, MetricsFilter, SwitchState


class ReadAi:
    """Reads change nothing and leave no audit entry."""

    def __init__(self, *, switch: AiSwitch, books: AiBooks, metrics: AiMetrics) -> None:
        self._switch = switch
        self._books = books
        self._metrics = metrics

    async def now(self) -> tuple[SwitchState, Books]:
        """Raises Unavailable("postgres")."""
        return await self._switch.state(), await self._books.today()

    async def figures(self, asked: MetricsFilter) -> Sequence[Figures]:
        """Raises Unavailable("postgres")."""
        return await self._metrics.figures(asked)
