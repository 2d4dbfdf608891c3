"""`python -m gateway` as its supervisor sees it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest
from tests.integration.gateway.world import MATRIX, NO_BROKER, eventually
from tests.support.processes import free_port

from shared.db.engine import Database
from shared.db.keys import create_key


@pytest.fixture
def environment(database_url: str, redis_url: str) -> dict[str, str]:
    own = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "RABBITMQ_URL": NO_BROKER,
        "TMDB_API_KEY": "none",
        "GATEWAY_PORT": str(free_port()),
    }
    return {"PATH": os.environ["PATH"], **own}


@asynccontextmanager
async def gateway(environment: Mapping[str, str]) -> AsyncGenerator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ended(environment: Mapping[str, str]) -> tuple[int | None, list[str]]:
    async with gateway(environment) as process, asyncio.timeout(20):
        _, errors = await process.communicate()
        return process.returncode, errors.decode().splitlines()


async def test_bad_settings_are_one_line_that_names_them(environment: dict[str, str]) -> None:
    status, errors = await ended(environment | {"GATEWAY_PORT": "70000"})

    assert (status, len(errors)) == (2, 1)
    assert "GATEWAY_PORT" in errors[0]


async def test_a_missing_variable_is_named(environment: dict[str, str]) -> None:
    del environment["DATABASE_URL"]

    status, errors = await ended(environment)

    assert (status, errors) == (2, ["moviemind: DATABASE_URL: Field required"])


async def test_a_port_in_use_is_one_line(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", int(environment["GATEWAY_PORT"]))):
        status, errors = await ended(environment)

    where = f"127.0.0.1:{environment['GATEWAY_PORT']}"
    assert (status, errors) == (1, [f"moviemind: GATEWAY_PORT: cannot listen on {where}: Address already in use"])


async def test_f18_sigterm_answers_waiters_and_exits_with_0(environment: dict[str, str], database: Database) -> None:
    key = await create_key(database, "owner")
    url = f"http://127.0.0.1:{environment['GATEWAY_PORT']}"
    async with gateway(environment) as process, httpx.AsyncClient(base_url=url, timeout=20) as client:

        async def serves() -> bool:
            try:
                return (await client.get("/health/ready")).status_code == 200
            except httpx.TransportError:
                return False

        await eventually(serves, within_s=20)
        headers = {"X-API-Key": key.key}
        accepted = await client.post("/api/v1/generate", json=MATRIX, headers=headers)
        waiting = asyncio.create_task(
            client.post("/api/v1/generate", json=MATRIX, headers=headers | {"Prefer": "wait=30"})
        )

        async def waits() -> bool:
            done, _ = await asyncio.wait([waiting], timeout=0.5)
            return not done

        await eventually(waits)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            waited, status = await waiting, await process.wait()

    assert (waited.status_code, waited.json()["job_id"]) == (202, accepted.json()["job_id"])
    assert status == 0
