import asyncio

import pytest
from sqlalchemy import func, insert, select
from tests.integration.gateway.world import MATRIX, World, running

from gateway.config import GatewaySettings
from shared.db.engine import Database
from shared.db.tables import idempotency_keys, jobs
from shared.faults import arm
from shared.jobs import Failure, FailureType

KEY = "order-2026-11-20"


async def test_the_same_key_and_body_return_the_same_job(world: World) -> None:
    first = await world.post(MATRIX, idempotency_key=KEY)
    again = await world.post(dict(reversed(list(MATRIX.items()))), idempotency_key=f'"{KEY}"', prefer="respond-async")

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["preference-applied"] == "respond-async"


async def test_a_replay_shows_the_stored_answer_even_when_a_new_request_would_differ(world: World) -> None:
    job_id = await world.accepted(idempotency_key=KEY)
    await world.finish(job_id)

    assert await world.accepted(idempotency_key=KEY) == job_id
    assert await world.accepted() != job_id


async def test_f07_200_parallel_posts_with_one_key_make_one_job_over_two_gateways(
    settings: GatewaySettings, database: Database, world: World
) -> None:
    async with running(settings, database) as second:
        second.key = world.key
        answers = await asyncio.gather(
            *((world, second)[turn % 2].post(MATRIX, idempotency_key=KEY) for turn in range(200))
        )

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["job_id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert (await world.count("jobs"), await world.count("outbox"), await world.count("idempotency_keys")) == (1, 1, 1)


async def test_f08_the_same_key_with_another_body_is_refused(world: World) -> None:
    job_id = await world.accepted(idempotency_key=KEY)

    other = await world.post({**MATRIX, "locale": "de-DE"}, idempotency_key=KEY)

    assert (other.status_code, other.json()["type"]) == (422, "urn:moviemind:problem:idempotency-key-reused")
    assert (await world.job(job_id)).json()["sequence"] == 1
    assert await world.count("jobs") == 1


async def test_reuse_is_told_before_a_bad_slug(world: World) -> None:
    await world.accepted(idempotency_key=KEY)

    other = await world.post({"entity_type": "MOVIE", "slug": "../x"}, idempotency_key=KEY)

    assert other.json()["type"] == "urn:moviemind:problem:idempotency-key-reused"


async def test_f09_keys_of_two_callers_are_two_keys(world: World) -> None:
    other_key = await world.other_key()
    mine = await world.post(MATRIX, idempotency_key=KEY)
    joined = await world.post(MATRIX, other_key, idempotency_key=KEY)
    apart = await world.post({**MATRIX, "locale": "fr-FR"}, other_key, idempotency_key="another-key")

    assert joined.json()["job_id"] == mine.json()["job_id"] != apart.json()["job_id"]
    assert "idempotent-replayed" not in joined.headers
    assert await world.count("idempotency_keys") == 3


async def test_f10_a_key_in_use_waits_two_seconds_then_conflicts(world: World) -> None:
    job_id = await world.accepted()
    caller = (await world.database.read(select(jobs.c.caller).where(jobs.c.id == job_id))).scalar_one()
    async with world.database.engine.connect() as other_gateway, other_gateway.begin() as first:
        await other_gateway.execute(
            insert(idempotency_keys).values(
                caller=caller, key=KEY, fingerprint="", status=0, body={}, expires_at=func.now()
            )
        )
        conflict = await world.post(MATRIX, idempotency_key=KEY)
        await first.rollback()

    assert (conflict.status_code, conflict.headers["retry-after"]) == (409, "1")
    assert conflict.json()["type"] == "urn:moviemind:problem:idempotency-key-in-use"
    assert (await world.post(MATRIX, idempotency_key=KEY)).status_code == 202


@pytest.mark.parametrize("point", ["gateway.before_insert", "gateway.before_commit"])
async def test_f01_f02_a_failure_before_the_commit_leaves_nothing(world: World, point: str) -> None:
    arm(f"{point}=raise")
    broken = await world.post(MATRIX, idempotency_key=KEY)
    rows = await world.count("jobs"), await world.count("outbox"), await world.count("idempotency_keys")

    retried = await world.post(MATRIX, idempotency_key=KEY)

    assert (broken.status_code, broken.json()["type"]) == (500, "urn:moviemind:problem:internal-error")
    assert rows == (0, 0, 0)
    assert retried.status_code == 202
    assert "idempotent-replayed" not in retried.headers


async def test_f03_an_answer_lost_after_the_commit_is_found_by_its_key(world: World) -> None:
    arm("gateway.after_commit=execute_then_raise")
    lost = await world.post(MATRIX, idempotency_key=KEY)

    retried = await world.post(MATRIX, idempotency_key=KEY)

    assert (lost.status_code, lost.json()["dependency"]) == (503, "postgres")
    assert (retried.status_code, retried.headers["idempotent-replayed"]) == (202, "true")
    assert await world.count("jobs") == 1


@pytest.mark.parametrize("key", ["short", "x" * 300, "has space in it", '"unbalanced-quote', "ünicode-key-1"])
async def test_f12_a_malformed_key_stores_nothing(world: World, key: str) -> None:
    headers = [(b"x-api-key", world.key.key.encode()), (b"idempotency-key", key.encode())]
    response = await world.client.post("/api/v1/generate", json=MATRIX, headers=headers)

    assert (response.status_code, response.json()["type"]) == (400, "urn:moviemind:problem:idempotency-key-invalid")
    assert await world.count("jobs") == 0


async def test_two_keys_in_one_request_are_malformed(world: World) -> None:
    headers = [("x-api-key", world.key.key), ("idempotency-key", "first-key-1"), ("idempotency-key", "second-key-2")]

    assert (await world.client.post("/api/v1/generate", json=MATRIX, headers=headers)).status_code == 400


async def test_f13_an_expired_key_is_new(world: World) -> None:
    first = await world.accepted(idempotency_key=KEY)
    await world.execute("UPDATE idempotency_keys SET expires_at = now() - interval '1 hour'")

    joined = await world.post({**MATRIX, "force": False}, idempotency_key=KEY)
    again = await world.post({**MATRIX, "force": False}, idempotency_key=KEY)

    assert joined.json()["job_id"] == str(first)
    assert "idempotent-replayed" not in joined.headers
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_replay_waits_anew_and_tells_the_end(world: World) -> None:
    job_id = await world.accepted(idempotency_key=KEY)
    await world.fail(job_id, Failure(type=FailureType.TIMEOUT, technical_message="late"))

    replayed = await world.post(MATRIX, idempotency_key=KEY, prefer="wait=5")

    assert (replayed.status_code, replayed.json()["status"]) == (200, "FAILED")
    assert replayed.headers["idempotent-replayed"] == "true"
    assert replayed.headers["content-location"] == f"/api/v1/jobs/{job_id}"


async def test_several_jobs_are_replayed_together(world: World) -> None:
    body = {**MATRIX, "context_tag": ["modern", "critical"]}
    first = (await world.post(body, idempotency_key=KEY)).json()

    assert (await world.post(body, idempotency_key=KEY)).json() == first


async def test_errors_are_not_stored_under_the_key(world: World) -> None:
    refused = await world.post({"entity_type": "MOVIE", "slug": "../x"}, idempotency_key=KEY)

    assert refused.status_code == 400
    assert (await world.post(MATRIX, idempotency_key=KEY)).status_code == 202
