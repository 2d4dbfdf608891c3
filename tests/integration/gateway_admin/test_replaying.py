import asyncio

import pytest
from sqlalchemy import update
from tests.integration.gateway_admin.desk import PATH, QUEUE, Desk, changed

from shared import ids, outbox
from shared.db.engine import Transaction
from shared.db.tables import dead_letters
from shared.envelope import encode
from shared.topology import GENERATION_REQUESTS

REPLAY = f"{PATH}/replay"


async def test_f86_a_letter_goes_back_to_its_own_queue_as_it_was(desk: Desk) -> None:
    event = changed()
    envelope = encode(event)
    letter = await desk.parked(event)

    response = await desk.call("POST", f"{PATH}/{letter}/replay")

    (row,) = await desk.outbox()
    body = response.json()
    assert (response.status_code, body["id"], body["event_id"]) == (202, str(letter), str(event.event_id))
    assert body["job_status"] is None
    assert (row["event_id"], row["target_queue"], row["routing_key"]) == (event.event_id, QUEUE, QUEUE)
    assert (row["payload"].encode(), row["headers"], row["type"]) == (envelope.body, envelope.headers, envelope.type)
    assert (await desk.letter(letter))["replayed_at"] is not None
    assert await desk.audit() == [
        ("token", "dead-letter.replay", str(letter), {"status": "open"}, {"status": "replayed"})
    ]


async def test_f52_bytes_that_no_version_of_ours_reads_are_kept_as_they_came(desk: Desk) -> None:
    body = ' {"event_id" : "x",\t"naïve": "☃" }\n'.encode()
    headers = {"cloudEvents_type": "entity.changed", "cloudEvents_dataversion": "2", "x-death": [{"count": 3}]}
    letter = await desk.parked(reason="unknown-version", headers=headers, body=body)

    response = await desk.call("POST", f"{PATH}/{letter}/replay")

    (row,) = await desk.outbox()
    assert response.json()["event_id"] == str(letter)
    assert row["payload"].encode() == body
    assert row["headers"] == {"cloudEvents_type": "entity.changed", "cloudEvents_dataversion": "2"}


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b'{"a": "\x00"}', b"x" * 70_000], ids=["not UTF-8", "with NUL", "too long"]
)
async def test_f53_what_can_be_no_event_is_kept_but_not_sent_again(desk: Desk, body: bytes) -> None:
    letter = await desk.parked(reason="bad-body", body=body)

    response = await desk.call("POST", f"{PATH}/{letter}/replay")
    several = await desk.call("POST", REPLAY, {"ids": [str(letter)]})

    assert (response.status_code, response.json()["type"]) == (409, "urn:moviemind:problem:conflict")
    assert "can be no event" in response.json()["detail"]
    assert several.json() == {"replayed": 0}
    assert (await desk.letter(letter))["replayed_at"] is None
    assert (await desk.outbox(), await desk.audit()) == ([], [])


async def test_a_letter_is_replayed_once(desk: Desk) -> None:
    letter = await desk.parked()

    answers = await asyncio.gather(*(desk.call("POST", f"{PATH}/{letter}/replay") for _ in range(5)))
    again = await desk.call("POST", f"{PATH}/{letter}/replay")

    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409, 409]
    assert (again.status_code, again.json()["type"]) == (409, "urn:moviemind:problem:conflict")
    assert (len(await desk.outbox()), len(await desk.audit())) == (1, 1)


async def test_a_purged_letter_is_not_replayed(desk: Desk) -> None:
    letter = await desk.parked()
    await desk.call("DELETE", f"{PATH}/{letter}")

    assert (await desk.call("POST", f"{PATH}/{letter}/replay")).status_code == 409
    assert await desk.outbox() == []


async def test_a_retry_that_waits_already_is_not_hurried(desk: Desk) -> None:
    event = changed()
    letter = await desk.parked(event)

    async def retry(tx: Transaction) -> None:
        await outbox.add_retry(tx, event, QUEUE, 60.0, 1)

    await desk.database.run(retry)
    (before,) = await desk.outbox()

    response = await desk.call("POST", f"{PATH}/{letter}/replay")

    assert response.status_code == 202
    assert await desk.outbox() == [before]


async def test_a_message_that_fails_again_gets_a_letter_of_its_own(desk: Desk) -> None:
    event = changed()
    first = await desk.parked(event)
    await desk.call("POST", f"{PATH}/{first}/replay")

    second = await desk.parked(event)

    listed = (await desk.call("GET", PATH)).json()["data"]
    assert [letter["id"] for letter in listed] == [str(second)]
    assert first != second


async def test_f86_a_whole_queue_goes_back(desk: Desk) -> None:
    events = [changed() for _ in range(3)]
    letters = [await desk.parked(event) for event in events]
    other = await desk.parked(queue=GENERATION_REQUESTS.name)

    response = await desk.call("POST", REPLAY, {"queue": QUEUE})

    assert (response.status_code, response.json()) == (202, {"replayed": 3})
    assert {row["event_id"] for row in await desk.outbox()} == {event.event_id for event in events}
    assert {target for _, _, target, _, _ in await desk.audit()} == set(map(str, letters))
    assert (await desk.letter(other))["replayed_at"] is None


