from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import orjson
import pytest

from sandbox.openai.said import WRONG_NAME, WRONG_TITLE

Body = Callable[..., dict[str, Any]]
Ask = Callable[[str, str], Awaitable[dict[str, Any]]]
URL = "/openai/v1/chat/completions"
AVOID = "“The Matrix” is known. It came out in 1999. Everything else has to be told another way, over and over again."


@pytest.fixture
def ask(client: httpx.AsyncClient, chat: Body) -> Ask:
    async def one(model: str, seed: str) -> dict[str, Any]:
        body = chat(avoid=[AVOID])
        body["model"] = model
        body["messages"][0]["content"] += seed
        return (await client.post(URL, json=body)).json()["choices"][0]

    return one


def seen(choice: dict[str, Any], overview: str) -> str:
    """What is wrong with an answer about The Matrix."""
    content = choice["message"]["content"]
    if not content or choice["finish_reason"] != "stop":
        return "truncated" if content else "empty"
    answer = orjson.loads(content)
    text = answer["text"]
    signs = {
        "title": answer["title"] == WRONG_TITLE,
        "year": answer["year"] != 1999,
        "director": answer["director"] == WRONG_NAME,
        "invented": "Jonathan Marlowe" in text,
        "html": "<script>" in text,
        "copied": text == overview,
        "near": sorted(text.split()) == sorted(AVOID.split()),
        "injected": text.startswith("CANARY"),
        "language": "“The Matrix”" not in text,
    }
    return next((name for name, holds in signs.items() if holds), "good")


async def test_a_bad_model_is_wrong_in_every_way_and_always(ask: Ask, facts: dict[str, Any]) -> None:
    found = Counter([seen(await ask("sandbox-bad", str(number)), facts["overview"]) for number in range(150)])

    assert found.keys() == {
        "title", "year", "director", "invented", "html", "copied", "near", "injected", "language", "truncated", "empty"
    }  # fmt: skip


async def test_a_bad_model_answers_the_same_prompt_the_same_way(ask: Ask) -> None:
    assert await ask("sandbox-bad", "a") == await ask("sandbox-bad", "a")


@pytest.mark.parametrize(("model", "low", "high"), [("sandbox-bad-50", 30, 70), ("sandbox-bad-90", 80, 98)])
async def test_a_share_of_its_answers_can_be_good(
    ask: Ask, facts: dict[str, Any], model: str, low: int, high: int
) -> None:
    found = Counter([seen(await ask(model, str(number)), facts["overview"]) for number in range(100)])

    assert low <= found["good"] <= high


async def test_a_fault_comes_before_what_the_model_would_do(client: httpx.AsyncClient, chat: Body) -> None:
    await client.post("/_sandbox/faults", json={"provider": "openai", "fault": "short"})

    response = await client.post(URL, json=chat() | {"model": "sandbox-bad"})

    assert orjson.loads(response.json()["choices"][0]["message"]["content"])["text"] == "Ok."
