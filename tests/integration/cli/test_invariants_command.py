"""The invariants as an operator asks for them."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text
from tests.support.jobs import store_generation

from moviemind.__main__ import main
from moviemind.paths import DataDir
from shared.db.engine import Database
from shared.invariants import CHECKED

Run = Callable[..., Awaitable[tuple[object, str]]]
LOST = "UPDATE jobs SET deadline_at = now() - interval '1 minute', created_at = now() - interval '2 days'"


@pytest.fixture
def run(data: DataDir, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """One command against the database of the test: (status, stdout)."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    for name in ("RABBITMQ_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)

    async def command(*words: str) -> tuple[object, str]:
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(main, [*words, "--data-dir", str(data.root)])
        return ended.value.code, capsys.readouterr().out

    return command


async def plant(database: Database, statement: str) -> None:
    await database.read(text(statement))


async def test_all_that_can_be_asked_hold_in_a_new_database(run: Run) -> None:
    code, output = await run("invariants")

    assert code == 0
    assert [line.split()[1] for line in output.splitlines() if line[0] != " "] == [item.id for item in CHECKED]
    assert "✓ I1   No accepted job is lost\n" in output
    assert "? I15  Somebody listens\n       not all of it was checked: no broker to ask\n" in output


async def test_a_violation_names_the_rows_says_what_it_means_and_ends_with_1(run: Run, database: Database) -> None:
    job = await store_generation(database, published=True)
    await plant(database, LOST)

    code, output = await run("invariants")

    assert code == 1
    assert "✗ I1   No accepted job is lost\n" in output
    assert f"1 jobs are past their deadline and have not ended: {job.id}\n" in output
    assert "→ Somebody was told 202 and hears nothing more" in output


async def test_a_script_gets_the_same_as_one_document(run: Run, database: Database) -> None:
    job = await store_generation(database, published=True)
    await plant(database, LOST)

    code, output = await run("invariants", "--json")

    document = json.loads(output)
    (violated,) = [found for found in document["invariants"] if found["violations"]]
    assert (code, document["ok"], violated["id"], violated["holds"]) == (1, False, "I1", False)
    assert violated["violations"][0]["samples"] == [str(job.id)]


async def test_all_looks_behind_the_last_day(run: Run, database: Database) -> None:
    await store_generation(database, published=True)
    await plant(database, "DELETE FROM job_transitions")
    await plant(database, "UPDATE jobs SET created_at = now() - interval '2 days'")

    assert (await run("invariants"))[0] == 0
    assert (await run("invariants", "--all"))[0] == 1


async def test_doctor_has_one_line_for_all_or_one_for_each_violation(run: Run, database: Database) -> None:
    await store_generation(database, published=True)
    before = json.loads((await run("doctor", "--json"))[1])["findings"]
    await plant(database, LOST)
    after = json.loads((await run("doctor", "--json"))[1])["findings"]

    (healthy,) = [finding for finding in before if finding["name"].startswith("Invariant")]
    (violated,) = [finding for finding in after if finding["name"].startswith("Invariant")]
    assert (healthy["name"], healthy["ok"]) == ("Invariants", True)
    assert healthy["detail"].startswith(f"8 of {len(CHECKED)} hold; not all was checked: no broker to ask")
    assert (violated["name"], violated["ok"]) == ("Invariant I1", False)
    assert "./moviemind invariants" in violated["hint"]
