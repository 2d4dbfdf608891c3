import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.__main__ import main
from sandbox.faults import KINDS, VARIANTS
from sandbox.ledger import CAPACITY, Ledger

Complete = Callable[..., Awaitable[dict[str, Any]]]
Script = Callable[..., Awaitable[dict[str, Any]]]


async def test_health_counts_the_facts(client: httpx.AsyncClient) -> None:
    body = (await client.get("/_sandbox/health")).json()

    assert body["status"] == "ok"
    assert body["facts"]["movie"] == 3


async def test_the_ledger_tells_what_was_asked_and_answered(
    client: httpx.AsyncClient, chat: Callable[..., dict[str, Any]], script: Script
) -> None:
    headers = {"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01", "x-request-id": "mine"}
    await script("openai", "throttle", times=1)
    body = chat(locale="pl-PL", context_tag="modern")

    answered = await client.post("/openai/v1/chat/completions", json=body, headers=headers)
    await client.get("/tmdb/3/search/movie?query=matrix&api_key=secret")
    ledger = (await client.get("/_sandbox/ledger?provider=openai&title=the matrix")).json()
    everything = await client.get("/_sandbox/ledger")

    call = ledger["calls"][0]
    assert ledger["count"] == 1
    assert call["request_id"] == answered.headers["x-request-id"]
    assert call["at_monotonic_ms"] > 0
    assert {name: call[name] for name in ("title", "locale", "tag", "form", "fault", "status", "entity_type")} == {
        "title": "The Matrix",
        "locale": "pl-PL",
        "tag": "modern",
        "form": "description",
        "fault": "throttle",
        "status": 429,
        "entity_type": "MOVIE",
    }
    assert call["traceparent"] == headers["traceparent"]
    assert call["client_request_id"] == "mine"
    assert "secret" not in everything.text


async def test_the_ledger_counts_both_apis_by_model_and_call(
    client: httpx.AsyncClient, chat: Callable[..., dict[str, Any]], response_body: Callable[..., dict[str, Any]]
) -> None:
    headers = {"x-client-request-id": "call-1"}
    await client.post("/openai/v1/chat/completions", json=chat(), headers=headers)
    await client.post("/openai/v1/responses", json=response_body() | {"model": "gpt-4o"})

    mine = (await client.get("/_sandbox/ledger?client_request_id=call-1")).json()
    newer = (await client.get("/_sandbox/ledger?model=gpt-4o&api=responses")).json()

    assert (mine["count"], mine["calls"][0]["api"], mine["calls"][0]["model"]) == (1, "chat", "gpt-4o-mini")
    assert mine["calls"][0]["prompt_tokens"] > 100
    assert mine["calls"][0]["completion_tokens"] > 100
    assert (newer["count"], newer["calls"][0]["locale"]) == (1, "en-US")


async def test_the_ledger_can_be_read_from_a_sequence_and_cleared(client: httpx.AsyncClient) -> None:
    for _ in range(3):
        await client.get("/tmdb/3/movie/603")

    later = (await client.get("/_sandbox/ledger?after=2")).json()
    cleared = (await client.delete("/_sandbox/ledger")).json()

    assert [call["sequence"] for call in later["calls"]] == [3]
    assert cleared == {"deleted": 3}
    assert (await client.get("/_sandbox/ledger")).json()["count"] == 0


def test_the_ledger_forgets_the_oldest_calls() -> None:
    ledger = Ledger()

    for _ in range(CAPACITY + 5):
        ledger.open("tmdb", "GET", "/", "")

    calls = ledger.select()
    assert len(calls) == CAPACITY
    assert calls[0]["sequence"] == 6


def test_every_fault_and_variant_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text("utf-8")
    table = page.partition("## Faults")[2]

    documented = set(re.findall(r"`(\w+)`", table))

    assert set[str]().union(*KINDS.values(), VARIANTS) - documented == set()


async def test_faults_are_listed_counted_and_deleted(client: httpx.AsyncClient, script: Script) -> None:
    first = await script("tmdb", "error", times=2)
    await script("openai", "empty")
    await client.get("/tmdb/3/movie/603")

    listed = (await client.get("/_sandbox/faults")).json()["faults"]
    gone = await client.delete(f"/_sandbox/faults/{first['id']}")
    again = await client.delete(f"/_sandbox/faults/{first['id']}")
    rest = (await client.delete("/_sandbox/faults")).json()

    assert (listed[0]["hits"], listed[0]["times"]) == (1, 1)
    assert gone.status_code == 204
    assert again.status_code == 404
    assert rest == {"deleted": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"provider": "bing"},
        {"provider": []},
        {"fault": "explode"},
        {"fault": {}},
        {"title": ""},
        {"title": 5},
        {"title": "!!!"},
        {"times": 0},
        {"times": True},
        {"status": 200},
        {"delay_s": -1},
        {"delay_s": "x"},
        {"retry_after_s": 1e9},
        {"surprise": 1},
    ],
)
async def test_a_fault_that_cannot_be_scripted_is_refused(client: httpx.AsyncClient, change: dict[str, Any]) -> None:
    body: dict[str, Any] = {"provider": "tmdb", "title": "*", "fault": "error", **change}

    response = await client.post("/_sandbox/faults", json=body)

    assert response.status_code == 422
    assert response.json()["error"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("movie/603", {"runtime": "long"}, 422),
        ("movie/603", {"release_date": "1999-13-01"}, 422),
        ("movie/603", {"genres": ["Nonsense"]}, 422),
        ("movie/603", {"cast": ["Keanu"]}, 422),
        ("movie/603", {"surprise": 1}, 422),
        ("movie/603", {"id": 7}, 422),
        ("tv/1396", {"type": "Podcast"}, 422),
        ("movie/1", {"runtime": 1}, 404),
        ("person/1", {"gender": 1}, 404),
        ("podcast/1", {}, 404),
    ],
)
async def test_a_change_of_facts_that_does_not_fit_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], status: int
) -> None:
    response = await client.patch(f"/_sandbox/facts/{path}", json=body)

    assert response.status_code == status
    assert response.json()["error"]
    assert (await client.get("/tmdb/3/movie/603")).json()["runtime"] == 136


@pytest.mark.parametrize("body", [b"{", b"[]"])
async def test_control_bodies_have_to_be_json_objects(client: httpx.AsyncClient, body: bytes) -> None:
    assert (await client.post("/_sandbox/faults", content=body)).status_code == 400
    assert (await client.patch("/_sandbox/facts/movie/603", content=body)).status_code == 400


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/x", 404), ("PUT", "/_sandbox/faults", 405)])
async def test_what_does_not_exist_is_a_json_error(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    response = await client.request(method, path)

    assert response.status_code == status
    assert response.json()["error"]


def test_a_port_out_of_range_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--port", "70000"])

    assert stopped.value.code == 2
    assert "--port" in capsys.readouterr().err
