from collections.abc import Awaitable, Callable
from typing import Any, cast

import httpx
import httpx2
import openai
import orjson
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletion

Body = Callable[..., dict[str, Any]]
Script = Callable[..., Awaitable[dict[str, Any]]]
Converse = Callable[[dict[str, Any]], Awaitable[ChatCompletion]]
URL = "/openrouter/api/v1/chat/completions"
MINI = "openai/gpt-4o-mini"


@pytest.fixture
def converse(sdk_http: httpx2.AsyncClient) -> Converse:
    base_url = "http://sandbox/openrouter/api/v1"
    router = AsyncOpenAI(base_url=base_url, api_key="sk-or-test", max_retries=0, http_client=sdk_http)
    create = cast("Callable[..., Awaitable[ChatCompletion]]", router.chat.completions.create)
    return lambda body: create(**body)


async def test_an_answer_names_provider_and_cost(converse: Converse, chat: Body) -> None:
    completion = await converse(chat() | {"model": MINI})

    body = completion.model_dump()
    usage = body["usage"]
    assert completion.id.startswith("gen-")
    assert (body["provider"], body["model"]) == ("OpenAI", MINI)
    assert body["choices"][0]["native_finish_reason"] == "stop"
    assert usage["cost"] == pytest.approx(
        (usage["prompt_tokens"] * 0.15 + usage["completion_tokens"] * 0.6) / 1_000_000, abs=1e-9
    )


async def test_the_next_model_serves_when_the_first_is_down(
    client: httpx.AsyncClient, converse: Converse, chat: Body, script: Script
) -> None:
    await script("openrouter", "overloaded", times=2)
    body = chat() | {"model": MINI, "extra_body": {"models": ["openai/gpt-4.1-mini"]}}

    served = await converse(body)
    with pytest.raises(openai.InternalServerError):
        await converse(chat() | {"model": MINI})

    calls = (await client.get("/_sandbox/ledger?provider=openrouter")).json()["calls"]
    assert served.model == "openai/gpt-4.1-mini"
    assert [call["model"] for call in calls] == ["openai/gpt-4.1-mini", MINI]


async def test_what_a_provider_refuses_is_wrapped(client: httpx.AsyncClient, chat: Body, script: Script) -> None:
    await script("openrouter", "no_schema")

    response = await client.post(URL, json=chat() | {"model": MINI})

    error = response.json()["error"]
    assert response.status_code == 400
    assert (error["message"], error["code"]) == ("Provider returned error", 400)
    assert error["metadata"]["provider_name"] == "OpenAI"
    assert "json_schema" in orjson.loads(error["metadata"]["raw"])["error"]["message"]


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("credits", 402, "Insufficient credits"),
        ("prompt_filter", 403, "requires moderation"),
        ("model_not_found", 404, "No endpoints found for openai/gpt-4o-mini."),
    ],
)
async def test_its_own_errors_have_their_own_words(
    client: httpx.AsyncClient, chat: Body, script: Script, kind: str, status: int, words: str
) -> None:
    await script("openrouter", kind)

    response = await client.post(URL, json=chat() | {"model": MINI})

    assert response.status_code == status
    assert response.json()["error"]["code"] == status
    assert words in response.json()["error"]["message"]


@pytest.mark.parametrize("model", ["gpt-4o-mini", "openai/gpt-unknown", "openai/sandbox-bad", "nobody/gpt-4o"])
async def test_a_model_is_named_with_its_vendor(client: httpx.AsyncClient, chat: Body, model: str) -> None:
    response = await client.post(URL, json=chat() | {"model": model})

    assert response.status_code == 400
    assert response.json()["error"]["message"] == f"{model} is not a valid model ID"


@pytest.mark.parametrize(
    ("key", "words"), [("", "No auth credentials found"), ("Bearer sk-invalid", "User not found.")]
)
async def test_a_call_without_a_valid_key_is_refused(
    client: httpx.AsyncClient, chat: Body, key: str, words: str
) -> None:
    response = await client.post(URL, json=chat() | {"model": MINI}, headers={"authorization": key})

    assert (response.status_code, response.json()["error"]["message"]) == (401, words)


async def test_an_error_can_stand_in_the_choice_or_in_the_body_of_a_good_answer(
    converse: Converse, chat: Body, script: Script
) -> None:
    await script("openrouter", "failed", times=1)
    await script("openrouter", "error_in_body", times=1)

    choice = (await converse(chat() | {"model": MINI})).choices[0].model_dump()
    body = (await converse(chat() | {"model": MINI})).model_dump()

    assert choice["finish_reason"] == "error"
    assert choice["error"]["code"] == 502
    assert body["error"]["code"] == 503
    assert body["choices"] is None


async def test_a_slow_answer_is_preceded_by_blanks_and_a_stream_by_comments(
    client: httpx.AsyncClient, chat: Body, script: Script
) -> None:
    await script("openrouter", "keep_alive", times=1)
    body = chat() | {"model": MINI}

    slow = await client.post(URL, json=body)
    stream = await client.post(URL, json=body | {"stream": True})

    assert slow.content.startswith(b"\n   ")
    assert slow.json()["object"] == "chat.completion"
    assert stream.text.startswith(": OPENROUTER PROCESSING\n\n")


async def test_models_are_listed_with_their_prices(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/openrouter/api/v1/models")).json()["data"]
    one = await client.get(f"/openrouter/api/v1/models/{MINI}")
    unknown = await client.get("/openrouter/api/v1/models/openai/gpt-unknown")

    assert {"id": MINI, "pricing": {"prompt": "0.000000150", "completion": "0.000000600"}}.items() <= one.json().items()
    assert one.json() in listed
    assert "sandbox/sandbox-bad" in [model["id"] for model in listed]
    assert unknown.status_code == 404
