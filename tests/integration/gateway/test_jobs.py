import asyncio
import time

import pytest
from pydantic import TypeAdapter
from sqlalchemy import select
from tests.integration.gateway.world import MATRIX, World, eventually, running, settings_for

from gateway.http import schemas
from shared.cache import CachedResponse, RedisCache, connect
from shared.db.engine import Database
from shared.db.jobs import in_seconds
from shared.db.tables import jobs
from shared.entities import EntityKind
from shared.jobs import Failure, FailureType, JobStatus, Suggestion

MISSPELT = Failure(
    type=FailureType.NOT_FOUND,
    technical_message="TMDb search 'the matrics' (1999): no exact match, 1 near match",
    suggestions=(Suggestion(slug="the-matrix-1999", title="The Matrix", year=1999, director="Lana Wachowski"),),
)


async def three_jobs(world: World) -> bool:
    return await world.count("jobs") == 3


async def test_a_pending_job_says_when_to_ask_again(world: World) -> None:
    job_id = await world.accepted({**MATRIX, "context_tag": "modern"})

    response = await world.job(job_id)

    document = response.json()
    assert response.headers["retry-after"] == "2"
    assert response.headers["etag"] == '"1-en"'
    assert response.headers["cache-control"] == "private, no-cache"
    assert {"Prefer", "Accept-Language", "Authorization", "X-API-Key"} <= set(response.headers["vary"].split(", "))
    assert (document["status"], document["attempt"], document["max_attempts"], document["sequence"]) == (
        "PENDING",
        0,
        3,
        1,
    )
    assert document["transitions"] == [
        {
            "sequence": 1,
            "status": "PENDING",
            "at": document["created_at"],
            "attempt": 0,
            "actor": "gateway",
            "reason": None,
        }
    ]
    assert document["created_at"].endswith("Z")
    assert "entity" not in document["links"]


async def test_a_done_job_tells_its_result(world: World) -> None:
    job_id = await world.accepted()
    await world.finish(job_id)

    response = await world.job(job_id)

    document = response.json()
    assert "retry-after" not in response.headers
    assert response.headers["etag"] == '"3-en"'
    assert document["status"] == "DONE"
    assert document["id"] == document["entity_id"] is not None
    assert document["text_id"] == document["description_id"] is not None
    assert document["became_default"] is True
    assert document["links"]["entity"] == "https://api.test/api/v1/movies/the-matrix-1999"
    assert [step["status"] for step in document["transitions"]] == ["PENDING", "PROCESSING", "DONE"]
    assert document["finished_at"] == document["transitions"][-1]["at"]


async def test_a_failed_job_speaks_the_readers_language(world: World) -> None:
    job_id = await world.accepted()
    await world.fail(job_id, MISSPELT)

    polish = await world.job(job_id, accept_language="it, pl;q=0.8, en;q=0.1")
    english = await world.job(job_id)

    error = polish.json()["error"]
    assert polish.headers["content-language"] == "pl"
    assert (polish.headers["etag"], english.headers["etag"]) == ('"2-pl"', '"2-en"')
    assert error["type"] == "NOT_FOUND"
    assert error["message"] == "The requested movie was not found"
    assert error["user_message"] == "Nie znaleziono: film. Czy chodziło o jedną z tych pozycji?"
    assert error["suggested_slugs"] == [
        {"slug": "the-matrix-1999", "title": "The Matrix", "release_year": 1999, "director": "Lana Wachowski"}
    ]
    assert english.json()["error"]["user_message"].startswith("This movie could not be found.")


async def test_a_retrying_job_names_its_next_attempt(world: World) -> None:
    job_id = await world.accepted()
    await world.start(job_id)
    await world.move(job_id, JobStatus.RETRYING, next_attempt_at=in_seconds("delay_s", 500))

    response = await world.job(job_id)

    document = response.json()
    assert response.headers["retry-after"] == "60"
    assert document["next_attempt_at"] == document["transitions"][-1]["next_attempt_at"] is not None
    assert document["error"] is None


@pytest.mark.parametrize("fate", ["pending", "done", "failed", "cancelled"])
async def test_every_document_has_the_published_shape(world: World, fate: str) -> None:
    job_id = await world.accepted()
    match fate:
        case "done":
            await world.finish(job_id)
        case "failed":
            await world.fail(job_id, MISSPELT)
        case "cancelled":
            await world.cancel(job_id)
        case _:
            pass

    document = (await world.job(job_id)).json()

    required = {name for name, field in schemas.Job.model_fields.items() if field.is_required()}
    assert required <= set(document)
    assert set(document) <= set(schemas.Job.model_fields)
    TypeAdapter(schemas.Job).validate_json((await world.job(job_id)).content)


@pytest.mark.parametrize("job_id", ["76091add-8a19-4910-9e65-72e43ea95429", "nonsense", "1", "%00", "🎬", "{}"])
@pytest.mark.parametrize("suffix", ["", "/events"])
async def test_an_unknown_job_is_told_with_status_unknown(world: World, job_id: str, suffix: str) -> None:
    response = await world.client.get(f"/api/v1/jobs/{job_id}{suffix}")

    body = response.json()
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert (body["type"], body["status"]) == ("urn:moviemind:problem:job-not-found", "UNKNOWN")
    assert body["detail"] == body["message"]


async def test_an_id_may_be_spelled_in_upper_case(world: World) -> None:
    job_id = await world.accepted()

    response = await world.client.get(f"/api/v1/jobs/{str(job_id).upper()}")

    assert response.json()["job_id"] == str(job_id)


