import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE

import httpx
import pytest
from sqlalchemy import select
from tests.support.jobs import store_generation
from tests.support.processes import free_port
from tests.support.sandbox import PATIENCE_S, Sandbox

from shared.clock import SystemClock
from shared.db.engine import Database
from shared.db.tables import jobs, outbox


@pytest.mark.rabbit
async def test_a_worker_process_takes_a_job_from_the_broker_and_stops_in_order(
    database: Database, database_url: str, broker_url: str, sandbox: Sandbox
) -> None:
    job = await store_generation(database, "the-matrix-1999", published=True)
    port = free_port()
    environment = os.environ | {
        "ENVIRONMENT": "test", "DATABASE_URL": database_url, "RABBITMQ_URL": broker_url, "HEALTH_PORT": str(port),
        "OPENAI_API_KEY": "sandbox", "OPENAI_BASE_URL": f"{sandbox.url}/openai/v1",
        "TMDB_API_KEY": "sandbox", "TMDB_BASE_URL": f"{sandbox.url}/tmdb/3",
    }  # fmt: skip

    worker = await asyncio.create_subprocess_exec(sys.executable, "-m", "generator", env=environment, stderr=PIPE)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while (await database.read(select(jobs.c.status).where(jobs.c.id == job.id))).scalar() != "DONE":
                await SystemClock().sleep(0.05)
            while (await database.read(select(outbox.c.id))).first() is not None:
                await SystemClock().sleep(0.05)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
                while (await http.get("/health/ready")).status_code != 200:
                    await SystemClock().sleep(0.05)
    finally:
        worker.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(worker.communicate(), 20)

    assert worker.returncode == 0, errors.decode()
    (call,) = await sandbox.calls()
    assert call["title"] == "The Matrix"
    assert call["traceparent"] is not None


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "DATABASE_URL", "OPENAI_BASE_URL"])
async def test_a_bad_variable_ends_the_start_with_its_name(name: str) -> None:
    environment = {
        "DATABASE_URL": "postgresql://127.0.0.1/x", "RABBITMQ_URL": "amqp://127.0.0.1/",
        "OPENAI_API_KEY": "k", "TMDB_API_KEY": "k", "OPENAI_BASE_URL": "http://127.0.0.1:1",
    }  # fmt: skip
    environment[name] = "" if name == "OPENAI_API_KEY" else "ftp://x"

    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "generator", env={"PATH": os.environ["PATH"], **environment}, stderr=PIPE
    )
    _, errors = await asyncio.wait_for(worker.communicate(), 20)

    assert worker.returncode == 2
    assert errors.decode().startswith(f"moviemind: {name}: ")
    assert errors.decode().count("\n") == 1
