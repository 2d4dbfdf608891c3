"""The versioned cache: what readers and invalidations rely on, on Redis and on its fake alike."""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

import pytest
from redis.asyncio import Redis

from shared import cache_keys
from shared.cache import ANSWER_TTL_S, MAX_ANSWER_BYTES, CachedResponse, KeptAnswer, RedisCache, connect
from shared.entities import EntityKind
from shared.errors import Unavailable
from shared.testing.cache import FakeCache

MATRIX = (EntityKind.MOVIE, "the-matrix-1999")
NEWEST, OLDEST = "newest first", "oldest first"
PLAIN, POLISH = cache_keys.variant(None, None), cache_keys.variant("pl-PL", None)


class Cache(Protocol):
    async def get(self, kind: EntityKind, slug: str, variant: str) -> CachedResponse | None: ...

    async def fill(self, kind: EntityKind, slug: str, variant: str, version: int, response: CachedResponse) -> bool: ...

    async def invalidate(self, kind: EntityKind, slug: str, version: int) -> bool: ...

    async def get_answer(self, kind: EntityKind, question: str) -> KeptAnswer: ...

    async def keep_answer(self, kind: EntityKind, question: str, generation: str, response: CachedResponse) -> bool: ...


def response(version: int) -> CachedResponse:
    return CachedResponse(f'"v{version}"', b'{"version": %d}\n' % version)


async def generation(cache: Cache, kind: EntityKind) -> str:
    found = (await cache.get_answer(kind, NEWEST)).generation
    assert found is not None
    return found


async def fill_every_kind(cache: Cache) -> None:
    for kind in EntityKind:
        assert await cache.keep_answer(kind, NEWEST, await generation(cache, kind), response(1))


