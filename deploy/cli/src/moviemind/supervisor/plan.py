"""What is started, in which order, with which settings: the whole embedded system on one page.

Embedded and deployed differ in three URLs and in nothing else. A URL or key in the environment replaces that one part.
"""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from moviemind.paths import DataDir
from moviemind.state import Endpoints
from moviemind.supervisor import postgres, probes, redis
from moviemind.supervisor.child import ChildSpec
from moviemind.supervisor.credentials import Credentials
from moviemind.supervisor.ports import HOST, Reservation, reserve_any, reserve_gateway

GATEWAY_PORT = 8000
WORKERS = ("generator", "tmdb_sync", "cache_invalidator")
_RABBITMQ_USER = "moviemind"


@dataclass(frozen=True, slots=True)
class Options:
    """How a system is to run.

    The gateway gets exactly `port`; without it `default_port` or the next free one; without that any free one.
    `durable=False` is for data that is thrown away with the system.
    """

    data: DataDir
    environ: Mapping[str, str]
    port: int | None = None
    default_port: int | None = GATEWAY_PORT
    durable: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """`stages` start one after the other, the members of a stage together; they stop in the opposite order. `migration`
    runs before the last.
    """

    endpoints: Endpoints
    given: Mapping[str, str]
    stages: tuple[tuple[ChildSpec, ...], ...]
    migration: ChildSpec | None
    reservations: Mapping[str, Reservation] = field(default_factory=dict[str, Reservation])


def make_plan(options: Options, credentials: Credentials) -> Plan:
    """Reserve the ports, prepare the files of the servers, and say what to start. Raises `CliError`."""
    given = {name: url for name in probes.SERVERS if (url := options.environ.get(name))}
    reservations = {
        "gateway": reserve_gateway(options.port, options.default_port),
        **{name: reserve_any() for name in ("postgres", "redis", "broker", "sandbox", *WORKERS)},
    }
    ports = {name: reservation.port for name, reservation in reservations.items()}
    endpoints = Endpoints(
        database_url=given.get("DATABASE_URL") or postgres.url(ports["postgres"], credentials),
        rabbitmq_url=given.get("RABBITMQ_URL")
        or f"amqp://{_RABBITMQ_USER}:{credentials.rabbitmq}@{HOST}:{ports['broker']}/",
        redis_url=given.get("REDIS_URL") or redis.url(ports["redis"], credentials),
        gateway_url=_http(ports["gateway"]),
        sandbox_url=_http(ports["sandbox"]),
        health_urls={name: _http(ports[name]) for name in ("gateway", *WORKERS)},
    )
    servers = [_sandbox(options, ports["sandbox"], endpoints)]
    if "RABBITMQ_URL" not in given:
        servers.insert(0, _broker(options, ports["broker"], credentials, endpoints))
    if "REDIS_URL" not in given:
        servers.insert(0, _redis(options, ports["redis"], credentials, endpoints))
    if "DATABASE_URL" not in given:
        servers.insert(0, _postgres(options, ports["postgres"], credentials, endpoints))
    env = service_env(options, endpoints)
    gateway = _service(options, "gateway", ports["gateway"], gateway_env(env, credentials))
    workers = (_service(options, name, ports[name], env) for name in WORKERS)
    return Plan(
        endpoints=endpoints,
        given=given,
        stages=(tuple(servers), (gateway, *workers)),
        migration=_migration(options, env),
        reservations=reservations,
    )


def service_env(options: Options, endpoints: Endpoints) -> dict[str, str]:
    """The environment of the services: the caller's, with the addresses of this system in it."""
    env = {
        "ENVIRONMENT": "development",
        "TRACES_DIR": str(options.data.traces),
        "TRACES_SAMPLE_RATIO": "1",
        **_provider(options.environ, "OPENAI", f"{endpoints.sandbox_url}/openai/v1"),
        **_provider(options.environ, "TMDB", f"{endpoints.sandbox_url}/tmdb/3"),
        "PYTHONUNBUFFERED": "1",
        **options.environ,
    }
    return env | {
        "DATABASE_URL": endpoints.database_url,
        "RABBITMQ_URL": endpoints.rabbitmq_url,
        "REDIS_URL": endpoints.redis_url,
    }


