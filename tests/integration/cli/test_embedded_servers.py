"""PostgreSQL and Redis from the wheels, under the supervisor."""

import asyncio
import dataclasses
import os
import signal
import subprocess
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import psutil
import pytest
from sqlalchemy import text

from moviemind.errors import CliError
from moviemind.paths import DataDir
from moviemind.state import read_state
from moviemind.supervisor import postgres, probes
from moviemind.supervisor.child import launched
from moviemind.supervisor.credentials import Credentials
from moviemind.supervisor.logs import open_log
from moviemind.supervisor.plan import Options, Plan, make_plan
from moviemind.supervisor.ports import reserve_any
from moviemind.supervisor.progress import SilentProgress
from moviemind.supervisor.system import System, running
from shared.clock import SystemClock
from shared.db.engine import Database

CLOCK = SystemClock()


@pytest.fixture
def data(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """pytest's folders are closed to other users: as root this also proves that PostgreSQL's user may pass through them."""
    data = DataDir(tmp_path_factory.mktemp("servers") / "data")
    data.prepare()
    return data


def only(*names: str) -> Callable[[Options, Credentials], Plan]:
    def plan(options: Options, credentials: Credentials) -> Plan:
        whole = make_plan(options, credentials)
        stages = (tuple(spec for spec in whole.stages[0] if spec.name in names), ())
        return dataclasses.replace(whole, stages=stages, migration=None)

    return plan


@asynccontextmanager
async def servers(data: DataDir, *names: str) -> AsyncGenerator[System]:
    options = Options(data=data, environ={}, default_port=None, durable=False)
    async with running(options, SilentProgress(), only(*names)) as system:
        yield system


async def run(url: str, statement: str) -> object:
    async with Database.open(url, application_name="test") as db, asyncio.timeout(20):
        return await db.run(lambda transaction: transaction.scalar(text(statement)))


async def remember(url: str) -> None:
    async with Database.open(url, application_name="test") as db, asyncio.timeout(20):
        await db.run(lambda transaction: transaction.execute(text("CREATE TABLE kept AS SELECT 42 AS n")))


def reserve_port() -> int:
    reservation = reserve_any()
    reservation.release()
    return reservation.port


def start_alone(data: DataDir) -> subprocess.Popen[bytes]:
    """PostgreSQL in the data directory, unknown to any state file."""
    command = postgres.argv(data.postgres, reserve_port(), durable=False)
    with open_log(data.logs / "left-over.log") as log:
        return subprocess.Popen(
            launched(command, signal.SIGINT, postgres.choose_user(data.postgres)), stdout=log, stderr=log
        )


def postmaster(data: DataDir) -> psutil.Process:
    return psutil.Process(int((data.postgres / "postmaster.pid").read_text(encoding="ascii").split()[0]))


async def test_data_survives_a_restart(data: DataDir) -> None:
    async with servers(data, "postgres") as system:
        await remember(system.endpoints.database_url)
    async with servers(data, "postgres") as system:
        assert await run(system.endpoints.database_url, "SELECT n FROM kept") == 42


async def test_the_services_role_owns_its_database_and_rules_nothing_else(data: DataDir) -> None:
    async with servers(data, "postgres") as system:
        url = system.endpoints.database_url

        assert await run(url, "SELECT current_setting('server_version_num')::int / 10000") == 18
        assert (
            await run(url, "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user")
            is False
        )
        assert await run(
            url, "SELECT pg_get_userbyid(datdba) = current_user FROM pg_database WHERE datname = current_database()"
        )
        assert await run(url, "SELECT current_setting('listen_addresses')") == "127.0.0.1"


async def test_postgres_never_runs_as_root(data: DataDir) -> None:
    async with servers(data, "postgres"):
        assert postmaster(data).uids().effective != 0


async def test_a_wrong_password_is_refused(data: DataDir) -> None:
    async with servers(data, "postgres", "redis") as system:
        wrong = system.endpoints.redis_url.replace("redis://:", "redis://:x")

        assert await probes.redis(system.endpoints.redis_url)() is None
        assert await probes.redis(wrong)() is not None
        with pytest.raises(Exception, match="password authentication failed"):
            await run(system.endpoints.database_url.replace("moviemind:", "moviemind:x"), "SELECT 1")


async def test_no_password_is_on_a_command_line(data: DataDir) -> None:
    async with servers(data, "postgres", "redis", "broker"):
        secrets = Credentials.model_validate_json(data.secrets.read_text(encoding="utf-8")).model_dump().values()
        state = read_state(data.state)
        assert state is not None
        lines = " ".join(" ".join(psutil.Process(child.pid).cmdline()) for child in state.children)

    assert not any(secret in lines for secret in secrets)


async def test_a_killed_postmaster_is_replaced_and_the_data_is_there(data: DataDir) -> None:
    async with servers(data, "postgres") as system:
        url = system.endpoints.database_url
        await remember(url)
        before = postmaster(data)

        before.kill()
        deadline = CLOCK.monotonic() + 30
        while before.is_running() or await probes.postgres(url)() is not None:
            assert CLOCK.monotonic() < deadline
            await CLOCK.sleep(0.05)

        assert await run(url, "SELECT n FROM kept") == 42


async def test_a_server_that_outlived_its_supervisor_is_stopped_first(data: DataDir) -> None:
    async with servers(data, "postgres"):
        pass
    left_over = start_alone(data)
    deadline = CLOCK.monotonic() + 20
    while not (data.postgres / "postmaster.pid").exists():
        assert CLOCK.monotonic() < deadline
        await CLOCK.sleep(0.02)

    async with servers(data, "postgres") as system:
        assert await run(system.endpoints.database_url, "SELECT 1") == 1

    assert left_over.poll() is not None


async def test_a_lock_file_with_the_number_of_another_process_does_no_harm(data: DataDir) -> None:
    async with servers(data, "postgres"):
        lines = (data.postgres / "postmaster.pid").read_text(encoding="ascii").splitlines()
    stale = "\n".join([str(os.getpid()), *lines[1:]]) + "\n"
    (data.postgres / "postmaster.pid").write_text(stale, encoding="ascii")

    async with servers(data, "postgres") as system:
        assert await run(system.endpoints.database_url, "SELECT 1") == 1


async def test_half_a_cluster_is_made_anew(data: DataDir) -> None:
    partial = data.root / "postgres.partial"
    partial.mkdir()
    (partial / "PG_VERSION").write_text("18\n", encoding="ascii")

    async with servers(data, "postgres") as system:
        assert await run(system.endpoints.database_url, "SELECT 1") == 1

    assert not partial.exists()


async def test_data_of_another_postgres_version_is_refused_untouched(data: DataDir) -> None:
    data.postgres.mkdir()
    (data.postgres / "PG_VERSION").write_text("15\n", encoding="ascii")

    with pytest.raises(CliError, match="was made by PostgreSQL 15, and this is PostgreSQL 18") as raised:
        async with servers(data, "postgres"):
            pytest.fail("started")

    assert "--data-dir" in raised.value.hint
    assert [file.name for file in data.postgres.iterdir()] == ["PG_VERSION"]


async def test_redis_keeps_within_its_memory_by_dropping_what_is_not_used(data: DataDir) -> None:
    async with servers(data, "redis"):
        settings = (data.redis / "redis.conf").read_text(encoding="utf-8")

    assert "maxmemory 256mb" in settings
    assert "maxmemory-policy volatile-ttl" in settings


async def test_two_instances_have_nothing_in_common(data: DataDir, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = DataDir(tmp_path_factory.mktemp("other") / "data")

    async with servers(data, "postgres", "redis") as one, servers(other, "postgres", "redis") as two:
        await remember(one.endpoints.database_url)

        assert await run(two.endpoints.database_url, "SELECT to_regclass('kept') IS NULL") is True
        assert one.endpoints.redis_url != two.endpoints.redis_url
        assert await probes.redis(two.endpoints.redis_url)() is None
