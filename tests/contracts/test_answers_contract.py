"""Finished answers about many entities: what the use cases rely on, on Redis and on the fake alike. Below is the cache's contract."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from tests.support.fakes.answers import FakeAnswers

from gateway.adapters.answer_cache import RedisAnswerCache
from gateway.answer_ports import AnswerCache, Recalled
from gateway.read_ports import Representation
from shared.cache import RedisCache, connect
from shared.entities import EntityKind
from shared.testing.cache import FakeCache

MOVIE = EntityKind.MOVIE
SHOWN = Representation('"v1"', b'{"data": []}\n')


@dataclass(frozen=True, slots=True)
class World:
    """The answers, and the cache below in which changes are announced."""

    answers: AnswerCache
    cache: RedisCache | FakeCache


class AnswersContract:
    async def test_a_filled_answer_is_found_by_who_asks_the_same(self, world: World) -> None:
        generation = (await world.answers.get(MOVIE, "a")).generation
        assert generation is not None

        assert await world.answers.fill(MOVIE, "a", generation, SHOWN)

        assert await world.answers.get(MOVIE, "a") == Recalled(SHOWN, generation)
        assert await world.answers.get(MOVIE, "b") == Recalled(None, generation)

    async def test_after_a_change_nothing_older_is_found_or_filled(self, world: World) -> None:
        generation = (await world.answers.get(MOVIE, "a")).generation
        assert generation is not None
        await world.answers.fill(MOVIE, "a", generation, SHOWN)

        await world.cache.invalidate(MOVIE, "the-matrix-1999", 2)

        assert (await world.answers.get(MOVIE, "a")).shown is None
        assert not await world.answers.fill(MOVIE, "a", generation, SHOWN)

    async def test_away_nothing_is_kept_or_found_and_nothing_fails(self, away: AnswerCache) -> None:
        assert await away.get(MOVIE, "a") == Recalled()
        assert not await away.fill(MOVIE, "a", "any", SHOWN)


class TestFakeAnswers(AnswersContract):
    @pytest.fixture
    def world(self) -> World:
        cache = FakeCache()
        return World(FakeAnswers(cache), cache)

    @pytest.fixture
    def away(self) -> AnswerCache:
        cache = FakeCache()
        cache.away = True
        return FakeAnswers(cache)


class TestRedisAnswers(AnswersContract):
    @pytest.fixture
    async def world(self, redis_url: str) -> AsyncIterator[World]:
        cache = RedisCache(connect(redis_url))
        yield World(RedisAnswerCache(cache), cache)
        await cache.close()

    @pytest.fixture
    async def away(self) -> AsyncIterator[AnswerCache]:
        cache = RedisCache(connect("redis://127.0.0.1:1/0"))
        yield RedisAnswerCache(cache)
        await cache.close()
