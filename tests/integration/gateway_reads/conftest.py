"""A gateway per test over its own database and an empty Redis."""

import re
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from tests.integration.gateway_reads.harness import Gateway, running
from tests.support.processes import Server

from shared.db.engine import Database
from shared.testing.catalog import FakeCatalog


@pytest.fixture
async def redis_url(redis_server: Server) -> str:
    """An empty Redis database that no other tests use."""
    url = re.sub(r"/\d*$", "", redis_server.url) + "/11"
    async with Redis.from_url(url) as redis:
        await redis.flushdb()
    return url


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


@pytest.fixture
async def gateway(database: Database, redis_url: str, catalog: FakeCatalog) -> AsyncIterator[Gateway]:
    async with running(database, redis_url, catalog) as gateway:
        yield gateway
