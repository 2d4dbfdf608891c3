"""`dead` against a gateway that listens: the commands of an operator, as typed."""

import json

import pytest
from tests.integration.cli.conftest import Run
from tests.integration.gateway_admin.desk import PATH, QUEUE, Desk

from shared import ids
from shared.topology import GENERATION_REQUESTS


async def test_letters_are_listed_and_shown(desk: Desk, run: Run) -> None:
    crashed = await desk.parked(headers={"cloudEvents_type": "entity.changed", "X-Secret": "canary"})
    limit = await desk.parked(reason="delivery-limit")

    code, table, _ = await run("dead", "list")
    _, filtered, _ = await run("dead", "list", "--reason", "delivery-limit", "--json")
    _, first, more = await run("dead", "list", "--limit", "1")
    shown_code, shown, advice = await run("dead", "show", str(crashed))
    _, document, _ = await run("dead", "show", str(limit), "--json")

    assert (code, shown_code) == (0, 0)
    assert [line.split()[0] for line in table.splitlines()] == ["LETTER", str(limit), str(crashed)]
    assert [letter["id"] for letter in json.loads(filtered)] == [str(limit)]
    assert (str(limit) in first, more.strip()) == (True, "1 of 2")
    assert "handler-crashed" in shown
    assert "the-matrix-1999" in shown
    assert "canary" not in shown
    assert f"./moviemind dead replay {crashed}" in advice
    assert json.loads(document)["replayable"] is True


async def test_more_than_a_page_is_listed(desk: Desk, run: Run) -> None:
    await desk.parked_many(130)

    _, output, _ = await run("dead", "list", "--limit", "120", "--json")

    assert len({letter["id"] for letter in json.loads(output)}) == 120


async def test_f86_letters_are_replayed_by_id_and_by_queue(desk: Desk, run: Run) -> None:
    one = await desk.parked()
    await desk.parked_many(2)
    elsewhere = await desk.parked(queue=GENERATION_REQUESTS.name)

    by_id = await run("dead", "replay", str(one))
    again = await run("dead", "replay", str(one))
    by_queue = await run("dead", "replay", "--queue", QUEUE, "--yes", "--json")
    nothing = await run("dead", "replay", "--queue", QUEUE, "--yes")

    assert by_id[:2] == (0, "1 letter sent again.\n")
    assert again[0] == 1
    assert "answered 409: This dead letter was replayed or purged before." in again[2]
    assert "dead show" in again[2]
    assert (by_queue[0], json.loads(by_queue[1])) == (0, {"replayed": 2})
    assert nothing[:2] == (0, "0 letters sent again.\n")
    assert len(await desk.outbox()) == 3
    assert (await desk.letter(elsewhere))["replayed_at"] is None


async def test_letters_that_cannot_be_sent_again_are_said(desk: Desk, run: Run) -> None:
    letter = await desk.parked(body=b"\xff", reason="bad-body")

    code, output, errors = await run("dead", "replay", "--queue", QUEUE, "--yes")
    _, _, advice = await run("dead", "show", str(letter))

    assert (code, output) == (0, "0 letters sent again.\n")
    assert "1 cannot be sent again" in errors
    assert "cannot be sent again" in advice


async def test_a_change_of_many_wants_a_yes(desk: Desk, run: Run) -> None:
    letter = await desk.parked()

    answers = [
        await run("dead", "replay", "--queue", QUEUE),
        await run("dead", "replay", "--reason", "handler-crashed"),
        await run("dead", "purge", str(letter)),
        await run("dead", "purge", "--queue", QUEUE, "--before", "2030-01-01"),
    ]

    assert {code for code, _, _ in answers} == {2}
    assert all("--yes" in errors for _, _, errors in answers)
    assert (await desk.letter(letter))["replayed_at"] is None
    assert (await desk.letter(letter))["purged_at"] is None


async def test_letters_are_purged_by_id_and_by_age(desk: Desk, run: Run) -> None:
    one, other = await desk.parked(), await desk.parked()
    await desk.parked_many(1)

    by_id = await run("dead", "purge", str(one), "--yes")
    too_early = await run("dead", "purge", "--queue", QUEUE, "--before", "2020-01-01", "--yes", "--json")
    by_age = await run("dead", "purge", "--queue", QUEUE, "--before", "2030-01-01T00:00", "--yes")
    _, _, advice = await run("dead", "show", str(other))

    assert by_id[:2] == (0, "1 letter purged.\n")
    assert json.loads(too_early[1]) == {"purged": 0}
    assert by_age[:2] == (0, "2 letters purged.\n")
    assert "closed" in advice


@pytest.mark.parametrize(
    "words",
    [
        ("replay",),
        ("replay", "x", "--queue", "q"),
        ("purge",),
        ("purge", "--queue", "q"),
        ("purge", "x", "--before", "2026-11-20"),
        ("purge", "--queue", "q", "--before", "yesterday"),
    ],
    ids=" ".join,
)
async def test_a_choice_that_says_too_little_or_too_much_is_refused(run: Run, words: tuple[str, ...]) -> None:
    code, output, errors = await run(*words)

    assert (code, output, len(errors.splitlines())) == (2, "", 2)


async def test_a_wrong_token_and_an_unknown_letter_say_what_to_do(desk: Desk, run: Run) -> None:
    code, _, errors = await run("dead", "list", "--admin-token", "wrong")
    missing, _, not_found = await run("dead", "show", str(ids.row_id()))

    assert (code, missing) == (1, 1)
    assert "answered 401" in errors
    assert "MOVIEMIND_ADMIN_TOKEN" in errors
    assert "answered 404" in not_found
    assert "dead list" in not_found
    assert (await desk.world.client.get(PATH)).status_code == 401
