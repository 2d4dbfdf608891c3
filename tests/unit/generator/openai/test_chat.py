import contextlib
import json
import logging
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.unit.generator.endless import Endless
from tests.unit.generator.openai.provider import COMPLETION, KEY, MODEL, PROMPT, SECRET, answering, model, raised

from generator.adapters.circuit import REFUSED_S
from generator.adapters.circuits import Circuits
from generator.adapters.openai.endpoint import MAX_BODY_BYTES
from generator.ports import Answer, Call, Spent
from generator.prices import Price, PriceTable
from shared.errors import Permanent, Transient
from shared.jobs import FailureType
from shared.testing.clock import FakeClock

SPENT_QUOTA = {"error": {"message": "quota", "type": "insufficient_quota", "code": "insufficient_quota"}}


async def test_the_request_is_the_documented_one(call: Call) -> None:
    seen: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json=COMPLETION)

    await model(handler).write(PROMPT, call, deadline_s=5)

    (request,) = seen
    body = json.loads(request.content)
    assert str(request.url) == "http://models.example/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert (request.headers["accept-encoding"], request.headers["x-client-request-id"]) == ("identity", str(call.id))
    assert body["messages"] == [{"role": message.role, "content": message.content} for message in PROMPT.messages]
    assert body["response_format"]["type"] == "json_schema"
    assert body["response_format"]["json_schema"]["strict"] is True
    assert body["response_format"]["json_schema"]["schema"]["required"] == [
        "exists", "title", "year", "director", "text",
    ]  # fmt: skip


async def test_an_answer_comes_with_what_it_cost(call: Call) -> None:
    priced = model(
        answering(200, COMPLETION),
        prices=PriceTable({"gpt-4o-mini": Price(input=Decimal("0.15"), output=Decimal("0.60"))}),
    )

    answer, spent = await priced.write(PROMPT, call, deadline_s=5)

    assert answer == Answer("{}", "stop", "gpt-4o-mini-2024-07-18")
    assert spent == Spent(1000, 200, Decimal("0.00027"))


async def test_an_answer_may_lack_usage_and_model(call: Call) -> None:
    bare = {"choices": [{"message": {"content": None}}]}

    answer, spent = await model(answering(200, bare)).write(PROMPT, call, deadline_s=5)

    assert (answer, spent) == (Answer("", "", "gpt-4o-mini"), Spent())


@pytest.mark.parametrize(
    ("headers", "retry_after_s"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "999999999"}, 86_400.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "9" * 5000, "retry-after": "3"}, 3.0),
        ({"retry-after": "Fri, 20 Nov 2026 09:00:20 GMT", "date": "Fri, 20 Nov 2026 09:00:00 GMT"}, 20.0),
    ],
)
async def test_f37_a_throttled_call_says_when_to_come_back_and_does_not_count(
    call: Call, headers: dict[str, str], retry_after_s: float | None
) -> None:
    error = await raised(model(answering(429, headers=headers)), call)

    assert isinstance(error, Transient)
    assert error.failure.type is FailureType.RATE_LIMITED
    assert (error.retry_after_s, error.counted) == (retry_after_s, False)


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 529])
async def test_f38_a_failing_provider_is_transient(call: Call, status: int) -> None:
    error = await raised(model(answering(status, headers={"retry-after": "4"})), call)

    assert isinstance(error, Transient)
    assert (error.failure.type, error.retry_after_s, error.counted) == (FailureType.AI_API_ERROR, 4.0, True)


@pytest.mark.parametrize("status", [302, 400, 404, 413, 422])
async def test_f40_a_refused_call_is_permanent(call: Call, status: int) -> None:
    error = await raised(model(answering(status)), call)

    assert isinstance(error, Permanent)
    assert error.failure.type is FailureType.AI_API_ERROR


@pytest.mark.parametrize(("status", "body"), [(401, None), (403, None), (429, SPENT_QUOTA)])
async def test_f40_a_refused_key_is_waited_for_and_counts_against_no_job(call: Call, status: int, body: Any) -> None:
    error = await raised(model(answering(status, body)), call)

    assert isinstance(error, Transient)
    assert (error.failure.type, error.retry_after_s, error.counted) == (FailureType.AI_API_ERROR, REFUSED_S[0], False)


@pytest.mark.parametrize(
    ("statuses", "closed"),
    [([500] * 4, True), ([500] * 5, False), ([408] * 5, False), ([*[500] * 4, 200, 500], True), ([401], False),
     ([429], False), ([400] * 20, True)],
)  # fmt: skip
async def test_f38_the_circuit_hears_how_each_call_ended(call: Call, statuses: list[int], *, closed: bool) -> None:
    circuits, left = Circuits(FakeClock(), [MODEL]), iter(statuses)
    subject = model(lambda _: httpx2.Response(next(left), json=COMPLETION), circuits)

    for _ in statuses:
        with contextlib.suppress(Transient, Permanent):
            await subject.write(PROMPT, call, deadline_s=5)

    assert (circuits.of(MODEL).pause_s <= 0) is closed


