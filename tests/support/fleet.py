"""Every process of MovieMind by itself, on private real servers, so that a test can arm, kill, pause and start each one.

Unlike `tests.support.system` there is no supervisor here: what a test kills stays dead until the test starts it again.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import asyncpg
import httpx
from tests.support import migrating
from tests.support.emptying import clear_broker, clear_redis
from tests.support.processes import Server, free_port, signal_tree, stop_tree, wait_until

from shared import ids
from shared.db.engine import Database
from shared.db.keys import create_key
from shared.messaging.broker import declare_topology

SERVICES = ("gateway", "generator", "tmdb_sync", "cache_invalidator")
FAST = {"JOB_RETRY_LADDER_S": "0.2,0.5,1", "JOB_LEASE_S": "3"}
"""Settings under which a crashed attempt is taken over within seconds."""


@dataclass(slots=True)
class Service:
    """One process of one service. `name` tells instances apart; its log is kept beside the others."""

    name: str
    module: str
    port: int
    log: Path
    environment: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def spawn(self, **settings: str) -> None:
        """Start it without waiting; `settings` add to its environment for this start only."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module, *self.arguments],
                env={**self.environment, **settings},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start(self, **settings: str) -> None:
        """Start it and wait until it is ready."""
        self.spawn(**settings)
        self.wait_ready()

    def ready(self) -> bool:
        path = "/_sandbox/health" if self.module == "sandbox" else "/health/ready"
        try:
            return httpx.get(f"{self.url}{path}", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        def ready() -> bool:
            assert self.alive, f"{self.name} ended: {self.tail()}"
            return self.ready()

        wait_until(ready, self.name, timeout_s)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        signal_tree(self.process.pid, number)

    def kill(self) -> None:
        """SIGKILL, and gone when this returns."""
        self.signal(signal.SIGKILL)
        self.ended()

    def terminate(self) -> int:
        """SIGTERM; the exit status."""
        self.signal(signal.SIGTERM)
        return self.ended(40)

    def ended(self, timeout_s: float = 30.0) -> int:
        """The exit status, once it has ended by itself."""
        assert self.process is not None
        return self.process.wait(timeout_s)

    def tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@dataclass(slots=True)
class Fleet:
    """Services over one database, one broker and one Redis of their own. `settings` go to every service."""

    database_url: str
    broker_url: str
    redis_url: str
    directory: Path
    settings: Mapping[str, str]
    sandbox: Service = field(init=False)
    services: dict[str, Service] = field(default_factory=dict[str, Service])
    key: str = ""

    def __post_init__(self) -> None:
        self.sandbox = self._process("sandbox", "sandbox")

    def add(self, module: str, name: str = "", **settings: str) -> Service:
        """One more instance of a service, not started yet."""
        service = self._process(name or module, module, **settings)
        self.services[service.name] = service
        return service

    def start(self, *modules: str) -> None:
        """Sandbox first, then one instance of each of `modules` (default: all), together."""
        if not self.sandbox.alive:
            self.sandbox.start()
        started = [self.add(module) for module in modules or SERVICES]
        for service in started:
            service.spawn()
        for service in started:
            service.wait_ready()

    def stop(self) -> None:
        """Resume what is paused, then end everything."""
        for service in (*self.services.values(), self.sandbox):
            if service.process is not None and service.alive:
                service.signal(signal.SIGCONT)
                stop_tree(service.process)

    def client(self, gateway: str = "gateway") -> httpx.Client:
        """A client with an API key."""
        return httpx.Client(base_url=self.services[gateway].url, headers={"X-API-Key": self.key}, timeout=60)

    def fault(self, **fault: Any) -> None:
        """Script a fault of a provider; see the sandbox's control API."""
        httpx.post(f"{self.sandbox.url}/_sandbox/faults", json=fault, timeout=30).raise_for_status()

    def heal(self) -> None:
        httpx.delete(f"{self.sandbox.url}/_sandbox/faults", timeout=30).raise_for_status()

    def calls(self, provider: str, title: str | None = None) -> list[dict[str, Any]]:
        """What the sandbox's ledger holds: the second witness of every provider call."""
        parameters = {"provider": provider} | ({"title": title} if title else {})
        answer = httpx.get(f"{self.sandbox.url}/_sandbox/ledger", params=parameters, timeout=30).raise_for_status()
        return cast("list[dict[str, Any]]", answer.json()["calls"])

    def rows(self, statement: str, *arguments: Any) -> list[dict[str, Any]]:
        """The rows of one statement on the database, by a connection of its own."""

        async def fetch() -> list[dict[str, Any]]:
            connection = cast("Any", await asyncpg.connect(self.database_url, timeout=10))
            try:
                return [dict(row) for row in await connection.fetch(statement, *arguments)]
            finally:
                await connection.close()

        return asyncio.run(fetch())

    def _process(self, name: str, module: str, **settings: str) -> Service:
        port = free_port()
        sandbox = port if module == "sandbox" else self.sandbox.port
        environment = {variable: value for variable, value in os.environ.items() if not variable.endswith("_URL")}
        environment |= {
            "ENVIRONMENT": "test",
            "DATABASE_URL": self.database_url,
            "RABBITMQ_URL": self.broker_url,
            "REDIS_URL": self.redis_url,
            "FEATURE_DESCRIPTION_STYLE_PACKS": "true",
            "OPENAI_API_KEY": "sandbox",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{sandbox}/openai/v1",
            "TMDB_API_KEY": "sandbox",
            "TMDB_BASE_URL": f"http://127.0.0.1:{sandbox}/tmdb/3",
            "TRACES_DIR": str(self.directory / "traces"),
            "INSTANCE_ID": name,
            "HEALTH_PORT": str(port),
            "GATEWAY_PORT": str(port),
            **self.settings,
            **settings,
        }
        arguments = ("--host", "127.0.0.1", "--port", str(port)) if module == "sandbox" else ()
        return Service(name, module, port, self.directory / f"{name}.log", environment, arguments)


@contextmanager
def fleet(
    postgres: Server, broker: Server, redis: Server, settings: Mapping[str, str] | None = None
) -> Generator[Fleet]:
    """A fleet on a fresh, migrated database, an emptied broker with our topology and an emptied Redis; nothing is started yet."""
    name = f"mm_fleet_{ids.job_id().hex[:12]}"
    database_url = re.sub(r"^([^?]*/)[^/?]*", rf"\g<1>{name}", postgres.url, count=1)
    redis_url = re.sub(r"/\d*$", "", redis.url) + "/7"
    asyncio.run(_administer(postgres.url, f"CREATE DATABASE {name}"))
    migrating.upgrade(database_url)
    key = asyncio.run(_prepare(database_url, broker.url, redis_url))
    with tempfile.TemporaryDirectory(prefix="mm-fleet-") as directory:
        made = Fleet(database_url, broker.url, redis_url, Path(directory), {**FAST, **(settings or {})})
        made.key = key
        try:
            yield made
        finally:
            made.stop()
            asyncio.run(clear_broker(broker.url))
            asyncio.run(_administer(postgres.url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _prepare(database_url: str, broker_url: str, redis_url: str) -> str:
    """An API key, once broker and Redis are empty."""
    await clear_broker(broker_url)
    await declare_topology(broker_url, "tests")
    await clear_redis(redis_url)
    async with Database.open(database_url, "tests") as database:
        return (await create_key(database, "tests")).key


async def _administer(url: str, statement: str) -> None:
    connection = cast("Any", await asyncpg.connect(url, timeout=10))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