@pytest.mark.parametrize("known", ['"1-en"', 'W/"1-en"', '"0-en", "1-en"', "*"])
async def test_304_when_the_client_has_this_state(world: World, known: str) -> None:
    job_id = await world.accepted()

    response = await world.job(job_id, if_none_match=known)

    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == '"1-en"'
    assert "Prefer" in response.headers["vary"]
    assert response.headers["cache-control"] == "private, no-cache"


async def test_another_language_is_another_representation(world: World) -> None:
    job_id = await world.accepted()

    assert (await world.job(job_id, if_none_match='"1-en"', accept_language="de")).status_code == 200


async def test_wait_ends_with_the_last_state(world: World) -> None:
    job_id = await world.accepted()
    waiting = asyncio.create_task(world.job(job_id, prefer="wait=20"))
    await world.finish(job_id)

    response = await waiting

    assert (response.status_code, response.json()["status"]) == (200, "DONE")
    assert response.headers["preference-applied"] == "wait=20"


async def test_wait_with_an_etag_ends_with_the_next_state(world: World) -> None:
    job_id = await world.accepted()
    waiting = asyncio.create_task(world.job(job_id, prefer="wait=20", if_none_match='"1-en"'))
    await world.start(job_id)

    response = await waiting

    assert (response.status_code, response.json()["status"]) == (200, "PROCESSING")


async def test_wait_that_runs_out_answers_the_present_state(world: World) -> None:
    job_id = await world.accepted()
    started = time.monotonic()

    plain, conditional = await asyncio.gather(
        world.job(job_id, prefer="wait=1"), world.job(job_id, prefer="wait=1", if_none_match='"1-en"')
    )

    assert 0.9 <= time.monotonic() - started < 3
    assert (plain.status_code, plain.json()["status"], conditional.status_code) == (200, "PENDING", 304)


@pytest.mark.parametrize("prefer", ["wait=0", "wait=-1", "wait=x", "return=minimal", "wait", ""])
async def test_unusable_preferences_are_ignored(world: World, prefer: str) -> None:
    response = await world.job(await world.accepted(), prefer=prefer)

    assert response.status_code == 200
    assert "preference-applied" not in response.headers


async def test_post_waits_for_one_and_for_several(world: World) -> None:
    one = asyncio.create_task(world.post(MATRIX, prefer="wait=20"))
    many = asyncio.create_task(world.post({**MATRIX, "context_tag": ["modern", "critical"]}, prefer="wait=20"))
    await eventually(lambda: three_jobs(world))
    for job_id in (await world.database.read(select(jobs.c.id))).scalars().all():
        await world.finish(job_id)

    single, several = await one, await many

    assert (single.status_code, single.json()["status"]) == (200, "DONE")
    assert single.headers["content-location"] == f"/api/v1/jobs/{single.json()['job_id']}"
    assert single.headers["preference-applied"] == "wait=20"
    assert single.headers["cache-control"] == "no-store"
    assert "location" not in single.headers
    assert (several.status_code, several.json()["status"]) == (200, "DONE")
    assert [job["context_tag"] for job in several.json()["jobs"]] == ["modern", "critical"]
    assert [job["status"] for job in several.json()["jobs"]] == ["DONE", "DONE"]


async def test_post_that_waits_in_vain_is_the_202(world: World) -> None:
    response = await world.post(MATRIX, prefer="respond-async, wait=1")

    assert (response.status_code, response.headers["preference-applied"]) == (202, "respond-async, wait=1")


async def test_f17_above_the_cap_waiting_is_not_applied(database_url: str, redis_url: str, database: Database) -> None:
    async with running(settings_for(database_url, redis_url, max_waiters=0), database) as world:
        accepted = await world.post(MATRIX, prefer="wait=20")
        read = await world.client.get(accepted.headers["location"], headers={"prefer": "wait=20"})

    assert (accepted.status_code, read.status_code) == (202, 200)
    assert "preference-applied" not in accepted.headers
    assert "preference-applied" not in read.headers


async def test_who_is_told_done_no_longer_gets_the_older_body_from_the_cache(world: World, redis_url: str) -> None:
    cache, stale = RedisCache(connect(redis_url)), CachedResponse('"old"', b"old")
    job_id = await world.accepted()
    await cache.fill(EntityKind.MOVIE, "the-matrix-1999", "|", 1, stale)
    before = (await cache.get_answer(EntityKind.MOVIE, "newest first")).generation or ""
    await cache.keep_answer(EntityKind.MOVIE, "newest first", before, stale)
    await world.finish(job_id)

    told = (await world.job(job_id)).json()["status"]

    assert told == "DONE"
    assert await cache.get(EntityKind.MOVIE, "the-matrix-1999", "|") is None
    assert not await cache.fill(EntityKind.MOVIE, "the-matrix-1999", "|", 1, stale)
    assert (await cache.get_answer(EntityKind.MOVIE, "newest first")).response is None
    assert not await cache.keep_answer(EntityKind.MOVIE, "newest first", before, stale)
    await cache.close()


async def test_a_job_reads_the_same_after_redis_lost_everything(world: World, redis_url: str) -> None:
    job_id = await world.accepted()
    await world.finish(job_id)
    before = (await world.job(job_id)).json()
    redis = connect(redis_url)
    await redis.flushdb()
    await redis.aclose()

    assert (await world.job(job_id)).json() == before


async def test_a_refresh_job_has_the_same_document(world: World) -> None:
    job_id = await world.accepted()
    await world.execute("UPDATE jobs SET kind = 'refresh', form = NULL, locale = NULL, entity_id = gen_random_uuid()")

    document = (await world.job(job_id)).json()

    assert (document["kind"], document["form"], document["confidence"], document["confidence_level"]) == (
        "refresh",
        None,
        None,
        None,
    )
    assert document["links"]["entity"].endswith("/movies/the-matrix-1999")
