"""Servers and databases for every layer; unit and property tests get none and may not open a socket."""

import asyncio
import logging
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import asyncpg
import hypothesis
import pytest
import structlog
from pytest_socket import disable_socket, enable_socket
from tests.support import migrating, servers, summary
from tests.support import sandbox as sandboxes
from tests.support.emptying import clear_broker, clear_redis
from tests.support.processes import Server
from tests.support.sandbox import Sandbox

from shared import ids
from shared.db.engine import Database
from shared.messaging.broker import declare_topology

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
OFFLINE_LAYERS = ("unit", "properties")
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "local")
_started: dict[str, Server] = {}


def pytest_runtest_setup(item: pytest.Item) -> None:
    layer = item.path.relative_to(Path(__file__).parent).parts[0]
    if layer in OFFLINE_LAYERS:
        disable_socket(allow_unix_socket=True)
    else:
        enable_socket()


def _servers() -> list[str]:
    return [f"{server.name}: {server.origin}" for server in _started.values()]


summary.say("servers", _servers)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process among several hands over what it has to say."""
    output = getattr(session.config, "workeroutput", None)
    if output is None:
        summary.add(summary.gathered())
    else:
        output["summary"] = summary.gathered()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    summary.add(getattr(node, "workeroutput", {}).get("summary", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for title, lines in ({"servers": ["none were needed"]} | dict(summary.whole())).items():
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.line(line)


def _required(server: Server | None, name: str) -> Server:
    if server is None:
        message = f"no {name} here: install it, start Docker, or set its *_URL"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    _started[name] = server
    return server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    server = _required(servers.find("PostgreSQL", "DATABASE_URL", servers.start_postgres, "postgres:18"), "PostgreSQL")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Server]:
    server = _required(servers.find("Redis", "REDIS_URL", servers.start_redis, "redis:8"), "Redis")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[Server]:
    server = _required(servers.find("RabbitMQ", "RABBITMQ_URL", servers.start_rabbitmq, "rabbitmq:4"), "RabbitMQ")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def embedded_broker_server() -> Iterator[Server]:
    server = _required(servers.start_embedded_broker(), "embedded broker")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def template_database(postgres_server: Server) -> Iterator[str]:
    """The name of a migrated database that the tests' own databases are copied from."""
    name = f"mm_template_{ids.job_id().hex[:12]}"
    asyncio.run(_administer(postgres_server.url, f"CREATE DATABASE {name}"))
    migrating.upgrade(_with_database(postgres_server.url, name))
    yield name
    asyncio.run(_administer(postgres_server.url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[str]:
    """The address of the simulated providers."""
    with sandboxes.process() as url:
        yield url


@pytest.fixture
async def sandbox(sandbox_process: str) -> AsyncIterator[Sandbox]:
    """The simulated providers, as they are at their start."""
    async with sandboxes.forgetful(sandbox_process) as sandbox:
        yield sandbox


@pytest.fixture
async def database_url(postgres_server: Server, template_database: str) -> AsyncIterator[str]:
    """A migrated, empty database of the test's own."""
    name = f"mm_{ids.job_id().hex[:16]}"
    await _administer(postgres_server.url, f"CREATE DATABASE {name} TEMPLATE {template_database}")
    yield _with_database(postgres_server.url, name)
    await _administer(postgres_server.url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def module_database_url(postgres_server: Server, template_database: str) -> Iterator[str]:
    """A migrated, empty database for the tests of a module."""
    name = f"mm_{ids.job_id().hex[:16]}"
    asyncio.run(_administer(postgres_server.url, f"CREATE DATABASE {name} TEMPLATE {template_database}"))
    yield _with_database(postgres_server.url, name)
    asyncio.run(_administer(postgres_server.url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database.open(database_url, "tests") as database:
        yield database


@pytest.fixture
async def redis_url(redis_server: Server) -> str:
    """An empty Redis database."""
    url = re.sub(r"/\d*$", "", redis_server.url) + "/9"
    await clear_redis(url)
    return url


@pytest.fixture(params=["embedded_broker_server", "rabbitmq_server"], ids=["embedded", "rabbitmq"])
def broker_server(request: pytest.FixtureRequest) -> Server:
    """Every broker there is, one after the other: the embedded one, and a real RabbitMQ."""
    server = request.getfixturevalue(str(request.param))
    assert isinstance(server, Server)
    return server


@pytest.fixture
async def broker_url(broker_server: Server) -> AsyncIterator[str]:
    """A broker with our topology and no messages."""
    await clear_broker(broker_server.url)
    await declare_topology(broker_server.url, "tests")
    yield broker_server.url
    await clear_broker(broker_server.url)


async def _administer(url: str, statement: str) -> None:
    connection = cast("Any", await asyncpg.connect(url, timeout=10))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _with_database(url: str, name: str) -> str:
    return re.sub(r"^([^?]*/)[^/?]*", rf"\g<1>{name}", url, count=1)
