"""The commands that work on a database, on one with and one without our tables."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest

from moviemind.__main__ import main
from moviemind.demo_key import demo_key
from moviemind.paths import DataDir
from moviemind.supervisor.credentials import Credentials
from moviemind.supervisor.plan import Options, Plan, make_plan
from moviemind.supervisor.progress import SilentProgress
from moviemind.supervisor.system import System, running

Run = Callable[..., Awaitable[tuple[object, str, str]]]


def only_postgres(options: Options, credentials: Credentials) -> Plan:
    whole = make_plan(options, credentials)
    stages = (tuple(spec for spec in whole.stages[0] if spec.name == "postgres"), ())
    return dataclasses.replace(whole, stages=stages, migration=None)


@pytest.fixture
async def system(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[System]:
    options = Options(data=data, environ={}, default_port=None, durable=False)
    for name in ("DATABASE_URL", "RABBITMQ_URL", "REDIS_URL", "MOVIEMIND_URL"):
        monkeypatch.delenv(name, raising=False)
    async with running(options, SilentProgress(), only_postgres) as system:
        monkeypatch.setenv("DATABASE_URL", system.endpoints.database_url)
        yield system


@pytest.fixture
def run(data: DataDir, capsys: pytest.CaptureFixture[str]) -> Run:
    """One command: (status, stdout, stderr)."""

    async def command(*words: str) -> tuple[object, str, str]:
        where = ("--data-dir", str(data.root))
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(main, [*words, *where])
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return command


async def test_without_our_tables_a_command_says_to_migrate(system: System, run: Run) -> None:
    code, output, errors = await run("keys", "list")

    assert (code, output) == (1, "")
    assert "has no tables of MovieMind" in errors
    assert "./moviemind migrate" in errors
    assert "password" not in errors


async def test_doctor_finds_a_schema_that_is_not_the_newest(system: System, run: Run) -> None:
    before = json.loads((await run("doctor", "--json"))[1])
    migrated, _, _ = await run("migrate")
    after = json.loads((await run("doctor", "--json"))[1])

    assert {finding["name"]: finding["ok"] for finding in before["findings"]}["Schema"] is False
    assert migrated == 0
    assert {finding["name"]: finding["ok"] for finding in after["findings"]}["Schema"] is True


async def test_a_key_is_shown_once_listed_by_its_prefix_and_revoked(system: System, run: Run) -> None:
    await run("migrate")

    created = json.loads((await run("keys", "create", "somebody", "--expires-in-days", "7", "--json"))[1])
    listed = await run("keys", "list", "--json")
    first = await run("keys", "revoke", created["prefix"], "--json")
    unknown = await run("keys", "revoke", "mm_unknown")

    assert created["key"].startswith(created["prefix"])
    assert created["key"] not in listed[1]
    assert [(key["name"], key["revoked_at"]) for key in json.loads(listed[1])] == [("somebody", None)]
    assert json.loads(first[1])["revoked_at"] is not None
    assert (unknown[0], "there is no key mm_unknown" in unknown[2]) == (1, True)


async def test_an_empty_list_of_jobs_is_an_empty_document(system: System, run: Run) -> None:
    await run("migrate")

    assert json.loads((await run("jobs", "list", "--json"))[1]) == []


async def test_the_demo_key_lasts_until_it_is_revoked_or_lost(
    system: System, run: Run, data: DataDir, tmp_path: Path
) -> None:
    await run("migrate")
    url = system.endpoints.database_url

    first = await demo_key(data, url)
    second = await demo_key(data, url)
    await run("keys", "revoke", first[:11])
    third = await demo_key(data, url)

    assert first == second
    assert third != first
    assert data.demo_key.stat().st_mode & 0o777 == 0o600


async def test_a_database_that_went_away_is_one_line(system: System, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody:secret@127.0.0.1:1/x")

    code, _, errors = await run("jobs", "list")

    assert code == 1
    assert errors.startswith("error: cannot reach the database postgresql://127.0.0.1:1/x\n")
    assert "secret" not in errors
