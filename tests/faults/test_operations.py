"""What operators do and what surrounds the services: rolling restarts, telemetry that goes nowhere, any order of starting."""

import asyncio
import itertools
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import asyncpg
import httpx
import pytest
from tests.support import migrating, servers
from tests.support.driving import PATIENCE_S, accepted, ended, settle, texts_of
from tests.support.emptying import clear_broker
from tests.support.fleet import SERVICES, Fleet, fleet
from tests.support.processes import Server, free_port, wait_until

from shared.db.engine import Database
from shared.db.keys import create_key
from shared.entities import ContextTag, Locale

ROUNDS = 3
START_S = 120.0
SLUGS = (
    "the-matrix-1999", "heat-1995", "inception-2010", "alien-1979", "parasite-2019", "dune-2021", "jaws-1975",
    "vertigo-1958", "fargo-1996", "memento-2000", "akira-1988", "ran-1985",
)  # fmt: skip
BODIES = [
    {"entity_type": "MOVIE", "slug": slug, "locale": locale, "context_tag": tag}
    for tag, locale, slug in itertools.product(ContextTag, Locale, SLUGS)
]
MANY_SPANS = """
import sys, time, psutil
from shared import telemetry
from shared.settings import TelemetrySettings
provider = telemetry.setup("tests", "tests", TelemetrySettings(otel_exporter_otlp_endpoint=sys.argv[1]))
tracer, process = provider.get_tracer("tests"), psutil.Process()
def emit(count):
    for number in range(count):
        with tracer.start_as_current_span("a span", attributes={"number": number, "text": "x" * 1000}):
            pass
emit(5000)
before = process.memory_info().rss
emit(50000)
print((process.memory_info().rss - before) // 2**20)
"""


@dataclass(slots=True)
class Load:
    """Clients that ask for one text after another, and turn to the other gateway where nobody listens, as a proxy does."""

    fleet: Fleet
    gateways: tuple[str, ...]
    statuses: Counter[int] = field(default_factory=Counter[int])
    job_ids: set[str] = field(default_factory=set[str])
    broken: list[str] = field(default_factory=list[str])

    def ask(self, number: int) -> None:
        headers = {"X-API-Key": self.fleet.key, "Idempotency-Key": f"rolling-{number:08}", "Connection": "close"}
        for turn in range(2):
            gateway = self.fleet.services[self.gateways[(number + turn) % 2]]
            try:
                url = f"{gateway.url}/api/v1/generate"
                answer = httpx.post(url, json=BODIES[number % len(BODIES)], headers=headers, timeout=30)
            except httpx.ConnectError:
                continue
            except httpx.HTTPError as error:
                self.broken.append(f"{gateway.name}: {error!r}")
                return
            self.statuses[answer.status_code] += 1
            self.job_ids |= {answer.json()["job_id"]} if answer.status_code == 202 else set()
            return
        self.broken.append("no gateway listens")


@contextmanager
def loaded(load: Load, pause_s: float) -> Generator[None]:
    done, numbers = threading.Event(), itertools.count()

    def run() -> None:
        while not done.wait(pause_s):
            load.ask(next(numbers))

    clients = [threading.Thread(target=run) for _ in range(2)]
    for client in clients:
        client.start()
    try:
        yield
    finally:
        done.set()
        for client in clients:
            client.join()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_f82_rolling_restarts_under_load_fail_no_request_and_burn_no_attempt(
    postgres_server: Server, rabbitmq_server: Server, redis_server: Server
) -> None:
    with fleet(postgres_server, rabbitmq_server, redis_server, {"JOB_LEASE_S": "30"}) as made:
        made.sandbox.start()
        halves = [[made.add(module, f"{module}-{half}") for module in SERVICES] for half in "ab"]
        for service in itertools.chain(*halves):
            service.spawn()
        for service in itertools.chain(*halves):
            service.wait_ready(START_S)
        load = Load(made, ("gateway-a", "gateway-b"))
        exits = Counter[int]()

        with loaded(load, 0.3):
            for half in halves * ROUNDS:
                for service in half:
                    service.signal(signal.SIGTERM)
                exits.update(service.ended(60) for service in half)
                for service in half:
                    service.spawn()
                for service in half:
                    service.wait_ready(START_S)
        settle(made)

        assert (set(load.statuses), load.broken) == ({202}, [])
        assert exits == {0: len(SERVICES) * 2 * ROUNDS}
        assert texts_of(made, load.job_ids) == len(load.job_ids) > 50
        burned = made.rows("SELECT id, attempt FROM jobs WHERE attempt <> 1 OR status <> 'DONE'")
        assert burned == []