@pytest.mark.parametrize(
    "choice",
    [
        {"finish_reason": "stop", "message": {"content": None, "refusal": f"no {SECRET}"}},
        {"finish_reason": "content_filter", "message": {"content": ""}},
    ],
)
async def test_f40_a_refusal_is_permanent(call: Call, choice: dict[str, Any]) -> None:
    error = await raised(model(answering(200, {**COMPLETION, "choices": [choice]})), call)

    assert isinstance(error, Permanent)
    assert error.failure.type is FailureType.AI_API_ERROR


@pytest.mark.parametrize("error", [httpx2.ConnectError("no"), httpx2.ReadError("reset"), ConnectionResetError("reset")])
async def test_f38_a_broken_connection_is_transient(call: Call, error: Exception) -> None:
    def handler(_: httpx2.Request) -> httpx2.Response:
        raise error

    found = await raised(model(handler), call)

    assert isinstance(found, Transient)
    assert found.failure.type is FailureType.AI_API_ERROR


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(200, text=f"<html>{SECRET}</html>", headers={"content-type": "text/html"}),
        httpx2.Response(200, text="{", headers={"content-type": "application/json"}),
        httpx2.Response(200, json={"choices": []}),
        httpx2.Response(200, json=[SECRET]),
        httpx2.Response(200, content=b"\xff\xfe", headers={"content-type": "application/json"}),
        httpx2.Response(200, json={**COMPLETION, "usage": {"prompt_tokens": -1, "completion_tokens": 10**12}}),
    ],
)
async def test_f41_an_answer_that_is_no_completion_is_transient(call: Call, response: httpx2.Response) -> None:
    found = await raised(model(lambda _: response), call)

    assert isinstance(found, Transient)
    assert found.failure.type is FailureType.AI_API_ERROR


@pytest.mark.parametrize("status", [200, 500])
async def test_f41_an_endless_answer_is_not_read_to_its_end(call: Call, status: int) -> None:
    stream = Endless(b" " * 65536, stalls=False)

    found = await raised(model(lambda _: httpx2.Response(status, stream=stream)), call)

    assert isinstance(found, Transient)
    assert stream.sent <= MAX_BODY_BYTES + 65536
    assert stream.closed


async def test_an_encoded_answer_is_not_decoded(call: Call) -> None:
    stream = Endless(b"\x1f\x8b", stalls=False)
    packed = httpx2.Response(200, stream=stream, headers={"content-encoding": "gzip"})

    found = await raised(model(lambda _: packed), call)

    assert isinstance(found, Transient)
    assert (stream.sent, stream.closed) == (0, True)


async def test_f39_a_dripping_answer_ends_at_the_total_deadline(call: Call) -> None:
    stream = Endless(b" ", stalls=True)

    with pytest.raises(TimeoutError):
        await model(lambda _: httpx2.Response(200, stream=stream)).write(PROMPT, call, deadline_s=0.05)

    assert stream.closed


async def test_f39_a_timeout_of_the_transport_is_a_timeout(call: Call) -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("late", request=request)

    with pytest.raises(TimeoutError):
        await model(handler).write(PROMPT, call, deadline_s=5)


async def test_a_call_is_one_client_span_without_content(call: Call, spans: InMemorySpanExporter) -> None:
    headers: list[str | None] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        headers.append(request.headers.get("traceparent"))
        return httpx2.Response(200, json=COMPLETION)

    await model(handler).write(PROMPT, call, deadline_s=5)

    (span,) = spans.get_finished_spans()
    attributes = dict(span.attributes or {})
    assert (span.name, span.kind.name, span.status.status_code.name) == ("chat gpt-4o-mini", "CLIENT", "UNSET")
    assert attributes["gen_ai.request.model"] == "gpt-4o-mini"
    assert attributes["gen_ai.response.model"] == "gpt-4o-mini-2024-07-18"
    assert attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert (attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.usage.output_tokens"]) == (1000, 200)
    assert (attributes["server.address"], attributes["server.port"]) == ("models.example", 80)
    assert attributes["moviemind.job.id"] == str(call.attempt.job_id)
    assert span.context is not None
    assert headers[0] is not None
    assert headers[0].startswith(f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-")
    assert SECRET not in span.to_json()
    assert KEY not in span.to_json()


async def test_i12_a_failed_call_leaks_nothing(
    call: Call, spans: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    await raised(model(answering(401)), call)

    (span,) = spans.get_finished_spans()
    assert (dict(span.attributes or {})["error.type"], span.status.status_code.name) == ("AI_API_ERROR", "ERROR")
    assert not span.events
    for shown in (span.to_json(), *(record.getMessage() for record in caplog.records)):
        assert SECRET not in shown
        assert KEY not in shown


async def test_the_sdk_does_not_retry(call: Call) -> None:
    asked: list[int] = []

    def handler(_: httpx2.Request) -> httpx2.Response:
        asked.append(1)
        return httpx2.Response(500, json={})

    await raised(model(handler), replace(call, seconds_left=1))

    assert len(asked) == 1
