"""tmdb-sync as a process: RefreshRequested in, facts and RefreshCompleted out, on every broker."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select
from tests.support.jobs import store_refresh
from tests.support.processes import free_port, stop_tree, wait_until

from shared.db.engine import Database, Transaction
from shared.db.entity_rows import StoredEntity
from shared.db.facts import create_entity
from shared.db.tables import entities, jobs, outbox, tmdb_snapshots
from shared.entities import EntityKind, Facts, MovieDetails

pytestmark = pytest.mark.rabbit
OLD = Facts(
    kind=EntityKind.MOVIE, tmdb_id=603, title="The Matrix", year=1998, genres=("Western",), details=MovieDetails()
)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def started(module: str, arguments: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=os.environ | environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    process = started("sandbox", ["--port", str(port)], {}, tmp_path / "sandbox.log")
    wait_until(lambda: answers(f"http://127.0.0.1:{port}/_sandbox/health"), "the sandbox")
    yield f"http://127.0.0.1:{port}"
    stop_tree(process)


@pytest.fixture
def worker(tmp_path: Path, sandbox: str, database_url: str, broker_url: str) -> Iterator[subprocess.Popen[bytes]]:
    port = free_port()
    environment = {
        "DATABASE_URL": database_url,
        "RABBITMQ_URL": broker_url,
        "TMDB_BASE_URL": f"{sandbox}/tmdb/3",
        "TMDB_API_KEY": "sandbox",
        "HEALTH_PORT": str(port),
        "JOB_RETRY_LADDER_S": "0.2",
    }
    process = started("tmdb_sync", [], environment, tmp_path / "worker.log")
    wait_until(lambda: answers(f"http://127.0.0.1:{port}/health/ready"), "tmdb-sync")
    yield process
    stop_tree(process)


def break_catalogue(sandbox: str, fault: str) -> None:
    wanted = {"provider": "tmdb", "title": "*", "fault": fault}
    httpx.post(f"{sandbox}/_sandbox/faults", json=wanted).raise_for_status()


async def stored(database: Database) -> StoredEntity:
    async def work(tx: Transaction) -> StoredEntity:
        return await create_entity(tx, OLD)

    return await database.run(work)


async def ended(database: Database, job_id: UUID) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            row = (await database.read(select(jobs).where(jobs.c.id == job_id))).mappings().one()
            if row["status"] in {"DONE", "FAILED"}:
                return dict(row)


async def entity_row(database: Database, entity_id: UUID) -> dict[str, Any]:
    return dict((await database.read(select(entities).where(entities.c.id == entity_id))).mappings().one())


@pytest.mark.usefixtures("worker")
async def test_a_refresh_renews_facts_and_snapshot_and_says_so(database: Database) -> None:
    entity = await stored(database)
    job = await store_refresh(database, entity.id, entity.slug, published=True)

    row = await ended(database, job.id)

    fresh = await entity_row(database, entity.id)
    raw = (await database.read(select(tmdb_snapshots.c.raw_data))).scalar()
    assert row["status"] == "DONE"
    assert row["result"]["entity_version"] == fresh["version"] == 2
    assert (fresh["year"], fresh["genres"]) == (1999, ["Action", "Science Fiction"])
    assert raw is not None
    assert raw["id"] == 603


@pytest.mark.usefixtures("worker")
async def test_a_catalogue_that_is_away_is_tried_again_and_the_stored_facts_are_marked(
    database: Database, sandbox: str
) -> None:
    entity = await stored(database)
    break_catalogue(sandbox, "error")
    job = await store_refresh(database, entity.id, entity.slug, published=True)

    row = await ended(database, job.id)

    kept = await entity_row(database, entity.id)
    assert (row["status"], row["attempt"]) == ("FAILED", 3)
    assert (kept["year"], kept["genres"]) == (1998, ["Western"])
    assert kept["stale_since"] is not None
    assert kept["version"] == 2


@pytest.mark.usefixtures("worker")
async def test_an_entry_that_is_gone_fails_at_once(database: Database, sandbox: str) -> None:
    entity = await stored(database)
    break_catalogue(sandbox, "not_found")
    job = await store_refresh(database, entity.id, entity.slug, published=True)

    row = await ended(database, job.id)

    assert (row["status"], row["attempt"], row["error"]["type"]) == ("FAILED", 1, "NOT_FOUND")


async def test_it_drains_and_ends_with_status_0(database: Database, worker: subprocess.Popen[bytes]) -> None:
    entity = await stored(database)
    job = await store_refresh(database, entity.id, entity.slug, published=True)
    await ended(database, job.id)

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(20) == 0
    assert (await database.read(select(outbox.c.id))).first() is None
