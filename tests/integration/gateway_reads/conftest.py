"""A gateway per test over its own database and an empty Redis."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import event
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


@pytest.fixture
def statements(database: Database) -> list[str]:
    """Every statement sent to PostgreSQL from now on."""
    sent: list[str] = []

    def record(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", record)
    return sent


@pytest.fixture
def redis_commands(redis_url: str) -> Callable[[], AbstractAsyncContextManager[list[str]]]:
    """The commands that our Redis database executes meanwhile."""

    @asynccontextmanager
    async def commands() -> AsyncGenerator[list[str]]:
        seen: list[str] = []
        async with Redis.from_url(redis_url) as watching, Redis.from_url(redis_url) as ending:
            await ending.ping()
            async with watching.monitor() as monitor:
                yield seen
                await ending.echo("the end")
                while "the end" not in (executed := await monitor.next_command())["command"]:
                    if executed["db"] == 11:
                        seen.append(executed["command"].split(" ")[0])

    return commands
