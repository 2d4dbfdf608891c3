"""`ai` against a gateway that listens: the commands of an operator, as typed."""

import json
from decimal import Decimal

import pytest
from tests.integration.cli.conftest import Run
from tests.integration.gateway_admin.desk import Desk
from tests.support.jobs import store_generation

from generator.adapters.postgres_calls import PostgresCallJournal
from generator.ports import Answer, Budget, Call, Cap, Message, Prompt, Spent, Step
from shared.db.attempts import PostgresAttempts
from shared.jobs import Attempt, AttemptPolicy, Failure, FailureType
from shared.topology import GENERATION_REQUESTS


@pytest.fixture
async def spent(desk: Desk) -> None:
    """One call of `key:anna` that cost an eighth of a dollar, and one that failed."""
    job = await store_generation(desk.database, caller="key:anna")
    attempts = PostgresAttempts(desk.database, "generator", GENERATION_REQUESTS.name, AttemptPolicy())
    attempt = await attempts.claim(job.event)
    assert isinstance(attempt, Attempt)
    journal = PostgresCallJournal(desk.database, budget=Budget(everything=Cap(calls=40)))
    calls = [await journal.begin(attempt, Prompt((Message("user", one),), "v1"), "m", Step.WRITE) for one in "ab"]
    assert isinstance(calls[0], Call)
    assert isinstance(calls[1], Call)
    await journal.answered(calls[0], Answer("{}", "stop", "m"), Spent(100, 25, Decimal("0.125")))
    await journal.failed(calls[1], Failure(type=FailureType.AI_API_ERROR, technical_message="broken"))


async def test_calls_are_stopped_and_resumed(run: Run) -> None:
    stopped = await run("ai", "stop", "--reason", "it writes [nonsense]")
    shown = await run("ai", "status")
    document = await run("ai", "status", "--json")
    resumed = await run("ai", "resume", "--reason", "it was changed")

    assert [code for code, _, _ in (stopped, shown, document, resumed)] == [0] * 4
    assert "it writes [nonsense]" in stopped[1]
    assert shown[1].startswith(stopped[1].strip())
    assert json.loads(document[1])["switch"]["stopped_by"] == "token"
    assert resumed[1] == "AI calls are allowed.\n"


async def test_a_stop_without_a_good_reason_is_refused(run: Run) -> None:
    code, _, error = await run("ai", "stop", "--reason", "x")

    assert code == 1
    assert "reason" in error


async def test_the_budget_is_a_table_and_a_document(spent: None, run: Run) -> None:
    code, table, note = await run("ai", "budget")
    _, document, _ = await run("ai", "budget", "--json")

    lines = [line.split() for line in table.splitlines()]
    assert code == 0
    assert lines[1] == ["all", "2", "40", "0", "$0.1250", "$0.0000", "-"]
    assert lines[2][:3] == ["key:anna", "2", "-"]
    assert "renews at" in note
    assert json.loads(document)["total"]["spent_usd"] == 0.125


async def test_metrics_are_one_table(spent: None, run: Run) -> None:
    code, table, _ = await run("ai", "metrics")
    _, document, _ = await run("ai", "metrics", "--by", "locale", "--json")
    wrong, _, error = await run("ai", "metrics", "--from", "yesterday")

    row = table.splitlines()[1]
    assert code == 0
    assert row.split()[:5] == ["m", "2", "125", "125", "$0.1250"]
    assert row.endswith("100 %   1       1 AI_API_ERROR")
    assert json.loads(document)["token-usage"][0]["locale"] == "en-US"
    assert (wrong, "start_date" in error) == (1, True)
