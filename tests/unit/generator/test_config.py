"""What the generator is told of its provider."""

from decimal import Decimal

import pytest

from generator.config import AiSettings, GeneratorSettings
from generator.prices import Price
from shared.settings import load

NAMES = [name.upper() for name in AiSettings.model_fields]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "k")


def test_prices_and_fallbacks_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_PRICES", '{"m": {"input": 0.15, "cached": 0.075, "output": "0.60"}}')
    monkeypatch.setenv("OPENAI_FALLBACK_MODELS", "b, c,")

    settings = load(AiSettings)

    assert settings.ai_prices == {"m": Price(input=Decimal("0.15"), cached=Decimal("0.075"), output=Decimal("0.60"))}
    assert settings.openai_fallback_models == ("b", "c")


def test_a_server_of_ones_own_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setenv("OPENAI_DIALECT", "compatible")

    assert not load(AiSettings).openai_api_key.get_secret_value()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"OPENAI_API_KEY": ""}, "OPENAI_API_KEY: Field required"),
        ({"AI_PRICES": "0.15"}, "AI_PRICES: Input should be a valid dictionary"),
        ({"AI_PRICES": "{"}, "AI_PRICES: is no JSON object such as"),
        ({"AI_PRICES": '{"m": {"input": -1, "output": 1}}'}, "AI_PRICES: m.input: Input should be greater than or equal to 0"),
        ({"AI_PRICES": '{"m": {"input": 1}}'}, "AI_PRICES: m.output: Field required"),
        ({"OPENAI_MODEL_CANDIDATE_PERCENT": "5"}, "OPENAI_MODEL_CANDIDATE_PERCENT needs OPENAI_MODEL_CANDIDATE"),
        ({"OPENAI_API_VERSION": "2024-10-21", "OPENAI_DIALECT": "openrouter"}, "OPENAI_API_VERSION is for Azure"),
        ({"OPENAI_FALLBACK_MODELS": "a,b,c,d,e,f"}, "OPENAI_FALLBACK_MODELS: Value should have at most 5 items"),
        ({"AI_REQUESTS_PER_MINUTE": "0"}, "AI_REQUESTS_PER_MINUTE: Input should be greater than or equal to 1"),
        ({"OPENAI_API": "completions"}, "OPENAI_API: Input should be 'chat' or 'responses'"),
        ({"OPENAI_APP_TITLE": "a\nb"}, "OPENAI_APP_TITLE: String should match pattern"),
    ],
    ids=["key", "price_number", "price_text", "price_below_0", "half_a_price", "candidate", "azure", "fallbacks",
         "limit", "api", "title"],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variables: dict[str, str], said: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit):
        load(AiSettings)

    errors = capsys.readouterr().err
    assert said in errors
    assert errors.count("\n") == 1


def test_a_cap_in_dollars_names_the_models_that_have_no_price(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {
        "AI_BUDGET_DAILY_USD": "5", "AI_PRICES": '{"gpt-4o-mini": {"input": 1, "output": 2}}', "TMDB_API_KEY": "k",
        "OPENAI_MODEL_SHORT": "tiny", "OPENAI_FALLBACK_MODELS": "gpt-4o-mini-2024-07-18,other",
        "DATABASE_URL": "postgresql://127.0.0.1/x", "RABBITMQ_URL": "amqp://127.0.0.1/",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit):
        load(GeneratorSettings)

    assert "needs a price in AI_PRICES for tiny, other;" in capsys.readouterr().err
