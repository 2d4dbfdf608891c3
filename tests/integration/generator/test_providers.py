"""The adapter and the protocols of the providers, over HTTP."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr
from tests.support.calls import a_call
from tests.support.sandbox import Sandbox
from tests.unit.generator.samples import MATRIX

from generator import prompts
from generator.adapters.circuits import Circuits
from generator.adapters.openai import Endpoint, OpenAITextModel
from generator.ports import Answer, Brief, Call, Spent
from generator.routing import ModelRoutes
from shared import ids
from shared.clock import SystemClock
from shared.entities import ContextTag, Form, Locale
from shared.errors import Permanent, Transient
from shared.jobs import FailureType

PROMPT = prompts.render(Brief(MATRIX, Form.DESCRIPTION, Locale.EN, ContextTag.DEFAULT))
KEY = SecretStr("sandbox")
ENDPOINTS: dict[str, Callable[[str], Endpoint]] = {
    "openai": lambda url: Endpoint(f"{url}/openai/v1", KEY),
    "openai_responses": lambda url: Endpoint(f"{url}/openai/v1", KEY, api="responses"),
    "openrouter": lambda url: Endpoint(f"{url}/openrouter/api/v1", KEY, dialect="openrouter"),
    "openrouter_responses": lambda url: Endpoint(
        f"{url}/openrouter/api/v1", KEY, api="responses", dialect="openrouter"
    ),
    "azure_v1": lambda url: Endpoint(f"{url}/azure/openai/v1", KEY),
    "azure_dated": lambda url: Endpoint(f"{url}/azure", KEY, api_version="2024-10-21"),
    "azure_dated_responses": lambda url: Endpoint(
        f"{url}/azure", KEY, api="responses", api_version="2025-04-01-preview"
    ),
}


@pytest.fixture(params=ENDPOINTS)
def endpoint(request: pytest.FixtureRequest, sandbox: Sandbox) -> Endpoint:
    return ENDPOINTS[request.param](sandbox.url)


@pytest.fixture
def call() -> Call:
    return a_call()


def provider_of(endpoint: Endpoint) -> str:
    path = endpoint.base_url
    return next(name for name in ("openrouter", "azure", "openai") if f"/{name}" in path)


def model_name(endpoint: Endpoint) -> str:
    return "openai/gpt-4o-mini" if endpoint.dialect == "openrouter" else "gpt-4o-mini"


@asynccontextmanager
async def connected(endpoint: Endpoint, **options: Any) -> AsyncGenerator[OpenAITextModel]:
    name, clock = model_name(endpoint), SystemClock()
    model = OpenAITextModel(
        endpoint, routes=ModelRoutes(name), connections=4, circuits=Circuits(clock, [name]), clock=clock, **options
    )
    try:
        yield model
    finally:
        await model.close()


async def written(endpoint: Endpoint, call: Call, *, deadline_s: float = 10, **options: Any) -> tuple[Answer, Spent]:
    async with connected(endpoint, **options) as model:
        return await model.write(PROMPT, call, deadline_s=deadline_s)


async def test_every_endpoint_answers_in_the_form_that_was_asked_for(
    endpoint: Endpoint, sandbox: Sandbox, call: Call
) -> None:
    answer, spent = await written(endpoint, call)

    assert set(json.loads(answer.content)) == {"exists", "title", "year", "director", "text"}
    assert (answer.finish_reason, answer.data_format) == ("stop", "json")
    (made,) = await sandbox.calls(provider_of(endpoint))
    assert made["client_request_id"] == str(call.id)
    assert (spent.prompt_tokens, spent.completion_tokens) == (made["prompt_tokens"], made["completion_tokens"])
    assert (spent.cost_usd is not None) is (endpoint.dialect == "openrouter")


@pytest.mark.parametrize("variant", ["openai", "vllm", "ollama", "lm_studio", "deepseek"])
async def test_a_refused_schema_costs_one_request_that_nobody_reads(
    endpoint: Endpoint, sandbox: Sandbox, call: Call, variant: str
) -> None:
    await sandbox.fault("no_schema", provider=provider_of(endpoint), variant=variant)

    async with connected(endpoint) as model:
        first, _ = await model.write(PROMPT, call, deadline_s=10)
        second, _ = await model.write(PROMPT, replace(call, id=ids.row_id()), deadline_s=10)

    assert (first.data_format, second.data_format) == ("json_plain", "json_plain")
    assert json.loads(first.content) == json.loads(second.content)
    calls = await sandbox.calls(provider_of(endpoint))
    assert [made["completion_tokens"] is None for made in calls] == [True, False, False]


@pytest.mark.parametrize(
    ("fault", "error", "kind", "counted"),
    [
        ("throttle", Transient, FailureType.RATE_LIMITED, False),
        ("country", Transient, FailureType.AI_API_ERROR, False),
        ("overloaded", Transient, FailureType.AI_API_ERROR, True),
        ("cloudflare", Transient, FailureType.AI_API_ERROR, True),
        ("failed", Transient, FailureType.AI_API_ERROR, True),
        ("reset", Transient, FailureType.AI_API_ERROR, True),
        ("prompt_filter", Permanent, FailureType.AI_API_ERROR, None),
        ("content_filter", Permanent, FailureType.AI_API_ERROR, None),
        ("refusal", Permanent, FailureType.AI_API_ERROR, None),
        ("context_length", Permanent, FailureType.AI_API_ERROR, None),
        ("model_not_found", Permanent, FailureType.AI_API_ERROR, None),
    ],
)
async def test_f40_every_endpoint_says_what_went_wrong_in_its_own_words_and_the_job_hears_the_same(
    endpoint: Endpoint, sandbox: Sandbox, call: Call, fault: str, error: type[Exception], kind: FailureType,
    *, counted: bool | None,
) -> None:  # fmt: skip
    await sandbox.fault(fault, provider=provider_of(endpoint))

    with pytest.raises((Transient, Permanent)) as stopped:
        await written(endpoint, call)

    assert isinstance(stopped.value, error)
    assert stopped.value.failure.type is kind
    assert getattr(stopped.value, "counted", None) is counted
    assert len(await sandbox.calls(provider_of(endpoint))) == 1


async def test_f40_a_spent_quota_is_the_keys_unless_it_is_that_of_the_provider_behind_openrouter(
    endpoint: Endpoint, sandbox: Sandbox, call: Call
) -> None:
    await sandbox.fault("quota", provider=provider_of(endpoint))

    with pytest.raises(Transient) as stopped:
        await written(endpoint, call)

    behind = endpoint.dialect == "openrouter"
    assert stopped.value.failure.type is (FailureType.RATE_LIMITED if behind else FailureType.AI_API_ERROR)
    assert stopped.value.counted is False


@pytest.mark.parametrize("fault", ["drip", "hang"])
async def test_f39_no_endpoint_holds_a_worker_beyond_the_deadline(
    endpoint: Endpoint, sandbox: Sandbox, call: Call, fault: str
) -> None:
    await sandbox.fault(fault, provider=provider_of(endpoint))

    with pytest.raises(TimeoutError):
        await written(endpoint, call, deadline_s=0.4)


@pytest.mark.parametrize(("fault", "finish_reason"), [("truncate", "length"), ("empty", "stop")])
async def test_f41_a_cut_or_empty_answer_comes_as_it_is(
    endpoint: Endpoint, sandbox: Sandbox, call: Call, fault: str, finish_reason: str
) -> None:
    await sandbox.fault(fault, provider=provider_of(endpoint))

    answer, spent = await written(endpoint, call)

    assert answer.finish_reason == finish_reason
    assert (answer.content == "") is (fault == "empty")
    assert spent.completion_tokens is not None


async def test_an_answer_in_markdown_is_unwrapped(endpoint: Endpoint, sandbox: Sandbox, call: Call) -> None:
    await sandbox.fault("fenced", provider=provider_of(endpoint))

    answer, _ = await written(endpoint, call)

    assert json.loads(answer.content)["exists"] is True


async def test_a_missing_model_is_replaced_by_the_first_fallback_there_is(
    endpoint: Endpoint, sandbox: Sandbox, call: Call
) -> None:
    if endpoint.dialect == "openrouter":
        await sandbox.fault("overloaded", provider="openrouter")  # it changes over by itself, when a model is down too
        fallbacks = ("openai/gpt-4.1-mini",)
    else:
        await sandbox.fault("model_not_found", provider=provider_of(endpoint), times=1)
        fallbacks = ("gpt-4.1-mini",)

    answer, _ = await written(endpoint, call, fallbacks=fallbacks)

    assert answer.model == fallbacks[0]


@pytest.mark.parametrize("fault", ["error_in_body", "credits"])
async def test_openrouters_own_errors_are_heard(sandbox: Sandbox, call: Call, fault: str) -> None:
    await sandbox.fault(fault, provider="openrouter")

    with pytest.raises(Transient) as stopped:
        await written(ENDPOINTS["openrouter"](sandbox.url), call)

    assert stopped.value.counted is (fault == "error_in_body")


async def test_what_openrouter_sends_to_keep_a_connection_alive_is_passed_over(sandbox: Sandbox, call: Call) -> None:
    await sandbox.fault("keep_alive", provider="openrouter")

    answer, _ = await written(ENDPOINTS["openrouter"](sandbox.url), call)

    assert json.loads(answer.content)["exists"] is True
