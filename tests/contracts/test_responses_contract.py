"""Finished responses: what the gateway's use cases rely on, on Redis and on the fake alike. What lies below is the cache's contract."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Protocol

import pytest
from tests.support.fakes.responses import FakeResponses

from gateway.adapters.response_cache import RedisResponseCache
from gateway.ports import Cache
from gateway.read_ports import Entity, Representation, ResponseCache, Wanted
from shared import ids
from shared.cache import RedisCache, connect
from shared.entities import EntityKind, Locale, MovieDetails
from shared.testing.cache import FakeCache

MATRIX = (EntityKind.MOVIE, "the-matrix-1999")
ANY, ENGLISH, ONE = Wanted(), Wanted(Locale.EN), Wanted(text_id=ids.row_id())


class Responses(ResponseCache, Cache, Protocol):
    """The two ports of one adapter."""


def entity(version: int) -> Entity:
    kind, slug = MATRIX
    now = datetime(2026, 11, 20, tzinfo=UTC)
    return Entity(
        ids.row_id(), kind, slug, "The Matrix", {}, 1999, (), MovieDetails(), None, 603, version, None, now, now, (), ()
    )


def shown(version: int) -> Representation:
    return Representation(f'"v{version}"', b"version %d\n" % version)


class ResponsesContract:
    async def test_what_was_filled_is_found_by_who_asks_for_the_same(self, responses: Responses) -> None:
        assert await responses.fill(entity(1), ANY, shown(1))
        assert await responses.fill(entity(1), ONE, shown(1))

        assert [await responses.get(*MATRIX, wanted) for wanted in (ANY, ONE, ENGLISH)] == [shown(1), shown(1), None]

    async def test_after_an_invalidation_nothing_older_is_found_or_filled(self, responses: Responses) -> None:
        await responses.fill(entity(1), ANY, shown(1))

        assert await responses.ensure_invalidated(*MATRIX, 2)

        assert await responses.get(*MATRIX, ANY) is None
        assert not await responses.fill(entity(1), ANY, shown(1))
        assert await responses.fill(entity(2), ANY, shown(2))

    async def test_an_invalidation_may_be_repeated(self, responses: Responses) -> None:
        await responses.fill(entity(2), ANY, shown(2))

        assert [await responses.ensure_invalidated(*MATRIX, version) for version in (2, 1)] == [True, True]

        assert await responses.get(*MATRIX, ANY) == shown(2)

    async def test_away_nothing_is_kept_found_or_invalidated_and_nothing_fails(self, away: Responses) -> None:
        assert not await away.fill(entity(1), ANY, shown(1))
        assert await away.get(*MATRIX, ANY) is None
        assert not await away.ensure_invalidated(*MATRIX, 1)


class TestFakeResponses(ResponsesContract):
    @pytest.fixture
    def responses(self) -> Responses:
        return FakeResponses(FakeCache())

    @pytest.fixture
    def away(self) -> Responses:
        cache = FakeCache()
        cache.away = True
        return FakeResponses(cache)


class TestRedisResponses(ResponsesContract):
    @pytest.fixture
    async def responses(self, redis_url: str) -> AsyncIterator[Responses]:
        cache = RedisCache(connect(redis_url))
        yield RedisResponseCache(cache)
        await cache.close()

    @pytest.fixture
    async def away(self) -> AsyncIterator[Responses]:
        cache = RedisCache(connect("redis://127.0.0.1:1/0"))
        yield RedisResponseCache(cache)
        await cache.close()
