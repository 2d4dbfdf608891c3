from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.trace import StatusCode

from gateway.http.traced import Traced
from shared.telemetry.context import current_trace_id

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SAMPLED = f"00-{TRACE_ID}-00f067aa0ba902b7-01"


class Route:
    path = "/api/v1/movies/{slug}"


async def requested(
    path: str = "/api/v1/movies/heat-1995",
    *,
    query: str = "",
    traceparent: str = SAMPLED,
    status: int = 200,
    answers: bool = True,
) -> tuple[list[ReadableSpan], list[str | None]]:
    """The spans of one request, and the trace id that its application saw. New traces are not sampled."""
    exporter, seen = InMemorySpanExporter(), list[str | None]()
    provider = TracerProvider(sampler=ParentBased(ALWAYS_OFF))
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    async def application(scope: Any, _receive: Any, send: Any) -> None:
        seen.append(current_trace_id())
        scope["route"] = Route()
        if answers:
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async def send(_message: Any) -> None: ...

    async def receive() -> Any:
        raise AssertionError("nobody reads a body here")

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"traceparent", traceparent.encode())],
        "server": ("127.0.0.1", 8000),
        "client": ("192.0.2.1", 4711),
    }
    await Traced(application, provider)(scope, receive, send)
    return list(exporter.get_finished_spans()), seen


async def test_a_sampled_request_is_a_span_named_by_its_route_under_its_caller() -> None:
    (span,), seen = await requested()

    assert span.name == "GET /api/v1/movies/{slug}"
    assert span.parent is not None
    assert format(span.parent.trace_id, "032x") == TRACE_ID == seen[0]
    assert span.attributes is not None
    assert span.attributes["http.route"] == "/api/v1/movies/{slug}"
    assert span.attributes["http.response.status_code"] == 200


@pytest.mark.parametrize("traceparent", ["", "nonsense", "00-" + "0" * 32 + "-00f067aa0ba902b7-01"])
async def test_a_malformed_parent_starts_a_new_trace_that_the_sampler_decides(traceparent: str) -> None:
    spans, seen = await requested(traceparent=traceparent)

    assert spans == []
    assert seen[0] not in {None, TRACE_ID}


@pytest.mark.parametrize(("status", "answers"), [(500, True), (200, False)])
async def test_a_failed_answer_or_none_is_an_error(status: int, *, answers: bool) -> None:
    (span,), _ = await requested(status=status, answers=answers)

    assert span.status.status_code is StatusCode.ERROR


async def test_f77_a_key_in_the_query_is_not_recorded() -> None:
    (span,), _ = await requested(query="locale=pl-PL&apikey=mm_secret&API_KEY=mm_secret")

    assert span.attributes is not None
    assert span.attributes["url.query"] == "locale=pl-PL&apikey=REDACTED&API_KEY=REDACTED"


async def test_probes_leave_no_trace() -> None:
    spans, seen = await requested("/health/ready")

    assert (spans, seen) == ([], [None])
