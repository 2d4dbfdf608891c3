"""F58: the volume of the database is full. It is a small one of its own, mounted for the test; the log of PostgreSQL lies elsewhere."""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
from tests.integration.gateway.world import World, running, settings_for
from tests.support.processes import Server

from shared.db.engine import Database

VOLUME_MB = 64
POSTS = 100
"""More than fit into the pages that every table has left."""
NOBODY = 65534


@pytest.fixture
def volume() -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("mounting a volume takes root")
    path = Path(tempfile.mkdtemp(prefix="mm-volume-", dir="/tmp"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={VOLUME_MB}m", "tmpfs", str(path)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        path.rmdir()
        pytest.skip(f"no volume can be mounted here: {mounted.stderr.decode().strip()}")
    os.chown(path, NOBODY, NOBODY)
    yield path
    subprocess.run(["umount", str(path)], check=True)
    path.rmdir()


@pytest.fixture
async def small_database_url(
    postgres_server: Server, database_url: str, volume: Path, template_database: str
) -> AsyncIterator[str]:
    """A migrated database whose tables lie on the volume."""
    if postgres_server.spawn is None:
        pytest.skip(f"PostgreSQL does not run on this machine: {postgres_server.origin}")
    name = volume.name.replace("-", "_").lower()
    administrator = cast("Any", await asyncpg.connect(postgres_server.url))
    await administrator.execute(f"CREATE TABLESPACE {name} LOCATION '{volume}'")
    await administrator.execute(f"CREATE DATABASE {name} TEMPLATE {template_database} TABLESPACE {name}")
    yield postgres_server.url.rpartition("/")[0] + f"/{name}"
    await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await administrator.execute(f"DROP TABLESPACE {name}")
    await administrator.close()


def fill(volume: Path) -> Path:
    """A file that takes all the room that is left."""
    path = volume / "filler"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return path


async def post(world: World, number: int) -> tuple[int, str]:
    """(status, job id, or the dependency that is away)."""
    answer = await world.post({"entity_type": "MOVIE", "slug": f"film-{1000 + number}-1999"})
    body = answer.json()
    assert answer.status_code == 202 or int(answer.headers["retry-after"]) > 0
    return answer.status_code, str(body.get("job_id") or body.get("dependency"))


async def test_f58_on_a_full_disk_writes_are_503_reads_work_and_it_recovers_by_itself(
    small_database_url: str, redis_url: str, volume: Path
) -> None:
    async with (
        Database.open(small_database_url, "tests") as database,
        running(settings_for(small_database_url, redis_url), database) as world,
    ):
        before = [await post(world, -number) for number in range(1, 21)]
        filler = await asyncio.to_thread(fill, volume)
        answers = [await post(world, number) for number in range(POSTS)]
        accepted = [said for status, said in before + answers if status == 202]
        read = {(await world.client.get(f"/api/v1/jobs/{job_id}")).status_code for job_id in accepted}
        ready = await world.client.get("/health/ready")
        stored = [await world.count(table) for table in ("jobs", "outbox", "job_callers")]
        filler.unlink()
        recovered = [await post(world, POSTS + number) for number in range(20)]

    assert {status for status, _ in before} == {202}
    assert {answer for answer in answers if answer[0] != 202} == {(503, "postgres")}
    assert stored == [len(accepted)] * 3
    assert (read, ready.status_code) == ({200}, 200)
    assert {status for status, _ in recovered} == {202}
