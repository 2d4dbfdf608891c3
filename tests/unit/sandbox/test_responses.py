from collections.abc import Awaitable, Callable
from typing import Any, cast

import httpx
import orjson
import pytest
from openai import AsyncOpenAI, BadRequestError
from openai.types.responses import Response

from sandbox.openai.asked import tokens

Body = Callable[..., dict[str, Any]]
Complete = Callable[..., Awaitable[dict[str, Any]]]
Script = Callable[..., Awaitable[dict[str, Any]]]
Respond = Callable[[dict[str, Any]], Awaitable[Response]]
URL = "/openai/v1/responses"


@pytest.fixture
def respond(sdk: AsyncOpenAI) -> Respond:
    create = cast("Callable[..., Awaitable[Response]]", sdk.responses.create)
    return lambda body: create(**body)


async def test_a_response_is_what_the_sdk_expects(respond: Respond, response_body: Body) -> None:
    body = response_body()

    response = await respond(body)

    answer = orjson.loads(response.output_text)
    assert (response.object, response.status, response.error) == ("response", "completed", None)
    assert response.id.startswith("resp_")
    assert (answer["exists"], answer["title"]) == (True, "The Matrix")
    assert response.instructions == body["instructions"]
    assert response.text is not None
    assert response.text.format is not None
    assert response.text.format.type == "json_schema"
    assert response.usage is not None
    assert response.usage.input_tokens == tokens(f"{body['instructions']}\n{body['input']}")
    assert response.usage.output_tokens == tokens(response.output_text)
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


async def test_both_apis_say_the_same(respond: Respond, response_body: Body, complete: Complete) -> None:
    response = await respond(response_body())

    assert orjson.loads(response.output_text) == await complete()


@pytest.mark.parametrize("part", ["Write.", [{"type": "input_text", "text": "Write."}]], ids=["text", "parts"])
async def test_input_may_be_a_list_of_messages(respond: Respond, response_body: Body, part: Any) -> None:
    body = response_body()
    body["input"] = [{"role": "developer", "content": part}, {"role": "user", "content": body["input"]}]

    response = await respond(body)

    assert orjson.loads(response.output_text)["title"] == "The Matrix"


async def test_a_reasoning_model_thinks_before_its_message(respond: Respond, response_body: Body) -> None:
    response = await respond(response_body() | {"model": "gpt-5-mini"})

    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert orjson.loads(response.output_text)["exists"] is True


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        ("truncate", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
        ("failed", "failed", None),
    ],
)
async def test_an_answer_that_did_not_end_says_why(
    respond: Respond, response_body: Body, script: Script, kind: str, status: str, reason: str | None
) -> None:
    await script("openai", kind)

    response = await respond(response_body())

    assert response.status == status
    assert (response.incomplete_details.reason if response.incomplete_details else None) == reason
    assert (response.error.code if response.error else None) == ("server_error" if kind == "failed" else None)


async def test_the_token_limit_makes_it_incomplete(respond: Respond, response_body: Body) -> None:
    response = await respond(response_body() | {"max_output_tokens": 16})

    assert response.status == "incomplete"
    assert response.usage is not None
    assert response.usage.output_tokens == 16


async def test_a_refusal_is_a_part_of_the_message(respond: Respond, response_body: Body, script: Script) -> None:
    await script("openai", "refusal")

    response = await respond(response_body())

    message = response.output[0]
    assert message.type == "message"
    assert [part.type for part in message.content] == ["refusal"]
    assert response.output_text == ""


@pytest.mark.parametrize(
    ("change", "status", "code", "param"),
    [
        ({"model": "gpt-unknown"}, 404, "model_not_found", None),
        ({"input": []}, 400, "invalid_type", "input"),
        ({"input": 5}, 400, "invalid_type", "input"),
        ({"instructions": 5}, 400, "invalid_type", "instructions"),
        ({"max_output_tokens": 15}, 400, "integer_below_min_value", "max_output_tokens"),
        ({"temperature": 3}, 400, "invalid_value", "temperature"),
        ({"stream": True}, 400, "unsupported_value", "stream"),
        ({"response_format": {"type": "text"}}, 400, "unsupported_parameter", "response_format"),
        ({"text": {"format": {"type": "json_schema"}}}, 400, "missing_required_parameter", "text.format.name"),
        ({"text": {"format": {"type": "xml"}}}, 400, "invalid_value", "text.format.type"),
        ({"model": "gpt-4-turbo"}, 400, None, "text.format"),
    ],
    ids=[
        "model", "no-input", "number", "instructions", "limit", "temperature", "stream", "moved", "schema-name", "format",
        "no-schema",
    ],
)  # fmt: skip
async def test_a_bad_request_is_refused(
    client: httpx.AsyncClient,
    response_body: Body,
    change: dict[str, Any],
    status: int,
    code: str | None,
    param: str | None,
) -> None:
    response = await client.post(URL, json=response_body() | change)

    assert response.status_code == status
    assert (response.json()["error"]["code"], response.json()["error"]["param"]) == (code, param)


async def test_faults_of_chat_hit_responses_too(respond: Respond, response_body: Body, script: Script) -> None:
    await script("openai", "no_schema", times=1)
    await script("openai", "context_length", times=1)

    with pytest.raises(BadRequestError) as schema:
        await respond(response_body())
    with pytest.raises(BadRequestError) as long:
        await respond(response_body())

    assert "'text.format' of type 'json_schema' is not supported" in schema.value.message
    assert (long.value.code, long.value.param) == ("context_length_exceeded", "input")
