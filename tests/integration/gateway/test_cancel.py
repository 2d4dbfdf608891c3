import asyncio

from tests.integration.gateway.world import MATRIX, World


async def test_the_only_caller_cancels(world: World) -> None:
    job_id = await world.accepted()

    response = await world.cancel(job_id)

    body = response.json()
    assert (response.status_code, body["status"]) == (200, "CANCELLED")
    assert "detached" not in body
    assert body["transitions"][-1]["reason"] == "cancelled"
    assert await world.count("outbox") == 2


async def test_cancelling_again_changes_nothing(world: World) -> None:
    job_id = await world.accepted()
    first = await world.cancel(job_id)
    again = await world.cancel(job_id)

    assert (again.status_code, again.json()) == (200, first.json())
    assert await world.count("outbox") == 2


async def test_one_of_several_callers_only_leaves(world: World) -> None:
    job_id, other = await world.accepted(), await world.other_key()
    await world.post(MATRIX, other)

    left = await world.cancel(job_id)
    left_again = await world.cancel(job_id)
    last = await world.cancel(job_id, other)

    assert (left.status_code, left.json()["detached"], left.json()["status"]) == (200, True, "PENDING")
    assert left_again.json() == left.json()
    assert (last.status_code, last.json()["status"]) == (200, "CANCELLED")
    assert (await world.cancel(job_id)).json()["status"] == "CANCELLED"


async def test_who_left_and_asked_again_counts_again(world: World) -> None:
    job_id, other = await world.accepted(), await world.other_key()
    await world.post(MATRIX, other)
    await world.cancel(job_id)
    await world.accepted()

    assert (await world.cancel(job_id, other)).json()["detached"] is True


async def test_others_may_not_cancel(world: World) -> None:
    job_id = await world.accepted()

    stranger = await world.cancel(job_id, await world.other_key())
    anonymous = await world.client.post(f"/api/v1/jobs/{job_id}/cancel")

    assert (stranger.status_code, stranger.json()["type"]) == (403, "urn:moviemind:problem:forbidden")
    assert anonymous.status_code == 403
    assert (await world.job(job_id)).json()["status"] == "PENDING"


async def test_a_finished_job_cannot_be_cancelled(world: World) -> None:
    job_id = await world.accepted()
    await world.finish(job_id)

    response = await world.cancel(job_id)

    body = response.json()
    assert (response.status_code, body["type"]) == (409, "urn:moviemind:problem:job-already-finished")
    assert (body["job_id"], body["job_status"]) == (str(job_id), "DONE")


async def test_an_unknown_job_cannot_be_cancelled(world: World) -> None:
    response = await world.client.post("/api/v1/jobs/76091add-8a19-4910-9e65-72e43ea95429/cancel")

    assert (response.status_code, response.json()["status"]) == (404, "UNKNOWN")


async def test_the_body_is_empty_or_says_nothing(world: World) -> None:
    path = f"/api/v1/jobs/{await world.accepted()}/cancel"
    headers = {"X-API-Key": world.key.key}

    wrong = await world.client.post(path, json={"why": "bored"}, headers=headers)
    right = await world.client.post(path, json={}, headers=headers)

    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["why"])
    assert right.status_code == 200


async def test_a_join_and_a_cancel_at_once_never_lose_the_joined_caller(world: World) -> None:
    other = await world.other_key()
    for _ in range(15):
        job_id = await world.accepted()
        cancelled, joined = await asyncio.gather(world.cancel(job_id), world.post(MATRIX, other))

        state = (await world.job(joined.json()["job_id"])).json()["status"]
        assert (cancelled.status_code, joined.status_code) == (200, 202)
        assert state == "PENDING"
        await world.cancel(joined.json()["job_id"], other)
        await world.cancel(joined.json()["job_id"])


async def test_a_new_job_can_follow_a_cancelled_one(world: World) -> None:
    job_id = await world.accepted()
    await world.cancel(job_id)

    assert await world.accepted() != job_id