async def test_several_are_chosen_by_id_or_by_reason(desk: Desk) -> None:
    first, second = await desk.parked(), await desk.parked()
    limit = await desk.parked(reason="delivery-limit")

    by_id = await desk.call("POST", REPLAY, {"ids": [str(first), str(first), str(ids.row_id())]})
    by_reason = await desk.call("POST", REPLAY, {"queue": QUEUE, "reason": "delivery-limit"})
    nothing = await desk.call("POST", REPLAY, {"reason": "delivery-limit"})

    assert [answer.json()["replayed"] for answer in (by_id, by_reason, nothing)] == [1, 1, 0]
    assert [(await desk.letter(letter))["replayed_at"] is None for letter in (first, second, limit)] == [
        False,
        True,
        False,
    ]


async def test_one_request_takes_the_five_hundred_oldest(desk: Desk) -> None:
    await desk.parked_many(501)
    newest = await desk.parked()

    first = await desk.call("POST", REPLAY, {"queue": QUEUE})
    left_open = (await desk.letter(newest))["replayed_at"]
    second = await desk.call("POST", REPLAY, {"queue": QUEUE})

    assert (first.json(), left_open, second.json()) == ({"replayed": 500}, None, {"replayed": 2})


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "body"),
        ({"ids": []}, "ids"),
        ({"ids": ["x"]}, "ids.0"),
        ({"ids": [1]}, "ids.0"),
        ({"ids": [str(ids.row_id())] * 501}, "ids"),
        ({"ids": [str(ids.row_id())], "queue": QUEUE}, "body"),
        ({"queue": ""}, "queue"),
        ({"queue": QUEUE, "status": "open"}, "status"),
    ],
)
async def test_a_wrong_choice_is_named(desk: Desk, body: dict[str, object], name: str) -> None:
    letter = await desk.parked()

    response = await desk.call("POST", REPLAY, body)

    assert (response.status_code, list(response.json()["errors"])) == (422, [name])
    assert (await desk.letter(letter))["replayed_at"] is None


async def test_a_replay_of_one_takes_no_members(desk: Desk) -> None:
    letter = await desk.parked()

    assert (await desk.call("POST", f"{PATH}/{letter}/replay", {"force": True})).status_code == 422
    assert (await desk.call("POST", f"{PATH}/{letter}/replay", {})).status_code == 202


async def test_a_repeated_key_gets_the_first_answer(desk: Desk) -> None:
    letter = await desk.parked()
    await desk.parked()
    one, many = f"{PATH}/{letter}/replay", {"queue": QUEUE}

    first = await desk.call("POST", one, idempotency_key="replay-one")
    repeated = await desk.call("POST", one, idempotency_key="replay-one")
    all_of_it = await desk.call("POST", REPLAY, many, idempotency_key="replay-many")
    repeated_all = await desk.call("POST", REPLAY, many, idempotency_key="replay-many")
    other = await desk.call("POST", REPLAY, {"reason": "x"}, idempotency_key="replay-many")
    invalid = await desk.call("POST", REPLAY, many, idempotency_key="short")

    assert (repeated.status_code, repeated.json()) == (202, first.json())
    assert repeated.headers["idempotent-replayed"] == "true"
    assert (all_of_it.json(), repeated_all.json()) == ({"replayed": 1}, {"replayed": 1})
    assert (other.status_code, other.json()["type"]) == (422, "urn:moviemind:problem:idempotency-key-reused")
    assert invalid.status_code == 400
    assert len(await desk.outbox()) == 2


async def test_a_refusal_is_not_kept_under_its_key(desk: Desk) -> None:
    letter = await desk.parked()
    missing = f"{PATH}/{ids.row_id()}/replay"

    async def hidden(tx: Transaction, *, exact: bool) -> None:
        await tx.execute(update(dead_letters).where(dead_letters.c.id == letter).values(exact=exact))

    await desk.database.run(lambda tx: hidden(tx, exact=False))
    refused = await desk.call("POST", f"{PATH}/{letter}/replay", idempotency_key="try-again")
    await desk.database.run(lambda tx: hidden(tx, exact=True))
    accepted = await desk.call("POST", f"{PATH}/{letter}/replay", idempotency_key="try-again")
    not_found = await desk.call("POST", missing, idempotency_key="not-there")

    assert [refused.status_code, accepted.status_code, not_found.status_code] == [409, 202, 404]
    assert "idempotent-replayed" not in accepted.headers
    assert await desk.world.count("idempotency_keys") == 1


async def test_letters_of_an_older_version_go_back_with_their_type(desk: Desk) -> None:
    event = changed()
    letter = await desk.parked(event)

    async def as_older_code_left_it(tx: Transaction) -> None:
        stored = update(dead_letters).where(dead_letters.c.id == letter)
        await tx.execute(stored.values(headers={}, fingerprint=None, event_id=event.event_id))

    await desk.database.run(as_older_code_left_it)

    await desk.call("POST", f"{PATH}/{letter}/replay")

    (row,) = await desk.outbox()
    assert row["headers"] == {"cloudEvents_type": "entity.changed"}
