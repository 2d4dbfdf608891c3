"""Which budgets and retentions a generator starts with."""

from decimal import Decimal

import pytest

from generator.config import GeneratorSettings
from generator.ports import Budget, Cap
from shared.settings import load

REQUIRED = {
    "DATABASE_URL": "postgresql://localhost/x",
    "RABBITMQ_URL": "amqp://localhost",
    "TMDB_API_KEY": "x",
    "OPENAI_API_KEY": "x",
}
PRICES = {"AI_PRICES": '{"*": {"input": 0.15, "output": 0.6}}'}
CAPS = ("AI_BUDGET_DAILY_USD", "AI_BUDGET_CALLER_DAILY_USD", "AI_BUDGET_JOB_USD")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PRICES, *CAPS):
        monkeypatch.delenv(name, raising=False)
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)


def test_without_caps_there_is_no_budget() -> None:
    assert load(GeneratorSettings).budget == Budget()


def test_each_scope_has_caps_in_dollars_and_in_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    given = PRICES | {
        "AI_BUDGET_DAILY_USD": "10.5",
        "AI_BUDGET_DAILY_CALLS": "100",
        "AI_BUDGET_CALLER_DAILY_USD": "2",
        "AI_BUDGET_CALLER_DAILY_CALLS": "",
        "AI_BUDGET_JOB_CALLS": "6",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    assert load(GeneratorSettings).budget == Budget(
        job=Cap(calls=6), caller=Cap(usd=Decimal(2)), everything=Cap(Decimal("10.5"), 100)
    )


@pytest.mark.parametrize("cap", CAPS)
def test_a_cap_in_dollars_without_prices_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cap: str
) -> None:
    monkeypatch.setenv(cap, "1")

    with pytest.raises(SystemExit):
        load(GeneratorSettings)

    assert "needs a price in AI_PRICES for gpt-4o-mini" in capsys.readouterr().err


def test_answers_that_are_forgotten_before_their_job_ends_end_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AI_ANSWER_RETENTION_S", "600")

    with pytest.raises(SystemExit):
        load(GeneratorSettings)

    assert "JOB_DEADLINE_S" in capsys.readouterr().err
