import json

import pytest
from tests.integration.gateway.world import MATRIX
from tests.integration.gateway_admin.desk import PATH, QUEUE, Desk, changed

from shared.db.dead_letters import Origin, park_event
from shared.db.engine import Transaction
from shared.db.jobs import request_event
from shared.db.tables import jobs
from shared.envelope import encode
from shared.errors import BadMessage
from shared.events import JobEvent
from shared.jobs import Failure, FailureType
from shared.topology import GENERATION_REQUESTS


async def test_open_letters_are_listed_newest_first(desk: Desk) -> None:
    event = changed()
    first, second = await desk.parked(event), await desk.parked(reason="delivery-limit", origin=Origin.BROKER)

    response = await desk.call("GET", PATH)

    body = response.json()
    assert [letter["id"] for letter in body["data"]] == [str(second), str(first)]
    parked_at = body["data"][1].pop("parked_at")
    assert parked_at.endswith("Z")
    assert body["data"][1] == {
        "id": str(first),
        "queue": QUEUE,
        "origin": "handler",
        "event_id": str(event.event_id),
        "event_type": "entity.changed",
        "job_id": None,
        "reason": "handler-crashed",
        "attempts": 0,
        "replayed_at": None,
        "purged_at": None,
    }
    assert body["pagination"] == {
        "current_page": 1,
        "per_page": 50,
        "total_pages": 1,
        "total": 2,
        "has_next_page": False,
        "has_previous_page": False,
    }


async def test_filters_combine(desk: Desk) -> None:
    crashed, limit = await desk.parked(), await desk.parked(reason="delivery-limit")
    elsewhere = await desk.parked(queue=GENERATION_REQUESTS.name)
    await desk.call("POST", f"{PATH}/{crashed}/replay")
    await desk.call("DELETE", f"{PATH}/{limit}")

    async def listed(**query: str) -> list[str]:
        response = await desk.world.client.get(PATH, params=query, headers={"X-Admin-Token": "x"})
        assert response.status_code == 401
        response = await desk.call("GET", f"{PATH}?" + "&".join(f"{name}={value}" for name, value in query.items()))
        return [letter["id"] for letter in response.json()["data"]]

    assert await listed() == await listed(status="open") == await listed(status="") == [str(elsewhere)]
    assert await listed(status="replayed") == [str(crashed)]
    assert await listed(status="purged") == [str(limit)]
    assert await listed(queue=GENERATION_REQUESTS.name, reason="handler-crashed") == [str(elsewhere)]
    assert await listed(queue=QUEUE) == await listed(reason="delivery-limit") == []


async def test_pages_neither_repeat_nor_skip(desk: Desk) -> None:
    letters = [str(await desk.parked()) for _ in range(5)]

    pages = [(await desk.call("GET", f"{PATH}?page={number}&per_page=2")).json() for number in (1, 2, 3, 4)]

    assert [letter["id"] for page in pages for letter in page["data"]] == letters[::-1]
    assert [page["pagination"]["has_next_page"] for page in pages] == [True, True, False, False]
    assert {page["pagination"]["total"] for page in pages} == {5}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("status=closed", "status"),
        ("page=0", "page"),
        ("per_page=101", "per_page"),
        ("per_page=x", "per_page"),
        ("queue=%00", "queue"),
        (f"reason={'x' * 256}", "reason"),
    ],
)
async def test_a_wrong_filter_is_named(desk: Desk, query: str, name: str) -> None:
    response = await desk.call("GET", f"{PATH}?{query}")

    assert (response.status_code, list(response.json()["errors"])) == (422, [name])


async def test_a_letter_shows_what_it_says(desk: Desk) -> None:
    event = changed()
    letter = await desk.parked(event)

    body = (await desk.call("GET", f"{PATH}/{letter}")).json()

    assert body["payload"] == json.loads(encode(event).body)
    assert body["headers"] == dict(encode(event).headers)
    assert (body["detail"], body["job_status"], body["replayable"]) == ("as the worker saw it", None, True)


async def test_a_letter_of_a_job_tells_its_status(desk: Desk) -> None:
    job_id = await desk.world.accepted(MATRIX)
    failure = Failure(type=FailureType.NOT_FOUND, technical_message="no such film")
    await desk.world.fail(job_id, failure)

    async def parked(tx: Transaction) -> None:
        row = (await tx.execute(jobs.select().where(jobs.c.id == job_id))).mappings().one()
        event = request_event(row)
        assert isinstance(event, JobEvent)
        await park_event(tx, GENERATION_REQUESTS.name, BadMessage("NOT_FOUND", "no such film"), event, attempts=1)

    await desk.database.run(parked)
    (listed,) = (await desk.call("GET", PATH)).json()["data"]
    body = (await desk.call("GET", f"{PATH}/{listed['id']}")).json()

    assert (listed["job_id"], listed["reason"], listed["attempts"]) == (str(job_id), "NOT_FOUND", 1)
    assert body["job_status"] == "FAILED"
    assert body["payload"]["job_id"] == str(job_id)


async def test_f77_credentials_in_a_letter_are_not_shown(desk: Desk) -> None:
    key = "mm_" + "k" * 43
    content = {"note": f"used {key}", "Password": "hunter2-hunter2", "nested": [{"api_key": {"a": "canary-value"}}]}
    headers = {"Authorization": "Bearer canary-bearer", "cloudEvents_type": "entity.changed", "x-attempt": "2"}
    letter = await desk.parked(headers=headers, body=json.dumps(content).encode())
    text = await desk.parked(headers={}, body=f"amqp://user:canary-pass@host/ {key}".encode())

    shown = await desk.call("GET", f"{PATH}/{letter}")
    shown_text = await desk.call("GET", f"{PATH}/{text}")

    assert shown.json()["payload"] == {"note": "used ***", "Password": "***", "nested": [{"api_key": "***"}]}
    assert shown.json()["headers"] == headers | {"Authorization": "***"}
    assert shown_text.json()["payload"] == "amqp://***@host/ ***"
    for canary in (key, "hunter2", "canary"):
        assert canary not in shown.text + shown_text.text


@pytest.mark.parametrize(
    "body", [b"\xff\x00\xfe", b"[" * 5000, b"[" * 40 + b"]" * 40, b"", b'"\\ud800"', b"1e999", b"x" * 70_000]
)
async def test_whatever_was_parked_can_be_shown(desk: Desk, body: bytes) -> None:
    letter = await desk.parked(headers={"a\x00b": "\udcff", "cloudEvents_id": "no uuid"}, body=body)

    response = await desk.call("GET", f"{PATH}/{letter}")

    assert response.status_code == 200
    assert isinstance(response.json()["payload"], str)


@pytest.mark.parametrize("name", ["nobody", "01a1f8e6-106d-70f9-84bd-a78d24295b7b", "%00", "{}"])
async def test_an_unknown_letter_is_not_found(desk: Desk, name: str) -> None:
    for method, path in (("GET", f"{PATH}/{name}"), ("DELETE", f"{PATH}/{name}"), ("POST", f"{PATH}/{name}/replay")):
        response = await desk.call(method, path)

        assert (response.status_code, response.json()["type"]) == (404, "urn:moviemind:problem:not-found")
