from collections.abc import Awaitable, Callable
from typing import Any, cast

import httpx
import httpx2
import openai
import orjson
import pytest
from openai import AsyncAzureOpenAI
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

Body = Callable[..., dict[str, Any]]
Script = Callable[..., Awaitable[dict[str, Any]]]
Converse = Callable[[dict[str, Any]], Awaitable[ChatCompletion]]
VERSION = "2024-10-21"
URL = f"/azure/openai/deployments/gpt-4o-mini/chat/completions?api-version={VERSION}"


@pytest.fixture
def azure(sdk_http: httpx2.AsyncClient) -> AsyncAzureOpenAI:
    return AsyncAzureOpenAI(
        azure_endpoint="http://sandbox/azure", api_key="key", api_version=VERSION, max_retries=0, http_client=sdk_http
    )


@pytest.fixture
def converse(azure: AsyncAzureOpenAI) -> Converse:
    create = cast("Callable[..., Awaitable[ChatCompletion]]", azure.chat.completions.create)
    return lambda body: create(**body)


async def test_a_deployment_answers_with_filter_results(
    azure: AsyncAzureOpenAI, converse: Converse, chat: Body, response_body: Body
) -> None:
    completion = await converse(chat())
    respond = cast("Callable[..., Awaitable[Response]]", azure.responses.create)
    response = await respond(**response_body())

    body = completion.model_dump()
    assert orjson.loads(completion.choices[0].message.content or "")["title"] == "The Matrix"
    assert body["choices"][0]["content_filter_results"]["violence"] == {"filtered": False, "severity": "safe"}
    assert body["prompt_filter_results"][0]["prompt_index"] == 0
    assert orjson.loads(response.output_text)["title"] == "The Matrix"


async def test_the_filter_of_prompts_answers_400_with_its_reasons(
    converse: Converse, chat: Body, script: Script
) -> None:
    await script("azure", "prompt_filter")

    with pytest.raises(openai.BadRequestError) as caught:
        await converse(chat())

    body = caught.value.body
    assert isinstance(body, dict)
    assert caught.value.code == "content_filter"
    assert body["innererror"]["code"] == "ResponsibleAIPolicyViolation"
    assert body["innererror"]["content_filter_result"]["violence"]["filtered"] is True


async def test_the_filter_of_answers_is_a_finish_reason(converse: Converse, chat: Body, script: Script) -> None:
    await script("azure", "content_filter")

    choice = (await converse(chat())).choices[0].model_dump()

    assert choice["finish_reason"] == "content_filter"
    assert choice["content_filter_results"]["violence"] == {"filtered": True, "severity": "medium"}


async def test_throttling_names_the_operation(client: httpx.AsyncClient, chat: Body, script: Script) -> None:
    await script("azure", "throttle", retry_after_s=7)

    response = await client.post(URL, json=chat(), headers={"api-key": "key"})

    assert response.status_code == 429
    assert response.json()["error"]["code"] == "429"
    assert (
        f"ChatCompletions_Create Operation under Azure OpenAI API version {VERSION}"
        in response.json()["error"]["message"]
    )
    assert (response.headers["retry-after"], response.headers["retry-after-ms"]) == ("7", "7000")


async def test_the_rate_limit_speaks_the_same_words(client: httpx.AsyncClient, chat: Body) -> None:
    await client.put("/_sandbox/limits", json={"key": "key", "requests_per_minute": 1})

    served, refused = [await client.post(URL, json=chat(), headers={"api-key": "key"}) for _ in range(2)]

    assert served.status_code == 200
    assert "Please retry after 60 seconds" in refused.json()["error"]["message"]
    assert refused.headers["retry-after"] == "60"


@pytest.mark.parametrize(
    ("path", "key", "status", "code"),
    [
        (URL, "", 401, "401"),
        (URL, "sk-invalid", 401, "401"),
        (URL.replace("gpt-4o-mini", "nothing"), "key", 404, "DeploymentNotFound"),
        (URL.partition("?")[0], "key", 404, "404"),
    ],
    ids=["no-key", "bad-key", "no-deployment", "no-version"],
)
async def test_a_call_that_does_not_fit_is_refused(
    client: httpx.AsyncClient, chat: Body, path: str, key: str, status: int, code: str
) -> None:
    response = await client.post(path, json=chat(), headers={"api-key": key, "authorization": ""})

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


async def test_the_api_without_versions_takes_the_model_from_the_body(client: httpx.AsyncClient, chat: Body) -> None:
    response = await client.post("/azure/openai/v1/chat/completions", json=chat(), headers={"api-key": "key"})

    assert response.status_code == 200
    assert response.json()["model"] == "gpt-4o-mini"
