"""The product as a user runs it, once on the servers that come with it and once on real ones."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.emptying import clear_broker, clear_redis
from tests.support.processes import Server
from tests.support.system import System, running

FAST_RETRIES = {"JOB_RETRY_LADDER_S": "0.5,1,2", "JOB_LEASE_S": "3"}
MANY_READERS = {"ANONYMOUS_GENERATION_LIMIT": "1000"}


def real_servers(request: pytest.FixtureRequest) -> dict[str, str]:
    """The URLs of a real PostgreSQL, Redis and RabbitMQ, emptied of what other tests left."""
    redis: Server = request.getfixturevalue("redis_server")
    rabbitmq: Server = request.getfixturevalue("rabbitmq_server")
    database_url: str = request.getfixturevalue("module_database_url")
    asyncio.run(clear_broker(rabbitmq.url))
    asyncio.run(clear_redis(redis_url := redis.url.rsplit("/", 1)[0] + "/8"))
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "RABBITMQ_URL": rabbitmq.url}


@pytest.fixture(scope="module", params=["embedded", "real"])
def system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One system for the tests of a module."""
    servers = real_servers(request) if request.param == "real" else {}
    directory: Path = tmp_path_factory.mktemp("system") / "data"
    with running(directory, servers, FAST_RETRIES | MANY_READERS) as system:
        yield system


@pytest.fixture(autouse=True)
def no_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "system" in request.fixturenames:
        system: System = request.getfixturevalue("system")
        system.heal()