async def kept(cache: Cache) -> set[EntityKind]:
    return {kind for kind in EntityKind if (await cache.get_answer(kind, NEWEST)).response is not None}


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

    async def test_an_answer_about_many_is_read_back_by_its_kind_and_question(self, cache: Cache) -> None:
        movies = await generation(cache, EntityKind.MOVIE)

        assert await cache.keep_answer(EntityKind.MOVIE, NEWEST, movies, response(1))

        assert await cache.get_answer(EntityKind.MOVIE, NEWEST) == KeptAnswer(response(1), movies)
        assert await cache.get_answer(EntityKind.MOVIE, OLDEST) == KeptAnswer(None, movies)
        assert (await cache.get_answer(EntityKind.TV_SHOW, NEWEST)).response is None

    @pytest.mark.parametrize(
        ("changed", "left"),
        [
            (EntityKind.MOVIE, {EntityKind.TV_SERIES, EntityKind.TV_SHOW}),
            (EntityKind.TV_SERIES, {EntityKind.MOVIE}),
            (EntityKind.TV_SHOW, {EntityKind.MOVIE}),
            (EntityKind.PERSON, set[EntityKind]()),
        ],
    )
    async def test_a_change_ends_the_answers_of_every_kind_that_shows_it(
        self, cache: Cache, changed: EntityKind, left: set[EntityKind]
    ) -> None:
        await fill_every_kind(cache)

        await cache.invalidate(changed, "any-slug", 1)

        assert await kept(cache) == left

    async def test_an_answer_that_was_read_before_a_change_is_not_kept_after_it(self, cache: Cache) -> None:
        before = await generation(cache, EntityKind.MOVIE)
        await cache.invalidate(*MATRIX, 2)

        assert not await cache.keep_answer(EntityKind.MOVIE, NEWEST, before, response(1))

        assert (await cache.get_answer(EntityKind.MOVIE, NEWEST)).response is None

    async def test_a_late_or_repeated_invalidation_ends_no_answers(self, cache: Cache) -> None:
        await cache.invalidate(*MATRIX, 4)
        await fill_every_kind(cache)

        for version in (4, 3, 4):
            await cache.invalidate(*MATRIX, version)

        assert await kept(cache) == set(EntityKind)

    async def test_an_invalidation_ends_answers_although_a_fill_showed_its_version_already(self, cache: Cache) -> None:
        await fill_every_kind(cache)
        await cache.fill(*MATRIX, PLAIN, 4, response(4))

        assert not await cache.invalidate(*MATRIX, 4)

        assert EntityKind.MOVIE not in await kept(cache)

    async def test_an_answer_that_is_too_long_is_not_kept(self, cache: Cache) -> None:
        movies = await generation(cache, EntityKind.MOVIE)

        assert not await cache.keep_answer(
            EntityKind.MOVIE, NEWEST, movies, CachedResponse('"long"', b"x" * MAX_ANSWER_BYTES)
        )

    async def test_away_reads_miss_fills_are_dropped_and_invalidations_say_so(self, away: Cache) -> None:
        assert await away.get(*MATRIX, PLAIN) is None
        assert not await away.fill(*MATRIX, PLAIN, 1, response(1))
        assert await away.get_answer(EntityKind.MOVIE, NEWEST) == KeptAnswer()
        assert not await away.keep_answer(EntityKind.MOVIE, NEWEST, "a", response(1))
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

    @pytest.mark.parametrize("garbage", [b"", b"garbage", b"\n", b'"a\nb', b"\xff\xfe\n{}"])
    async def test_f60_an_answer_that_this_code_did_not_write_is_a_miss(
        self, cache: RedisCache, redis_url: str, garbage: bytes
    ) -> None:
        movies = await generation(cache, EntityKind.MOVIE)
        async with Redis.from_url(redis_url) as redis:
            await redis.set(cache_keys.answer(EntityKind.MOVIE, NEWEST), movies.encode() + b"\n" + garbage)

        assert await cache.get_answer(EntityKind.MOVIE, NEWEST) == KeptAnswer(None, movies)

    @pytest.mark.parametrize("garbage", [b"", b"\n", b"\xff\xfe", b"a\nb"])
    async def test_f60_a_generation_that_this_code_did_not_write_hides_no_change(
        self, cache: RedisCache, redis_url: str, garbage: bytes
    ) -> None:
        async with Redis.from_url(redis_url) as redis:
            await redis.set(cache_keys.generation(EntityKind.MOVIE), garbage)
        movies = await generation(cache, EntityKind.MOVIE)
        await cache.keep_answer(EntityKind.MOVIE, NEWEST, movies, response(1))

        await cache.invalidate(*MATRIX, 2)

        assert (await cache.get_answer(EntityKind.MOVIE, NEWEST)).response is None

    async def test_f59_a_lost_generation_revives_no_answer(self, cache: RedisCache, redis_url: str) -> None:
        lost = await generation(cache, EntityKind.MOVIE)
        await cache.keep_answer(EntityKind.MOVIE, NEWEST, lost, response(1))
        async with Redis.from_url(redis_url) as redis:
            await redis.delete(cache_keys.generation(EntityKind.MOVIE))

        assert not await cache.keep_answer(EntityKind.MOVIE, OLDEST, lost, response(1))
        found = await cache.get_answer(EntityKind.MOVIE, NEWEST)
        assert found.response is None
        assert found.generation != lost

    async def test_answers_end_by_themselves_and_generations_do_not(self, cache: RedisCache, redis_url: str) -> None:
        await fill_every_kind(cache)

        async with Redis.from_url(redis_url) as redis:
            answers = [await redis.ttl(cache_keys.answer(kind, NEWEST)) for kind in EntityKind]
            generations = [await redis.ttl(cache_keys.generation(kind)) for kind in EntityKind]

        assert all(0 < ttl <= ANSWER_TTL_S for ttl in answers)
        assert generations == [-1] * len(EntityKind)

    async def test_300_readers_at_once_are_all_served_from_the_cache(self, cache: RedisCache) -> None:
        await cache.fill(*MATRIX, PLAIN, 1, response(1))

        found = await asyncio.gather(*(cache.get(*MATRIX, PLAIN) for _ in range(300)))

        assert found == [response(1)] * 300
