"""A provider's wish to be left alone, kept by one process alone or by all of them through Redis."""

from collections.abc import AsyncIterator, Callable

import pytest
from tests.support.proxy import proxied

from shared import cache_keys
from shared.cache import connect
from shared.rate_limit import MAX_PAUSE_S, Limit, RateLimiter
from shared.testing.clock import FakeClock

COSTS = {Limit("calls", 1000, 1.0): 1}
Make = Callable[..., RateLimiter]


class PauseContract:
    async def test_f64_nobody_calls_before_the_end_of_a_pause(self, make: Make) -> None:
        limiter = make()

        await limiter.pause(30)

        assert await limiter.enter(COSTS, max_wait_s=29) == pytest.approx(30, abs=0.5)

    async def test_f64_a_shorter_wish_does_not_end_a_longer_pause(self, make: Make) -> None:
        limiter = make()

        await limiter.pause(30)
        await limiter.pause(1)

        assert await limiter.enter(COSTS, max_wait_s=0) == pytest.approx(30, abs=0.5)

    async def test_f64_no_wish_holds_everybody_back_for_long(self, make: Make) -> None:
        limiter = make()

        await limiter.pause(86_400)

        assert await limiter.enter(COSTS, max_wait_s=0) == pytest.approx(MAX_PAUSE_S, abs=0.5)

    async def test_f64_who_waited_does_not_call_in_a_pause_that_began_meanwhile(self, make: Make) -> None:
        one = Limit("calls", 10, 10.0)
        slept: list[float] = []

        class InterruptedClock(FakeClock):
            async def sleep(self, delay_s: float) -> None:
                slept.append(delay_s)
                await limiter.pause(30)

        limiter = make(clock=InterruptedClock())
        await limiter.enter({one: 1}, max_wait_s=5)

        refused_s = await limiter.enter({one: 1}, max_wait_s=5)

        assert slept == [pytest.approx(one.interval_s, abs=0.3)]
        assert refused_s == pytest.approx(30, abs=0.5)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class TestLocalPause(PauseContract):
    @pytest.fixture
    def make(self, clock: FakeClock) -> Make:
        limiters: list[RateLimiter] = []

        def make(**members: FakeClock) -> RateLimiter:
            limiters.append(RateLimiter(None, members.get("clock", clock), name="p", sharer="me"))
            return limiters[-1]

        return make


class TestRedisPause(PauseContract):
    @pytest.fixture
    async def make(self, clock: FakeClock, redis_url: str) -> AsyncIterator[Make]:
        limiters: list[RateLimiter] = []

        def make(*, sharer: str = "me", url: str = redis_url, clock: FakeClock = clock) -> RateLimiter:
            limiters.append(RateLimiter(connect(url), clock, name="p", sharer=sharer))
            return limiters[-1]

        yield make
        for limiter in limiters:
            await limiter.close()

    async def test_f64_a_pause_holds_for_every_process(self, make: Make) -> None:
        await make(sharer="a").pause(30)

        assert await make(sharer="b").enter(COSTS, max_wait_s=0) == pytest.approx(30, abs=0.5)

    async def test_f64_a_pause_of_one_provider_is_none_of_another(self, make: Make, redis_url: str) -> None:
        await make().pause(30)
        other = RateLimiter(connect(redis_url), FakeClock(), name="other", sharer="me")

        assert await other.enter(COSTS, max_wait_s=0) is None
        await other.close()

    async def test_f64_a_pause_that_was_seen_holds_while_redis_is_away(self, make: Make, redis_url: str) -> None:
        await make(sharer="a").pause(30)
        with proxied(redis_url) as to_redis:
            here = make(sharer="b", url=to_redis.url)
            await here.enter(COSTS, max_wait_s=0)
            to_redis.refuse()

            assert await here.enter(COSTS, max_wait_s=0) == pytest.approx(30, abs=0.5)

    async def test_f64_a_pause_is_kept_to_its_end(self, make: Make, redis_url: str) -> None:
        await make().pause(200)
        redis = connect(redis_url)

        assert await redis.ttl(cache_keys.rate("p")) >= 200
        await redis.aclose()
