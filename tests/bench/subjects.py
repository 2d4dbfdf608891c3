"""The processes that are measured: MovieMind's services and the peers, each started with the same server options."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from tests.bench.servers import Ground, queue_of
from tests.support.processes import free_port, signal_tree, stop_tree, wait_until

LOG_LEVEL = "warning"
OUR_QUEUE = "generator.generation-requested"
API_KEY_OF_PEERS = "mm_peers-ignore-it-but-they-receive-the-same-bytes"


@dataclass(slots=True)
class Process:
    """One process, and what it started, in a group of its own. Its output is kept in `log`."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def spawn(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.arguments],
                env={**environment, **self.environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        process = self._running

        def ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {process.returncode}:\n{self._tail()}")
            return self.ready()

        wait_until(ready, self.name, 60)

    def start(self) -> None:
        self.spawn()
        self.wait_ready()

    def stop(self) -> None:
        if self.process is not None:
            self.signal(signal.SIGCONT)
            stop_tree(self.process)

    def kill(self) -> None:
        """SIGKILL, and gone when this returns."""
        self.signal(signal.SIGKILL)
        self._running.wait(10)

    def signal(self, number: signal.Signals) -> None:
        signal_tree(self._running.pid, number)

    def cpu_s(self) -> float:
        """What it and its children have used of the processor so far."""
        parent = psutil.Process(self._running.pid)
        times = [process.cpu_times() for process in (parent, *parent.children(recursive=True))]
        return sum(time.user + time.system for time in times)

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self.process

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])


@dataclass(slots=True)
class Subject:
    """What answers `POST /api/v1/generate` on `port` and works on `queue`. `posted` counts the identities that were used."""

    name: str
    port: int
    database_url: str
    queue: str
    api: Process
    workers: list[Process] = field(default_factory=list[Process])
    key: str = API_KEY_OF_PEERS
    posted: int = 0


@contextmanager
def running(*processes: Process) -> Generator[None]:
    """All of them started together and ready; stopped at the end in reverse."""
    try:
        for process in processes:
            process.spawn()
        for process in processes:
            process.wait_ready()
        yield
    finally:
        for process in reversed(processes):
            process.stop()


def serves(port: int, path: str) -> Callable[[], bool]:
    """Whether `GET path` is answered with 200."""

    def ready() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    return ready


def accepts_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def connected(port: int) -> Callable[[], bool]:
    """Whether the gateway is ready and its relay has the broker."""

    def ready() -> bool:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=2)
            return answer.status_code == 200 and answer.json()["checks"]["rabbitmq"]["status"] == "ok"
        except httpx.HTTPError:
            return False

    return ready


def consuming(ground: Ground, queue: str, consumers: int = 1) -> Callable[[], bool]:
    """Whether `queue` has that many consumers."""

    def ready() -> bool:
        found = queue_of(ground.rabbitmq.url, queue)
        return found is not None and found.consumers >= consumers

    return ready


def service(
    ground: Ground,
    module: str,
    database_url: str,
    *,
    ready: Callable[[int], Callable[[], bool]] = lambda port: serves(port, "/health/ready"),
    port: int = 0,
    settings: Iterable[tuple[str, str]] = (),
) -> tuple[Process, int]:
    """A service of MovieMind with production defaults but for the level of its log, not started, and its port."""
    port = port or free_port()
    environment = {
        "DATABASE_URL": database_url,
        "RABBITMQ_URL": ground.rabbitmq.url,
        "REDIS_URL": ground.redis.url,
        "LOG_LEVEL": LOG_LEVEL,
        "TMDB_API_KEY": "unused",
        "TMDB_BASE_URL": "http://127.0.0.1:9/3",
        "OPENAI_API_KEY": "unused",
        "FEATURE_HALLUCINATION_GUARD": "false",  # the instant model says one thing of everything
        "GATEWAY_PORT": str(port),
        "HEALTH_PORT": str(port),
        "JOB_DEADLINE_S": "86400",
        **dict(settings),
    }
    log = ground.directory / f"{module.rpartition('.')[2]}-{port}.log"
    return Process(module, (module,), environment, ready(port), log), port


def gateway(ground: Ground, database_url: str, **settings: str) -> tuple[Process, int]:
    """The gateway, ready when its relay is connected."""
    return service(ground, "gateway", database_url, ready=connected, settings=settings.items())


def peer_api(ground: Ground, name: str, database_url: str, **environment: str) -> tuple[Process, int]:
    """`tests.bench.peers.<name>:api` under uvicorn, as the gateway runs: one worker, uvloop, httptools, no access log."""
    port = free_port()
    arguments = ("uvicorn", f"tests.bench.peers.{name}:api", "--port", str(port), "--loop", "uvloop")
    options = ("--http", "httptools", "--no-access-log", "--log-level", LOG_LEVEL, "--no-server-header")
    log = ground.directory / f"{name}-{port}.log"
    process = Process(
        f"{name} api", (*arguments, *options), peer_settings(ground, database_url, **environment), _up(port), log
    )
    return process, port


def peer_settings(ground: Ground, database_url: str, **more: str) -> dict[str, str]:
    return {
        "BENCH_DATABASE_URL": database_url,
        "BENCH_RABBITMQ_URL": ground.rabbitmq.url,
        "BENCH_REDIS_URL": ground.redis.url,
        **more,
    }


def _up(port: int) -> Callable[[], bool]:
    return serves(port, "/up")


def generate_body(number: int = 0) -> str:
    """A wish for film `number`; by number 0 its place is taken for the load generator."""
    slug = f"the-film-{number:09d}-1999"
    return json.dumps({"entity_type": "MOVIE", "slug": slug, "locale": "en-US", "context_tag": "modern"})


def generate_request(key: str, *, idempotent: bool = False) -> str:
    """`POST /api/v1/generate`, each for another film; with `idempotent` each under another key."""
    body = generate_body()
    header = "Idempotency-Key: bench-000000000\r\n" if idempotent else ""
    return (
        f"POST /api/v1/generate HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {key}\r\nAccept: application/json\r\n"
        f"Content-Type: application/json\r\n{header}Content-Length: {len(body)}\r\n\r\n{body}"
    )
