"""A gateway per test over its own database and an empty Redis."""

import re
from collections.abc import AsyncIterator

import pytest
from tests.integration.gateway_related.library import Library, opened
from tests.support.emptying import clear_redis
from tests.support.processes import Server

from shared.db.engine import Database


@pytest.fixture
async def redis_url(redis_server: Server) -> str:
    """An empty Redis database that no other tests use."""
    url = re.sub(r"/\d*$", "", redis_server.url) + "/12"
    await clear_redis(url)
    return url


@pytest.fixture
async def library(database: Database, database_url: str, redis_url: str) -> AsyncIterator[Library]:
    async with opened(database, database_url, redis_url) as library:
        yield library
