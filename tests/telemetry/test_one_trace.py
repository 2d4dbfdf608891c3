"""One request is one trace: from the HTTP request through relay, broker, workers, providers and database to the invalidation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.system import System, eventually, running

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    directory: Path = tmp_path_factory.mktemp("traced") / "data"
    with running(directory, settings={"JOB_RETRY_LADDER_S": "0.2"}) as system:
        yield system


@pytest.fixture(scope="module")
def spans(system: System) -> list[dict[str, Any]]:
    """The spans of one generation whose first attempt fails, so that a retry is part of it."""
    system.fault(provider="openai", title="The Matrix", fault="error", times=1)
    with system.client() as client:
        headers = {"traceparent": f"00-{TRACE_ID}-00f067aa0ba902b7-01"}
        body = {"entity_type": "MOVIE", "slug": "the-matrix-1999", "locale": "pl-PL"}
        answer = client.post("/api/v1/generate", json=body, headers=headers)
        assert answer.headers["x-trace-id"] == TRACE_ID
        assert system.finished(answer.json()["job_id"])["status"] == "DONE"
    consumers = {"generator": 2, "cache-invalidator": 1}
    eventually(
        lambda: (
            all(len(one(system.spans(TRACE_ID), name, "", "CONSUMER")) >= count for name, count in consumers.items())
            and bool(one(system.spans(TRACE_ID), "gateway", "/api/v1/generate", "SERVER"))
        ),
        "the spans of every service",
    )
    return system.spans(TRACE_ID)


def parents(spans: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {span["span_id"]: span for span in spans}


def ancestors(span: dict[str, Any], by_id: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while (parent := by_id.get(span["parent_id"])) is not None:
        found.append(parent)
        span = parent
    return found


def one(spans: list[dict[str, Any]], service: str, part_of_name: str, kind: str) -> list[dict[str, Any]]:
    return [
        span for span in spans if (span["service"], span["kind"]) == (service, kind) and part_of_name in span["name"]
    ]


def test_every_service_takes_part(spans: list[dict[str, Any]]) -> None:
    assert {span["service"] for span in spans} == {"gateway", "generator", "cache-invalidator"}


def test_the_generator_works_under_the_request(spans: list[dict[str, Any]]) -> None:
    by_id = parents(spans)
    request = one(spans, "gateway", "/api/v1/generate", "SERVER")[0]
    consumed = one(spans, "generator", "generation.requested", "CONSUMER")

    assert consumed
    assert all(request in ancestors(span, by_id) for span in consumed)


def test_a_retry_stays_in_the_trace(spans: list[dict[str, Any]]) -> None:
    calls = [span for span in spans if "gen_ai.request.model" in span["attributes"]]

    assert [call["status"] for call in sorted(calls, key=lambda call: call["start_ns"])] == ["ERROR", "UNSET"]
    assert len([span for span in spans if span["service"] == "generator" and span["kind"] == "CONSUMER"]) == 2


def test_providers_and_database_are_children_of_the_attempt(spans: list[dict[str, Any]]) -> None:
    by_id = parents(spans)
    attempts = {span["span_id"] for span in one(spans, "generator", "generation.requested", "CONSUMER")}
    below = [span for span in spans if attempts & {parent["span_id"] for parent in ancestors(span, by_id)}]

    assert any("/tmdb/3/" in str(span["attributes"]) for span in below)
    assert any("gen_ai.request.model" in span["attributes"] for span in below)
    assert any(span["attributes"].get("db.system") == "postgresql" for span in below)


def test_the_providers_are_called_within_the_trace(system: System, spans: list[dict[str, Any]]) -> None:
    by_id = parents(spans)
    calls = system.calls("openai", "The Matrix") + system.calls("tmdb", "The Matrix")
    named = [call["traceparent"].split("-") for call in calls if call["traceparent"]]

    assert {trace_id for _, trace_id, _, _ in named} == {TRACE_ID}
    assert all(span_id in by_id for _, _, span_id, _ in named)
    assert len(named) >= 3


def test_the_invalidation_follows_the_completion(spans: list[dict[str, Any]]) -> None:
    by_id = parents(spans)
    invalidated = one(spans, "cache-invalidator", "generation.completed", "CONSUMER")[0]
    services = [span["service"] for span in ancestors(invalidated, by_id)]

    assert "generator" in services
    assert "gateway" in services


def test_attempts_name_their_job(spans: list[dict[str, Any]]) -> None:
    consumed = one(spans, "generator", "", "CONSUMER")

    assert {span["attributes"]["moviemind.job.attempt"] for span in consumed} == {1, 2}
    assert len({span["attributes"]["moviemind.job.id"] for span in consumed}) == 1


def test_no_span_holds_a_secret_or_a_payload(system: System, spans: list[dict[str, Any]]) -> None:
    everything = str(spans)

    assert system.key not in everything
    assert "api_key=sandbox" not in everything
    assert "<request>" not in everything
