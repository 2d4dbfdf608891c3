"""The ground that all subjects of a comparison stand on: the same durable servers, fresh databases, one directory for logs."""

import asyncio
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import aio_pika
import psycopg
from aiormq.exceptions import ChannelNotFoundEntity
from redis import Redis
from tests.support import migrating, servers
from tests.support.emptying import clear_broker
from tests.support.processes import Server, wait_until

from moviemind.console import err
from shared import ids
from shared.messaging.broker import declare_topology

PATIENCE_S = 1800.0
"""For work that must end, however slow the machine is."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Real servers; PostgreSQL syncs every commit. `directory` holds the logs of the subjects."""

    postgres: Server
    redis: Server
    rabbitmq: Server
    directory: Path

    @contextmanager
    def database(self, prepare: Callable[[str], object]) -> Generator[str]:
        """The URL of a database of its own, prepared by `prepare(url)` and dropped at the end."""
        name = f"mm_bench_{ids.job_id().hex[:12]}"
        execute(self.postgres.url, f"CREATE DATABASE {name}")
        url = re.sub(r"^([^?]*/)[^/?]*", rf"\g<1>{name}", self.postgres.url, count=1)
        try:
            prepare(url)
            yield url
        finally:
            execute(self.postgres.url, f"DROP DATABASE {name} WITH (FORCE)")

    def migrated(self) -> AbstractContextManager[str]:
        """A database with MovieMind's schema, and its topology on an emptied broker."""
        asyncio.run(_fresh_topology(self.rabbitmq.url))
        return self.database(migrating.upgrade)

    def checkpoint(self) -> None:
        """Write dirty pages now, so that no measurement pays for the one before."""
        execute(self.postgres.url, "CHECKPOINT")


@contextmanager
def ground() -> Generator[Ground]:
    """Found or started as for the tests, but PostgreSQL on the disk with fsync. Raises RuntimeError when a server is missing."""
    durable = partial(servers.start_postgres, durable=True)
    wanted = (
        ("PostgreSQL", "DATABASE_URL", durable, "postgres:18"),
        ("Redis", "REDIS_URL", servers.start_redis, "redis:8"),
        ("RabbitMQ", "RABBITMQ_URL", servers.start_rabbitmq, "rabbitmq:4"),
    )
    with ExitStack() as stack:
        found: list[Server] = []
        for name, variable, start, image in wanted:
            server = servers.find(name, variable, start, image)
            if server is None:
                raise RuntimeError(f"no {name} here: install it, start Docker, or set {variable}")
            stack.callback(server.stop)
            found.append(server)
        directory = Path(tempfile.mkdtemp(prefix="mm-bench-"))
        try:
            yield Ground(*found, directory=directory)
        except BaseException:
            err.print(f"the logs of the subjects are in {directory}", markup=False)
            raise
        shutil.rmtree(directory)


def execute(url: str, statement: str, *arguments: object) -> None:
    rows(url, statement, *arguments)


def rows(url: str, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
    """The rows of one statement, committed; none when it returns none."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(cast("Any", statement), arguments or None)
        return cursor.fetchall() if cursor.description is not None else []


def value(url: str, statement: str, *arguments: object) -> Any:
    return rows(url, statement, *arguments)[0][0]


@dataclass(frozen=True, slots=True)
class Queue:
    messages: int
    consumers: int


def queue_of(url: str, name: str) -> Queue | None:
    """What the broker says of a queue; None when there is none."""
    return asyncio.run(_declared(url, name))


def purge(url: str, *names: str) -> None:
    """Remove the messages of queues, whichever of them exist."""
    for name in names:
        if queue_of(url, name) is not None:
            asyncio.run(_purge(url, name))


def await_outbox(database_url: str) -> None:
    """Return when every outbox row is published."""
    wait_until(lambda: not value(database_url, "SELECT count(*) FROM outbox"), "an empty outbox", PATIENCE_S)


def facts(ground: Ground) -> dict[str, str]:
    """The machine and the servers, for the record."""
    settings = ("server_version", "fsync", "synchronous_commit")
    postgres = {name: value(ground.postgres.url, f"SHOW {name}") for name in settings}
    redis_info = Redis.from_url(ground.redis.url).info("server")
    rabbitmq = asyncio.run(_rabbitmq_version(ground.rabbitmq.url))
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "processor": _processor(),
        "python": platform.python_version(),
        "postgresql": "{server_version}, fsync {fsync}, synchronous_commit {synchronous_commit}".format(**postgres),
        "redis": str(redis_info["redis_version"]),
        "rabbitmq": rabbitmq,
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


async def _fresh_topology(url: str) -> None:
    await clear_broker(url)
    await declare_topology(url, "bench")


async def _rabbitmq_version(url: str) -> str:
    async with await aio_pika.connect(url, timeout=10) as connection:
        transport = connection.transport
        properties: Any = transport.connection.server_properties if transport else {}
        version = properties.get("version", "unknown")
        return version.decode() if isinstance(version, bytes) else str(version)


async def _declared(url: str, name: str) -> Queue | None:
    async with await aio_pika.connect(url, timeout=10) as connection:
        channel = await connection.channel()
        try:
            queue = await channel.get_queue(name)
        except ChannelNotFoundEntity:
            return None
        result = queue.declaration_result
        return Queue(result.message_count or 0, result.consumer_count or 0)


async def _purge(url: str, name: str) -> None:
    async with await aio_pika.connect(url, timeout=10) as connection:
        channel = await connection.channel()
        await (await channel.get_queue(name)).purge()
