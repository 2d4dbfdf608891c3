"""Tests of the tests: each classic mistake of such a system, planted in a copy of the source, makes a named test fail.

A test that passes without the mistake and fails with it is worth what its name says.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.processes import Server

ROOT = Path(__file__).parents[2]
SOURCES = (
    "shared/src",
    *(f"services/{name}/src" for name in ("gateway", "generator", "tmdb-sync", "cache-invalidator")),
)
TESTS_FAILED = 1
"""Pytest's exit status when tests ran and some failed; a mistake that breaks the imports has another."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """`right` stands once in `file`; with `wrong` in its place `caught_by` fails."""

    name: str
    file: str
    right: str
    wrong: str
    caught_by: str


OWN_TRANSACTION = """    async with tx.connection.engine.connect() as other, other.begin():
        await other.execute("""

MISTAKES = (
    Mistake(
        "ack before commit",
        "shared/src/shared/messaging/consume.py",
        """        await asyncio.shield(task)
        await crash_point("consumer.before_ack")
        await ack(delivery)
""",
        """        await ack(delivery)
        await asyncio.shield(task)
""",
        "tests/unit/shared/test_consume.py",
    ),
    Mistake(
        "publish outside the outbox",
        "shared/src/shared/outbox/store.py",
        "    await tx.execute(",
        OWN_TRANSACTION,
        "tests/integration/gateway/test_idempotency.py",
    ),
    Mistake(
        "inbox in a transaction of its own",
        "shared/src/shared/inbox.py",
        "    return len((await tx.execute(",
        OWN_TRANSACTION.replace("await ", "return len((await "),
        "tests/integration/generator/test_faults.py",
    ),
    Mistake(
        "fill without version check",
        "shared/src/shared/cache.py",
        "if version < known then return 0 end\nif version > known",
        "if version > known",
        "tests/contracts/test_cache_contract.py",
    ),
    Mistake(
        "rescue by time",
        "shared/src/shared/db/attempts.py",
        'if status is JobStatus.PROCESSING and row["lease_s"] > 0:',
        'if status is JobStatus.PROCESSING and row["lease_s"] > 3600:',
        "tests/contracts/test_attempts_contract.py",
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name.replace(" ", "-"))
def test_a_planted_mistake_is_caught(
    mistake: Mistake, tmp_path: Path, postgres_server: Server, redis_server: Server, rabbitmq_server: Server
) -> None:
    copy = _copied(tmp_path)
    file = copy / mistake.file
    source = file.read_text(encoding="utf-8")
    assert source.count(mistake.right) == 1, f"{mistake.file} has changed: plant the mistake anew"
    file.write_text(source.replace(mistake.right, mistake.wrong), encoding="utf-8")

    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(str(copy / part) for part in SOURCES),
        "DATABASE_URL": postgres_server.url,
        "REDIS_URL": redis_server.url,
        "RABBITMQ_URL": rabbitmq_server.url,
    }
    command = (sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header", mistake.caught_by)
    run = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=280, check=False)

    assert run.returncode == TESTS_FAILED, run.stdout[-3000:] + run.stderr[-2000:]


def _copied(directory: Path) -> Path:
    """What the tests need of the project, writable."""
    copy = directory / "project"
    for part in (*SOURCES, "tests", "docs"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", ".hypothesis"))
    for name in ("pyproject.toml", "moviemind"):
        shutil.copy(ROOT / name, copy / name)
    return copy