@pytest.fixture(params=["silent", "down"])
def collector(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a collector that takes connections and never answers, or of none."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        port = listening.getsockname()[1] if request.param == "silent" else free_port()
        yield f"http://127.0.0.1:{port}"


def test_f83_a_collector_that_does_not_answer_costs_no_request_and_no_stop(
    postgres_server: Server, embedded_broker_server: Server, redis_server: Server, collector: str
) -> None:
    with fleet(postgres_server, embedded_broker_server, redis_server) as made:
        made.start("gateway")
        observed = made.add("gateway", "observed", OTEL_EXPORTER_OTLP_ENDPOINT=collector)
        worker = made.add("generator", "worker", OTEL_EXPORTER_OTLP_ENDPOINT=collector)
        for service in (observed, worker):
            service.spawn()
        for service in (observed, worker):
            service.wait_ready(START_S)
        times_s: dict[str, list[float]] = {"gateway": [], "observed": []}
        job_ids = list[str]()

        for body in BODIES[:40]:
            for name, taken in times_s.items():
                started = time.monotonic()
                with made.client(name) as client:
                    answer = client.post("/api/v1/generate", json={**body, "force": True})
                taken.append(time.monotonic() - started)
                job_ids.append(answer.json()["job_id"])
        documents = ended(made, job_ids[1::2])
        exits = [service.terminate() for service in (observed, worker)]

    assert {document["status"] for document in documents} == {"DONE"}
    assert statistics.median(times_s["observed"]) < 2 * statistics.median(times_s["gateway"]) + 0.05
    assert exits == [0, 0]


def test_f83_spans_that_nobody_takes_are_dropped_and_not_kept(collector: str) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", MANY_SPANS, collector], capture_output=True, text=True, timeout=100, check=True
    )

    assert int(finished.stdout) < 32


@pytest.fixture
def own_servers() -> Iterator[dict[str, Server]]:
    started = {
        "postgres": servers.start_postgres(), "broker": servers.start_embedded_broker(), "redis": servers.start_redis()
    }  # fmt: skip
    yield started
    for server in started.values():
        server.stop()


async def without_a_schema(made: Fleet) -> None:
    administrator = cast("Any", await asyncpg.connect(made.database_url))
    await administrator.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await administrator.close()


async def new_key(database_url: str) -> str:
    async with Database.open(database_url, "tests") as database:
        return (await create_key(database, "tests")).key


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "order", [("redis", "broker", "postgres", "schema"), ("postgres", "schema", "broker", "redis")], ids="-".join
)
def test_f85_services_started_before_everything_else_wait_for_it(
    own_servers: dict[str, Server], order: tuple[str, ...]
) -> None:
    with fleet(own_servers["postgres"], own_servers["broker"], own_servers["redis"]) as made:
        asyncio.run(without_a_schema(made))
        asyncio.run(clear_broker(made.broker_url))
        for server in own_servers.values():
            server.terminate()
        steps: dict[str, Callable[[], None]] = {name: server.start for name, server in own_servers.items()}
        steps["schema"] = lambda: migrating.upgrade(made.database_url)
        made.sandbox.start()
        services = [made.add(module) for module in SERVICES]
        for service in services:
            service.spawn()
        gateway = made.services["gateway"]

        refusals = list[int]()
        for step in order:
            until_it_listens(gateway.url)
            refusals.append(post(gateway.url, made.key).status_code)
            steps[step]()
        made.key = asyncio.run(new_key(made.database_url))
        for service in services:
            service.wait_ready(START_S)
        (document,) = ended(made, [accepted(made, "the-matrix-1999")], PATIENCE_S)
        settle(made)

        schema_at = order.index("schema")
        assert refusals[: schema_at + 1] == [503] * (schema_at + 1)
        assert all(service.alive for service in services)
        assert document["status"] == "DONE"


def post(url: str, key: str) -> httpx.Response:
    return httpx.post(f"{url}/api/v1/generate", json=BODIES[0], headers={"X-API-Key": key}, timeout=30)


def until_it_listens(url: str) -> None:
    def listens() -> bool:
        try:
            return httpx.get(f"{url}/health/live", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    wait_until(listens, url, START_S)


@pytest.mark.parametrize("module", SERVICES)
def test_f88_a_start_with_an_inbox_that_forgets_too_early_is_refused(module: str) -> None:
    environment = {
        "PATH": os.environ["PATH"], "DATABASE_URL": "postgresql://127.0.0.1/x", "RABBITMQ_URL": "amqp://127.0.0.1/",
        "REDIS_URL": "redis://127.0.0.1/", "OPENAI_API_KEY": "k", "TMDB_API_KEY": "k", "INBOX_RETENTION_S": "604800",
    }  # fmt: skip

    refused = subprocess.run(
        [sys.executable, "-m", module], env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert refused.returncode == 2
    assert refused.stderr.startswith("moviemind: ")
    assert "INBOX_RETENTION_S must be above 607200" in refused.stderr