def gateway_env(env: Mapping[str, str], credentials: Credentials) -> dict[str, str]:
    """The same with an operator's token, unless the caller has one."""
    return {**env, "ADMIN_API_TOKEN": env.get("ADMIN_API_TOKEN") or credentials.admin_api_token}


def _provider(environ: Mapping[str, str], name: str, sandbox_url: str) -> dict[str, str]:
    """The sandbox, unless the caller names a key or an endpoint of a real provider (a local model may need no key)."""
    if environ.get(f"{name}_API_KEY"):
        return {}
    key = {f"{name}_API_KEY": "sandbox"}
    return key if environ.get(f"{name}_BASE_URL") else {**key, f"{name}_BASE_URL": sandbox_url}


def _http(port: int) -> str:
    return f"http://{HOST}:{port}"


def _tool_env(**extra: str) -> dict[str, str]:
    """For programs that need no setting of ours, and get no key of the caller's."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "PYTHONUNBUFFERED": "1", **extra}


def _postgres(options: Options, port: int, credentials: Credentials, endpoints: Endpoints) -> ChildSpec:
    cluster, log = options.data.postgres, options.data.logs / "postgres.log"
    run_as = postgres.choose_user(cluster)
    return ChildSpec(
        name="postgres",
        argv=postgres.argv(cluster, port, durable=options.durable),
        env=_tool_env(),
        log=log,
        ready=probes.postgres(endpoints.database_url),
        address=f"{HOST}:{port}",
        port=port,
        stop_signal=signal.SIGINT,  # "fast": ends sessions instead of waiting for them
        run_as=run_as,
        before_start=lambda: postgres.prepare(cluster, credentials, run_as, log, durable=options.durable),
        cwd=options.data.root,
    )


def _redis(options: Options, port: int, credentials: Credentials, endpoints: Endpoints) -> ChildSpec:
    return ChildSpec(
        name="redis",
        argv=redis.configure(options.data, port, credentials),
        env=_tool_env(),
        log=options.data.logs / "redis.log",
        ready=probes.redis(endpoints.redis_url),
        address=f"{HOST}:{port}",
        port=port,
        cwd=options.data.root,
    )


def _broker(options: Options, port: int, credentials: Credentials, endpoints: Endpoints) -> ChildSpec:
    arguments = ("--host", HOST, "--port", str(port), "--journal", str(options.data.journal), "--user", _RABBITMQ_USER)
    return ChildSpec(
        name="broker",
        argv=(sys.executable, "-m", "embedded_amqp", *arguments),
        env=_tool_env(EMBEDDED_AMQP_PASSWORD=credentials.rabbitmq),
        log=options.data.logs / "broker.log",
        ready=probes.amqp(endpoints.rabbitmq_url),
        address=f"{HOST}:{port}",
        port=port,
        cwd=options.data.root,
    )


def _sandbox(options: Options, port: int, endpoints: Endpoints) -> ChildSpec:
    return ChildSpec(
        name="sandbox",
        argv=(sys.executable, "-m", "sandbox", "--host", HOST, "--port", str(port)),
        env=_tool_env(),
        log=options.data.logs / "sandbox.log",
        ready=probes.http(f"{endpoints.sandbox_url}/_sandbox/health"),
        address=endpoints.sandbox_url,
        port=port,
        cwd=options.data.root,
    )


def _migration(options: Options, env: Mapping[str, str]) -> ChildSpec:
    return ChildSpec(
        name="migrations",
        argv=(sys.executable, "-m", "shared.migrations"),
        env=env,
        log=options.data.logs / "migrations.log",
        ready=_never,
        cwd=options.data.root,
    )


def _service(options: Options, name: str, port: int, env: Mapping[str, str]) -> ChildSpec:
    where = ("GATEWAY_HOST", "GATEWAY_PORT") if name == "gateway" else ("HEALTH_HOST", "HEALTH_PORT")
    return ChildSpec(
        name=name,
        argv=(sys.executable, "-m", name),
        env={**env, where[0]: HOST, where[1]: str(port)},
        log=options.data.logs / f"{name}.log",
        ready=probes.http(f"{_http(port)}/health/ready"),
        address=_http(port),
        port=port,
        cwd=options.data.root,
    )


async def _never() -> str | None:
    return "runs to its end"
