"""The responses API, and what the dialects say differently."""

import json
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from tests.unit.generator.openai.provider import COMPLETION, KEY, MODEL, PROMPT, SECRET, URL, Provider, model, raised

from generator.adapters.openai import Endpoint
from generator.ports import Answer, Call, Spent
from generator.prices import Price, PriceTable
from shared.errors import Permanent, Transient

SECRET_KEY = SecretStr(KEY)
ENDPOINT = Endpoint(URL, SECRET_KEY, api="responses")
TEXT: dict[str, Any] = {
    "type": "message",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "{}", "annotations": []}],
}
RESPONSE: dict[str, Any] = {
    "id": "resp_1", "object": "response", "status": "completed", "model": "gpt-4o-mini-2024-07-18", "error": None,
    "incomplete_details": None, "output": [{"type": "reasoning", "summary": []}, TEXT],
    "usage": {"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 400}, "output_tokens": 200},
}  # fmt: skip


def answered(**changes: Any) -> Provider:
    return Provider([httpx2.Response(200, json=RESPONSE | changes)])


async def test_the_request_is_the_documented_one_and_leaves_nothing_behind(call: Call) -> None:
    provider = answered()

    await model(provider, endpoint=ENDPOINT).write(PROMPT, call, deadline_s=5)

    ((request,), (body,)) = provider.asked, provider.bodies
    assert str(request.url) == f"{URL}/responses"
    assert (body["instructions"], body["store"]) == (PROMPT.messages[0].content, False)
    assert body["input"] == [{"role": "user", "content": PROMPT.messages[1].content}]
    assert (body["text"]["format"]["type"], body["text"]["format"]["strict"]) == ("json_schema", True)
    assert body["max_output_tokens"] == ENDPOINT.max_output_tokens


async def test_an_answer_comes_with_what_it_cost_cached_tokens_included(call: Call) -> None:
    prices = PriceTable({MODEL: Price.model_validate({"input": "1", "cached": "0.1", "output": "10"})})

    answer, spent = await model(answered(), endpoint=ENDPOINT, prices=prices).write(PROMPT, call, deadline_s=5)

    assert answer == Answer("{}", "stop", "gpt-4o-mini-2024-07-18")
    assert (spent.prompt_tokens, spent.completion_tokens, str(spent.cost_usd)) == (1000, 200, "0.00264")


async def test_f41_an_answer_that_was_cut_off_says_so(call: Call) -> None:
    cut = answered(status="incomplete", incomplete_details={"reason": "max_output_tokens"})

    answer, _ = await model(cut, endpoint=ENDPOINT).write(PROMPT, call, deadline_s=5)

    assert answer.finish_reason == "length"


@pytest.mark.parametrize(
    "changes",
    [
        {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": f"no {SECRET}"}]}]},
        {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
    ],
    ids=["refusal", "content_filter"],
)
async def test_f40_a_refusal_is_permanent(call: Call, changes: dict[str, Any]) -> None:
    assert isinstance(await raised(model(answered(**changes), endpoint=ENDPOINT), call), Permanent)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "failed", "error": {"code": "server_error", "message": SECRET}, "output": []},
        {"status": "failed", "error": None, "output": []},
        {"output": None},
        {"output": "text"},
    ],
    ids=["failed", "failed_silently", "no_output", "strange_output"],
)
async def test_f38_an_answer_that_is_none_is_transient(call: Call, changes: dict[str, Any]) -> None:
    assert isinstance(await raised(model(answered(**changes), endpoint=ENDPOINT), call), Transient)


async def test_openrouter_gets_its_headers_its_model_list_and_says_what_it_cost(call: Call) -> None:
    priced = {**COMPLETION, "usage": {**COMPLETION["usage"], "cost": 0.00125}}
    provider = Provider([httpx2.Response(200, json=priced)])
    endpoint = Endpoint(URL, SECRET_KEY, dialect="openrouter", app_url="https://mm.example", app_title="MovieMind")

    subject = model(
        provider,
        endpoint=endpoint,
        fallbacks=("b", "c"),
        prices=PriceTable({"*": Price(input=Decimal(1), output=Decimal(1))}),
    )
    _, spent = await subject.write(PROMPT, call, deadline_s=5)

    ((request,), (body,)) = provider.asked, provider.bodies
    assert (request.headers["http-referer"], request.headers["x-title"]) == ("https://mm.example", "MovieMind")
    assert body["models"] == [MODEL, "b", "c"]
    assert body["provider"] == {"require_parameters": True}
    assert "max_tokens" in body
    assert "max_completion_tokens" not in body
    assert str(spent.cost_usd) == "0.00125"


async def test_azures_dated_api_has_the_deployment_in_the_path_and_the_key_in_its_own_header(call: Call) -> None:
    provider = Provider([httpx2.Response(200, json=COMPLETION)])
    endpoint = Endpoint("https://r.openai.azure.com", SECRET_KEY, api_version="2024-10-21")

    await model(provider, endpoint=endpoint).write(PROMPT, call, deadline_s=5)

    (request,) = provider.asked
    assert str(request.url) == (
        f"https://r.openai.azure.com/openai/deployments/{MODEL}/chat/completions?api-version=2024-10-21"
    )
    assert request.headers["api-key"] == KEY
    assert "authorization" not in request.headers


async def test_a_compatible_server_is_asked_for_the_schema_then_in_json_mode_then_in_words(call: Call) -> None:
    refused = httpx2.Response(400, json={"error": "response_format is not supported"})
    provider = Provider([refused, refused, httpx2.Response(200, json=COMPLETION)])
    endpoint = Endpoint(URL, SecretStr(""), dialect="compatible", max_output_tokens=512)

    answer, _ = await model(provider, endpoint=endpoint).write(PROMPT, call, deadline_s=5)

    formats = [body.get("response_format", {"type": "none"})["type"] for body in provider.bodies]
    assert formats == ["json_schema", "json_object", "none"]
    assert [body["max_tokens"] for body in provider.bodies] == [512] * 3
    assert "JSON schema" in provider.bodies[2]["messages"][0]["content"]
    assert answer.data_format == "json_plain"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (["{", "}"], "{}"),
        ([{"type": "text", "text": "{"}, {"type": "text", "text": "}"}], "{}"),
        ([{"type": "reasoning"}, {"type": "text", "text": "{}"}], "{}"),
        ([], ""),
    ],
    ids=["strings", "parts", "other_parts", "nothing"],
)
async def test_content_may_come_in_parts(call: Call, content: list[Any], text: str) -> None:
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    provider = Provider([httpx2.Response(200, json={**COMPLETION, "choices": [choice]})])

    answer, _ = await model(provider).write(PROMPT, call, deadline_s=5)

    assert answer.content == text


async def test_a_server_may_count_no_tokens(call: Call) -> None:
    provider = Provider([httpx2.Response(200, text=json.dumps(COMPLETION | {"usage": None}))])

    _, spent = await model(provider).write(PROMPT, call, deadline_s=5)

    assert spent == Spent()
