"""The versioned cache: what readers and invalidations rely on, on Redis and on its fake alike."""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

import pytest
from redis.asyncio import Redis

from shared import cache_keys
from shared.cache import CachedResponse, RedisCache, connect
from shared.entities import EntityKind
from shared.errors import Unavailable
from shared.testing.cache import FakeCache

MATRIX = (EntityKind.MOVIE, "the-matrix-1999")
PLAIN, POLISH = cache_keys.variant(None, None), cache_keys.variant("pl-PL", None)


class Cache(Protocol):
    async def get(self, kind: EntityKind, slug: str, variant: str) -> CachedResponse | None: ...

    async def fill(self, kind: EntityKind, slug: str, variant: str, version: int, response: CachedResponse) -> bool: ...

    async def invalidate(self, kind: EntityKind, slug: str, version: int) -> bool: ...


def response(version: int) -> CachedResponse:
    return CachedResponse(f'"v{version}"', b'{"version": %d}\n' % version)


class CacheContract:
    async def test_what_was_filled_is_read_back(self, cache: Cache) -> None:
        assert await cache.fill(*MATRIX, PLAIN, 3, response(3))

        assert await cache.get(*MATRIX, PLAIN) == response(3)
        assert await cache.get(*MATRIX, POLISH) is None

    async def test_an_invalidation_drops_every_variant(self, cache: Cache) -> None:
        for variant in (PLAIN, POLISH):
            await cache.fill(*MATRIX, variant, 3, response(3))

        assert await cache.invalidate(*MATRIX, 4)

        assert [await cache.get(*MATRIX, variant) for variant in (PLAIN, POLISH)] == [None, None]

    async def test_a_slow_reader_cannot_put_old_data_back(self, cache: Cache) -> None:
        await cache.invalidate(*MATRIX, 4)

        assert not await cache.fill(*MATRIX, PLAIN, 3, response(3))

        assert await cache.get(*MATRIX, PLAIN) is None

    async def test_a_late_or_repeated_invalidation_changes_nothing(self, cache: Cache) -> None:
        await cache.invalidate(*MATRIX, 4)
        await cache.fill(*MATRIX, PLAIN, 4, response(4))

        assert [await cache.invalidate(*MATRIX, version) for version in (4, 3, 4)] == [False] * 3

        assert await cache.get(*MATRIX, PLAIN) == response(4)

    async def test_f61_after_a_lost_invalidation_an_older_fill_never_overwrites_a_newer_one(self, cache: Cache) -> None:
        await cache.fill(*MATRIX, POLISH, 1, response(1))

        assert await cache.fill(*MATRIX, PLAIN, 2, response(2))
        assert not await cache.fill(*MATRIX, PLAIN, 1, response(1))

        assert await cache.get(*MATRIX, PLAIN) == response(2)
        assert await cache.get(*MATRIX, POLISH) is None

    async def test_away_reads_miss_fills_are_dropped_and_invalidations_say_so(self, away: Cache) -> None:
        assert await away.get(*MATRIX, PLAIN) is None
        assert not await away.fill(*MATRIX, PLAIN, 1, response(1))
        with pytest.raises(Unavailable, match="redis"):
            await away.invalidate(*MATRIX, 1)


class TestFakeCache(CacheContract):
    @pytest.fixture
    def cache(self) -> Cache:
        return FakeCache()

    @pytest.fixture
    def away(self) -> Cache:
        cache = FakeCache()
        cache.away = True
        return cache


class TestRedisCache(CacheContract):
    @pytest.fixture
    async def cache(self, redis_url: str) -> AsyncIterator[RedisCache]:
        cache = RedisCache(connect(redis_url))
        yield cache
        await cache.close()

    @pytest.fixture
    async def away(self) -> AsyncIterator[RedisCache]:
        cache = RedisCache(connect("redis://127.0.0.1:1/0"))
        yield cache
        await cache.close()

    @pytest.mark.parametrize("garbage", [b"", b"garbage", b"\n", b'"a\nb', b"\xff\xfe\n{}"])
    async def test_f60_a_value_that_this_code_did_not_write_is_a_miss(
        self, cache: RedisCache, redis_url: str, garbage: bytes
    ) -> None:
        async with Redis.from_url(redis_url) as redis:
            await redis.hset(cache_keys.entity_bodies(*MATRIX), PLAIN, garbage)  # pyright: ignore[reportGeneralTypeIssues]

        assert await cache.get(*MATRIX, PLAIN) is None

    async def test_300_readers_at_once_are_all_served_from_the_cache(self, cache: RedisCache) -> None:
        await cache.fill(*MATRIX, PLAIN, 1, response(1))

        found = await asyncio.gather(*(cache.get(*MATRIX, PLAIN) for _ in range(300)))

        assert found == [response(1)] * 300
