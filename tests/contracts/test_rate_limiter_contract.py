"""The limits of a provider, kept by all workers together in Redis, or by one process alone."""

from collections.abc import AsyncIterator, Callable

import pytest
from tests.support.proxy import proxied

from generator.adapters.rate_limiter import MAX_WAIT_S, RateLimiter
from shared.cache import connect
from shared.rate_limit import Limit, LocalBuckets
from shared.testing.clock import FakeClock

HUNDRED = Limit("requests", 100)


class PatientClock(FakeClock):
    """Whoever sleeps wakes at once, and how long it was is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, delay_s: float) -> None:
        self.slept.append(delay_s)


Make = Callable[..., RateLimiter]


class RateLimiterContract:
    async def test_a_tenth_comes_at_once_and_the_rest_one_after_the_other(
        self, make: Make, clock: PatientClock
    ) -> None:
        limiter = make(requests_per_minute=100)

        refused = [await limiter.enter(1) for _ in range(20)]

        assert refused == [None] * 20
        assert len(clock.slept) == 20 - HUNDRED.burst
        for place, waited_s in enumerate(clock.slept, start=1):
            assert waited_s == pytest.approx(place * HUNDRED.interval_s, abs=0.3)

    async def test_who_would_wait_too_long_is_told_how_long_and_takes_nothing(
        self, make: Make, clock: PatientClock
    ) -> None:
        limiter = make(requests_per_minute=100)
        while (first := await limiter.enter(1)) is None:
            pass

        second = await limiter.enter(1)

        assert second == pytest.approx(first, abs=0.3)
        assert first > MAX_WAIT_S >= max(clock.slept)

    async def test_tokens_count_beside_requests(self, make: Make, clock: PatientClock) -> None:
        limiter = make(requests_per_minute=1000, tokens_per_minute=60_000)

        assert await limiter.enter(9000) is None  # more than may come at once: only into a full bucket
        assert clock.slept == []
        assert await limiter.enter(1) is None

        assert clock.slept == [pytest.approx(3001 * Limit("tokens", 60_000).interval_s, abs=0.3)]

    async def test_tokens_that_were_not_used_are_given_back(self, make: Make, clock: PatientClock) -> None:
        limiter = make(tokens_per_minute=60_000)
        await limiter.enter(9000)

        await limiter.settle(9000, 500)
        await limiter.enter(5000)

        assert clock.slept == []

    async def test_without_limits_nobody_waits(self, make: Make, clock: PatientClock) -> None:
        limiter = make()

        assert [await limiter.enter(10**9) for _ in range(100)] == [None] * 100
        assert clock.slept == []


@pytest.fixture
def clock() -> PatientClock:
    return PatientClock()


class TestLocalRateLimiter(RateLimiterContract):
    @pytest.fixture
    def make(self, clock: PatientClock) -> Make:
        def make(**limits: int) -> RateLimiter:
            return RateLimiter(None, clock, endpoint="e", worker="w", **limits)

        return make


class TestRedisRateLimiter(RateLimiterContract):
    @pytest.fixture
    async def make(self, clock: PatientClock, redis_url: str) -> AsyncIterator[Make]:
        made: list[RateLimiter] = []

        def make(worker: str = "w", url: str = redis_url, **limits: int) -> RateLimiter:
            made.append(RateLimiter(connect(url), clock, endpoint="e", worker=worker, **limits))
            return made[-1]

        yield make
        for limiter in made:
            await limiter.close()

    async def test_f37_all_workers_share_one_limit(self, make: Make, clock: PatientClock) -> None:
        workers = [make(worker, requests_per_minute=100) for worker in ("a", "b", "c")]

        for _ in range(5):
            for worker in workers:
                assert await worker.enter(1) is None

        assert len(clock.slept) == 15 - HUNDRED.burst

    async def test_f37_while_redis_is_away_a_worker_keeps_to_its_share(
        self, make: Make, clock: PatientClock, redis_url: str
    ) -> None:
        with proxied(redis_url) as to_redis:
            worker = make("a", to_redis.url, requests_per_minute=100)
            await make("b", requests_per_minute=100).enter(1)
            await worker.enter(1)
            to_redis.refuse()

            for _ in range(HUNDRED.burst + 1):
                assert await worker.enter(1) is None

        assert clock.slept == [pytest.approx(2 * HUNDRED.interval_s, abs=0.3)]


@pytest.mark.parametrize("per_minute", [1, 2, 9, 10, 60, 500, 30_000])
def test_no_minute_sees_more_than_the_limit(per_minute: int) -> None:
    clock, limit = FakeClock(), Limit("requests", per_minute)
    buckets, started = LocalBuckets(clock), list[float]()

    for _ in range(2 * per_minute + 5):
        wait_s = buckets.enter({limit: 1}, share=1, max_wait_s=float("inf"))
        started.append(clock.monotonic() + wait_s)

    within = [sum(at <= other < at + 59.999 for other in started) for at in (started[0], started[per_minute // 2])]
    assert max(within) == per_minute
