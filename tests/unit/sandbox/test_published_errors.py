from collections.abc import Awaitable, Callable
from typing import Any, cast

import httpx
import openai
import orjson
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletion

Body = Callable[..., dict[str, Any]]
Script = Callable[..., Awaitable[dict[str, Any]]]
Converse = Callable[[dict[str, Any]], Awaitable[ChatCompletion]]
URL = "/openai/v1/chat/completions"


@pytest.fixture
def converse(sdk: AsyncOpenAI) -> Converse:
    create = cast("Callable[..., Awaitable[ChatCompletion]]", sdk.chat.completions.create)
    return lambda body: create(**body)


@pytest.mark.parametrize(
    ("kind", "raised", "code", "type_"),
    [
        ("throttle", openai.RateLimitError, "rate_limit_exceeded", "requests"),
        ("quota", openai.RateLimitError, "insufficient_quota", "insufficient_quota"),
        ("country", openai.PermissionDeniedError, "unsupported_country_region_territory", "request_forbidden"),
        ("model_not_found", openai.NotFoundError, "model_not_found", "invalid_request_error"),
        ("context_length", openai.BadRequestError, "context_length_exceeded", "invalid_request_error"),
        ("prompt_filter", openai.BadRequestError, "invalid_prompt", "invalid_request_error"),
        ("overloaded", openai.InternalServerError, None, "server_error"),
        ("failed", openai.InternalServerError, None, "server_error"),
    ],
)
async def test_the_sdk_knows_the_error(
    converse: Converse,
    chat: Body,
    script: Script,
    kind: str,
    raised: type[openai.APIStatusError],
    code: str | None,
    type_: str,
) -> None:
    await script("openai", kind)

    with pytest.raises(raised) as caught:
        await converse(chat())

    assert (caught.value.code, caught.value.type) == (code, type_)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 502, 503, 504, 529])
async def test_every_status_has_a_body_the_sdk_can_read(
    converse: Converse, chat: Body, script: Script, status: int
) -> None:
    await script("openai", "error", status=status)

    with pytest.raises(openai.APIStatusError) as caught:
        await converse(chat())

    assert caught.value.status_code == status
    assert isinstance(caught.value.body, dict)


@pytest.mark.parametrize("status", [502, 520, 524])
async def test_a_page_of_the_proxy_is_html(client: httpx.AsyncClient, chat: Body, script: Script, status: int) -> None:
    await script("openai", "cloudflare", status=status)

    response = await client.post(URL, json=chat())

    assert response.status_code == status
    assert response.headers["content-type"] == "text/html; charset=UTF-8"
    assert response.headers["server"] == "cloudflare"
    assert str(status) in response.text
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(response.content)


@pytest.mark.parametrize(
    ("variant", "status", "words"),
    [
        ("openai", 400, "'response_format' of type 'json_schema' is not supported with this model"),
        ("vllm", 400, "features not supported by xgrammar"),
        ("ollama", 500, "invalid JSON schema in format"),
        ("lm_studio", 400, "'response_format.json_schema.schema' must be an object"),
        ("deepseek", 400, "This response_format type is unavailable now"),
    ],
)
async def test_a_refused_schema_hits_calls_with_a_schema_only(
    client: httpx.AsyncClient, chat: Body, script: Script, variant: str, status: int, words: str
) -> None:
    await script("openai", "no_schema", times=1, variant=variant)

    plain = await client.post(URL, json=chat() | {"response_format": {"type": "text"}})
    refused = await client.post(URL, json=chat())
    served = await client.post(URL, json=chat())

    assert plain.status_code == 200
    assert refused.status_code == status
    error = refused.json()["error"]
    assert words in (error if variant == "lm_studio" else error["message"])
    assert served.status_code == 200


@pytest.mark.parametrize(("model", "kind"), [("gpt-4-turbo", "json_schema"), ("gpt-4", "json_object")])
async def test_an_old_model_has_no_such_format(client: httpx.AsyncClient, chat: Body, model: str, kind: str) -> None:
    body = chat()
    body["model"] = model
    body["response_format"]["type"] = kind

    response = await client.post(URL, json=body)

    assert response.status_code == 400
    assert f"'response_format' of type '{kind}' is not supported with this model" in response.json()["error"]["message"]


async def test_a_variant_nobody_knows_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/_sandbox/faults", json={"provider": "openai", "fault": "no_schema", "variant": "bard"}
    )

    assert response.status_code == 422


async def test_retry_after_comes_in_seconds_and_in_milliseconds(
    client: httpx.AsyncClient, chat: Body, script: Script
) -> None:
    await script("openai", "throttle", retry_after_s=0.25)

    headers = (await client.post(URL, json=chat())).headers

    assert (headers["retry-after"], headers["retry-after-ms"]) == ("1", "250")
