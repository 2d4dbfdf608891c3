"""What the errors that providers publish mean, read by the SDK as it reads them from the wire."""

import json
from typing import Any

import httpx2
import pytest
from tests.unit.generator.openai.provider import COMPLETION, MODEL, PROMPT, Provider, model, raised
from tests.unit.generator.openai.published import READ, Published
from tests.unit.generator.openai.published_unread import UNREAD

from generator.adapters.circuit import REFUSED_S
from generator.adapters.circuits import Circuits
from generator.adapters.openai.errors import Meaning, Problem, of_body, retry_after_s
from generator.ports import Call
from shared.errors import Permanent, Transient
from shared.jobs import FailureType
from shared.testing.clock import FakeClock

NOON = "Fri, 20 Nov 2026 12:00:00 GMT"
NOON_MS = 1_795_176_000_000


def response(published: Published) -> httpx2.Response:
    content = published.body if isinstance(published.body, str) else json.dumps(published.body)
    return httpx2.Response(published.status, headers=published.headers, content=content)


def named(published: Published) -> str:
    return published.name


@pytest.mark.parametrize("published", READ, ids=named)
async def test_f40_a_published_error_ends_the_call_as_its_meaning_says(call: Call, published: Published) -> None:
    provider, circuits = Provider([response(published)]), Circuits(FakeClock(), [MODEL])

    error = await raised(model(provider, circuits), call)

    ends = {
        Meaning.KEY: (Transient, FailureType.AI_API_ERROR, False, REFUSED_S[0]),
        Meaning.THROTTLED: (Transient, FailureType.RATE_LIMITED, False, published.retry_after_s),
        Meaning.BROKEN: (Transient, FailureType.AI_API_ERROR, True, published.retry_after_s),
        Meaning.CONTENT: (Permanent, FailureType.AI_API_ERROR, None, None),
        Meaning.REFUSED: (Permanent, FailureType.AI_API_ERROR, None, None),
    }
    counted, after_s = getattr(error, "counted", None), getattr(error, "retry_after_s", None)
    assert (type(error), error.failure.type, counted, after_s) == ends[published.meaning]
    assert error.failure.technical_message.startswith(str(published.meaning))
    assert len(provider.asked) == 1


@pytest.mark.parametrize("published", [one for one in UNREAD if one.meaning is Meaning.SCHEMA], ids=named)
async def test_a_refused_schema_is_asked_for_in_words_in_the_same_call(call: Call, published: Published) -> None:
    provider = Provider([response(published), httpx2.Response(200, json=COMPLETION)])
    subject = model(provider)

    answer, _ = await subject.write(PROMPT, call, deadline_s=5)
    await subject.write(PROMPT, call, deadline_s=5)

    assert answer.data_format == "json_plain"
    assert ["response_format" in body for body in provider.bodies] == [True, False, False]


@pytest.mark.parametrize("published", [one for one in UNREAD if one.meaning is Meaning.MODEL], ids=named)
async def test_a_missing_model_is_replaced_by_a_fallback_in_the_same_call(call: Call, published: Published) -> None:
    provider = Provider([response(published), httpx2.Response(200, json=COMPLETION)])
    subject = model(provider, fallbacks=("other",))

    await subject.write(PROMPT, call, deadline_s=5)
    await subject.write(PROMPT, call, deadline_s=5)

    assert [body["model"] for body in provider.bodies] == [MODEL, "other", "other"]


@pytest.mark.parametrize("published", [one for one in UNREAD if one.meaning is Meaning.MODEL], ids=named)
async def test_f40_a_missing_model_without_a_fallback_fails_the_job(call: Call, published: Published) -> None:
    error = await raised(model(Provider([response(published)])), call)

    assert isinstance(error, Permanent)
    assert str(published.status) in error.failure.technical_message


@pytest.mark.parametrize(
    ("inside", "meaning"),
    [
        ({"code": 502, "message": "Provider returned error", "metadata": {"provider_name": "x"}}, Meaning.BROKEN),
        ({"code": 429, "message": "Rate limited upstream"}, Meaning.THROTTLED),
        ({"code": "rate_limit_exceeded", "message": "slow down"}, Meaning.THROTTLED),
        ({"code": "server_error", "message": "sorry"}, Meaning.BROKEN),
        ({"code": "invalid_prompt", "message": "policy"}, Meaning.CONTENT),
        ({"code": 402, "message": "credits"}, Meaning.KEY),
        ({}, Meaning.BROKEN),
    ],
)
def test_an_error_inside_a_good_answer_means_what_its_code_says(inside: dict[str, Any], meaning: Meaning) -> None:
    assert of_body(inside, {}).meaning is meaning


@pytest.mark.parametrize("body", [{"error": {"code": 503, "message": "no provider"}}, {**COMPLETION, "choices": [
    {"finish_reason": "error", "message": {"content": ""}, "error": {"code": 503, "message": "no provider"}}]}],
    ids=["instead_of_choices", "in_a_choice"])  # fmt: skip
async def test_openrouters_error_of_status_200_is_found(call: Call, body: dict[str, Any]) -> None:
    error = await raised(model(Provider([httpx2.Response(200, json=body)])), call)

    assert isinstance(error, Transient)
    assert error.failure.technical_message == Problem(Meaning.BROKEN, 503).sentence


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "120ms"}, 0.12),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1h2m3.5s"}, 3723.5),
        ({"x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "9s"}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "9 fortnights"}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "40"}, 40.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOON_MS + 2500), "date": NOON}, 2.5),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOON_MS + 2500)}, None),
        ({"retry-after": "3", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, 3.0),
    ],
)
def test_f37_the_reset_of_the_used_up_limit_counts_when_nothing_else_is_said(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_s(headers) == seconds
