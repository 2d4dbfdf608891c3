from datetime import UTC, datetime

import pytest
from tests.integration.gateway_admin.desk import PATH, QUEUE, Desk

from shared.topology import GENERATION_REQUESTS

PURGE = f"{PATH}/purge"
YESTERDAY = datetime(2026, 11, 19, tzinfo=UTC)
BEFORE = "2026-11-20T00:00:00Z"


async def test_what_a_purged_letter_said_is_gone(desk: Desk) -> None:
    letter = await desk.parked(body=b'{"canary": 1}')

    first, second = [await desk.call("DELETE", f"{PATH}/{letter}") for _ in range(2)]

    row = await desk.letter(letter)
    shown = (await desk.call("GET", f"{PATH}/{letter}")).json()
    assert [(answer.status_code, answer.content) for answer in (first, second)] == [(204, b""), (204, b"")]
    assert (row["body"], row["headers"], row["detail"]) == ("", {}, "")
    assert (shown["payload"], shown["headers"], shown["replayable"]) == (None, {}, False)
    assert shown["reason"] == "handler-crashed"
    assert await desk.audit() == [("token", "dead-letter.purge", str(letter), {"status": "open"}, {"status": "purged"})]


async def test_a_replayed_letter_can_be_purged(desk: Desk) -> None:
    letter = await desk.parked()
    await desk.call("POST", f"{PATH}/{letter}/replay")

    await desk.call("DELETE", f"{PATH}/{letter}")

    row = await desk.letter(letter)
    assert row["replayed_at"] is not None
    assert row["purged_at"] is not None
    assert (await desk.audit())[1][3:] == ({"status": "replayed"}, {"status": "purged"})
    assert len(await desk.outbox()) == 1


async def test_a_queue_is_purged_up_to_a_time(desk: Desk) -> None:
    old, new, elsewhere = await desk.parked(), await desk.parked(), await desk.parked(queue=GENERATION_REQUESTS.name)
    for letter in (old, elsewhere):
        await desk.parked_at(letter, YESTERDAY)

    body = {"queue": QUEUE, "before": BEFORE}
    first = await desk.call("POST", PURGE, body, idempotency_key="purge-once")
    repeated = await desk.call("POST", PURGE, body, idempotency_key="purge-once")
    again = await desk.call("POST", PURGE, body)

    assert (first.status_code, first.json(), repeated.json(), again.json()) == (
        200,
        {"purged": 1},
        {"purged": 1},
        {"purged": 0},
    )
    assert repeated.headers["idempotent-replayed"] == "true"
    assert [(await desk.letter(letter))["purged_at"] is None for letter in (old, new, elsewhere)] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"queue": QUEUE}, "before"),
        ({"before": BEFORE}, "queue"),
        ({"queue": QUEUE, "before": "yesterday"}, "before"),
        ({"queue": QUEUE, "before": "2026-11-20"}, "before"),
        ({"queue": QUEUE, "before": "2026-11-20T00:00:00"}, "before"),
        ({"queue": QUEUE, "before": "2026-13-20T00:00:00Z"}, "before"),
        ({"queue": QUEUE, "before": "0001-01-01T00:00:00+23:59"}, "before"),
        ({"queue": QUEUE, "before": 1_795_000_000}, "before"),
        ({"queue": QUEUE, "before": BEFORE, "all": True}, "all"),
    ],
)
async def test_a_wrong_purge_is_named(desk: Desk, body: dict[str, object], name: str) -> None:
    letter = await desk.parked()
    await desk.parked_at(letter, YESTERDAY)

    response = await desk.call("POST", PURGE, body)

    assert (response.status_code, list(response.json()["errors"])) == (422, [name])
    assert (await desk.letter(letter))["purged_at"] is None
