"""The AI provider's limits per minute, kept by all generators together."""

from redis.asyncio import Redis

from shared import rate_limit
from shared.clock import Clock
from shared.rate_limit import Limit

MAX_WAIT_S = 10.0
"""A call that would have to wait longer goes back into the queue: a worker waits for few, and holds no lease for long."""


class RateLimiter:
    """Requests and tokens per minute, of one endpoint. With `redis`, all workers share them; without, each process has them for itself."""

    def __init__(
        self,
        redis: "Redis | None",
        clock: Clock,
        *,
        endpoint: str,
        worker: str,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
    ) -> None:
        self._limiter = rate_limit.RateLimiter(redis, clock, name=f"ai:{endpoint}", sharer=worker)
        self._requests = Limit("requests", requests_per_minute) if requests_per_minute else None
        self._tokens = Limit("tokens", tokens_per_minute) if tokens_per_minute else None

    async def enter(self, tokens: int) -> float | None:
        """Wait until a call of at most `tokens` may start, at most `MAX_WAIT_S`: None.

        Else, at once and with nothing taken, the seconds until one could.
        """
        costs = {limit: cost for limit, cost in ((self._requests, 1), (self._tokens, tokens)) if limit is not None}
        return await self._limiter.enter(costs, max_wait_s=MAX_WAIT_S) if costs else None

    async def settle(self, reserved: int, used: int) -> None:
        """Give back the tokens that were `reserved` and not `used`, or take the rest."""
        if self._tokens is not None:
            await self._limiter.settle(self._tokens, reserved - used)

    async def close(self) -> None:
        await self._limiter.close()
