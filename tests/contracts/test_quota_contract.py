"""The calls of a day, counted in Redis by all processes together."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.proxy import proxied

from shared.cache import connect
from shared.errors import Unavailable
from shared.testing.clock import START, FakeClock
from tmdb_sync.adapters.redis_quota import REFUSED_S, RedisQuota
from tmdb_sync.ports import Quota, Spent

MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
Make = Callable[..., Quota]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def make(clock: FakeClock, redis_url: str) -> AsyncIterator[Make]:
    connections = [connect(redis_url)]

    def make(per_day: int = 3, url: str = redis_url, at: FakeClock = clock) -> Quota:
        connections.append(connect(url))
        return RedisQuota(connections[-1], at, provider="omdb", per_day=per_day)

    yield make
    for connection in connections:
        await connection.aclose()


async def test_all_processes_share_the_calls_of_a_day(make: Make) -> None:
    processes = [make(), make()]

    answers = [await processes[place % 2].take() for place in range(5)]

    assert answers == [None, None, None, Spent(MIDNIGHT), Spent(MIDNIGHT)]


async def test_the_next_day_has_calls_again(make: Make, clock: FakeClock) -> None:
    quota = make(per_day=1)
    await quota.take()
    assert await quota.take() == Spent(MIDNIGHT)

    clock.advance((MIDNIGHT - START).total_seconds())

    assert await quota.take() is None


async def test_after_the_providers_own_refusal_nobody_asks_for_an_hour(make: Make, clock: FakeClock) -> None:
    renews_at = START + timedelta(seconds=REFUSED_S)

    assert await make().refused() == Spent(renews_at)
    assert await make().take() == Spent(renews_at)
    clock.advance(REFUSED_S - 1)
    assert await make().take() == Spent(renews_at)
    clock.advance(1)

    assert await make().take() is None


async def test_a_refusal_before_midnight_holds_after_it(make: Make) -> None:
    late = FakeClock(MIDNIGHT - timedelta(minutes=10))
    await make(at=late).refused()
    late.advance(1200)

    assert await make(at=late).take() == Spent(MIDNIGHT + timedelta(minutes=50))


async def test_a_refusal_gives_no_calls_back(make: Make, clock: FakeClock) -> None:
    quota = make(per_day=1)
    await quota.take()
    await quota.refused()
    clock.advance(REFUSED_S)

    assert await quota.take() == Spent(MIDNIGHT)


async def test_while_redis_is_away_nobody_can_tell(make: Make, redis_url: str) -> None:
    with proxied(redis_url) as to_redis:
        quota = make(url=to_redis.url)
        await quota.take()
        to_redis.refuse()

        for ask in (quota.take, quota.refused):
            with pytest.raises(Unavailable) as raised:
                await ask()
            assert raised.value.dependency == "redis"


async def test_without_redis_nobody_can_tell(clock: FakeClock) -> None:
    quota = RedisQuota(None, clock, provider="omdb", per_day=1000)

    for ask in (quota.take, quota.refused):
        with pytest.raises(Unavailable):
            await ask()
