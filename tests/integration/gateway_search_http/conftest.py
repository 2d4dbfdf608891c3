"""The whole gateway over real PostgreSQL and Redis, with the sandbox as TMDb; no broker is there."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from tests.integration.gateway_search.library import Library
from tests.integration.gateway_search_http.harness import BASE, Gateway, Running
from tests.support.sandbox import Sandbox

from gateway.adapters.postgres_search import PostgresSearch
from gateway.app import create_app
from gateway.config import FlagSettings, GatewaySettings
from shared.cache import RedisCache, connect
from shared.db.engine import Database


@pytest.fixture
def running(database: Database, database_url: str, redis_url: str, sandbox: Sandbox) -> Running:
    """Starts a gateway; flags and settings may be given."""
    return partial(_running, database, database_url, redis_url, sandbox)


@pytest.fixture
async def gateway(running: Running) -> AsyncIterator[Gateway]:
    async with running() as gateway:
        yield gateway


@asynccontextmanager
async def _running(
    database: Database, database_url: str, redis_url: str, sandbox: Sandbox, **settings: Any
) -> AsyncGenerator[Gateway]:
    flags = {name: settings.pop(name) for name in list(settings) if name.startswith("feature_")}
    given: dict[str, Any] = {
        "database_url": SecretStr(database_url),
        "redis_url": SecretStr(redis_url),
        "rabbitmq_url": SecretStr("amqp://guest:guest@127.0.0.1:9/"),
        "tmdb_api_key": SecretStr("sandbox"),
        "tmdb_base_url": f"{sandbox.url}/tmdb/3",
        "public_base_url": BASE,
        "flags": FlagSettings(**flags),
    }
    app = create_app(GatewaySettings(**given | settings))
    redis = connect(redis_url)
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        yield Gateway(http, Library(database, PostgresSearch(database)), RedisCache(redis), sandbox)
    await redis.aclose()
