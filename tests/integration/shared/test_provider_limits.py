"""The limit on a provider's calls, measured at the provider."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from pydantic import SecretStr
from tests.support.sandbox import Sandbox

from shared.cache import connect
from shared.clock import SystemClock
from shared.entities import EntityKind
from shared.errors import Transient
from shared.http import client
from shared.rate_limit import CallLimit, Limit, RateLimiter
from shared.tmdb.client import TmdbClient

LIMIT = Limit("calls", 20, 1.0)
PAUSE_S = 1.5


@pytest.fixture
async def clients(sandbox: Sandbox, redis_url: str) -> AsyncIterator[list[TmdbClient]]:
    """Three, each with its own connections, as three processes have them."""
    async with AsyncExitStack() as stack:
        made: list[TmdbClient] = []
        for sharer in ("a", "b", "c"):
            limiter = RateLimiter(connect(redis_url), SystemClock(), name="tmdb", sharer=sharer)
            stack.push_async_callback(limiter.close)
            http = await stack.enter_async_context(client())
            limit = CallLimit(limiter, LIMIT)
            key, url = SecretStr("sandbox"), f"{sandbox.url}/tmdb/3"
            made.append(TmdbClient(url, key, http=http, deadline_s=20, concurrency=50, limit=limit))
        yield made


async def arrivals_s(sandbox: Sandbox) -> list[float]:
    return [call["at_monotonic_ms"] / 1000 for call in await sandbox.calls("tmdb")]


async def test_f64_three_clients_together_keep_to_one_limit(sandbox: Sandbox, clients: list[TmdbClient]) -> None:
    await asyncio.gather(*(one.details(EntityKind.MOVIE, 603) for one in clients for _ in range(20)))

    arrived = await arrivals_s(sandbox)
    assert len(arrived) == 60
    assert arrived[-1] - arrived[0] >= 0.95 * (60 - LIMIT.burst) * LIMIT.interval_s
    assert arrived[-1] - arrived[0] < 1.5 * 60 * LIMIT.interval_s


async def test_f64_what_one_is_told_all_keep(sandbox: Sandbox, clients: list[TmdbClient]) -> None:
    await sandbox.fault("throttle", provider="tmdb", times=1, retry_after_s=PAUSE_S)

    with pytest.raises(Transient) as raised:
        await clients[0].details(EntityKind.MOVIE, 603)
    found = await asyncio.gather(*(one.details(EntityKind.MOVIE, 603) for one in clients[1:]))

    assert (raised.value.retry_after_s, raised.value.counted) == (PAUSE_S, False)
    assert all(found)
    throttled, *later = await arrivals_s(sandbox)
    assert min(later) - throttled >= PAUSE_S - 0.05


async def test_f64_a_storm_costs_one_call_for_each_pause_and_then_ends(
    sandbox: Sandbox, clients: list[TmdbClient]
) -> None:
    await sandbox.fault("throttle", provider="tmdb", times=3, retry_after_s=0.3)
    refusals: list[Transient] = []

    async def insistently(one: TmdbClient) -> None:
        for _ in range(100):
            try:
                await one.details(EntityKind.MOVIE, 603)
            except Transient as error:
                refusals.append(error)
            else:
                return

    await asyncio.gather(*(insistently(one) for one in clients))

    assert [call["fault"] for call in await sandbox.calls("tmdb")] == ["throttle"] * 3 + [None] * 3
    assert [refusal.counted for refusal in refusals] == [False] * 3
