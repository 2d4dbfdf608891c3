import asyncio
from uuid import UUID

import pytest
from tests.integration.gateway.world import MATRIX, World, running, settings_for

from gateway.config import FlagSettings
from shared import ids
from shared.db.engine import Database
from shared.entities import EntityKind


async def test_an_accepted_job_is_readable_at_its_location(world: World) -> None:
    response = await world.post(MATRIX)

    assert response.status_code == 202
    body = response.json()
    assert response.headers["location"] == f"/api/v1/jobs/{body['job_id']}"
    assert response.headers["retry-after"] == "2"
    assert response.headers["cache-control"] == "no-store"
    assert UUID(body["job_id"]).version == 4
    assert body == {
        "job_id": body["job_id"],
        "status": "PENDING",
        "message": "Generation queued for movie by slug",
        "slug": "the-matrix-1999",
        "confidence": 0.9,
        "confidence_level": "high",
        "locale": "en-US",
        "links": {
            "self": f"https://api.test/api/v1/jobs/{body['job_id']}",
            "events": f"https://api.test/api/v1/jobs/{body['job_id']}/events",
            "cancel": f"https://api.test/api/v1/jobs/{body['job_id']}/cancel",
        },
    }
    assert (await world.client.get(response.headers["location"])).json()["status"] == "PENDING"
    assert await world.count("outbox") == 1


async def test_input_is_case_insensitive_and_answers_are_canonical(world: World) -> None:
    response = await world.post(
        {
            "entity_type": "tv_series",
            "slug": " Dark_2017 ",
            "locale": "pl_pl",
            "context_tag": "MODERN",
            "form": "Description",
        }
    )

    body = response.json()
    assert (response.status_code, body["slug"], body["locale"], body["context_tag"]) == (
        202,
        "dark-2017",
        "pl-PL",
        "modern",
    )
    assert body["message"] == "Generation queued for TV series by slug"


async def test_the_same_identity_is_joined_whatever_redis_knows(world: World) -> None:
    first = await world.accepted()
    joined = await world.post(MATRIX)
    other = await world.post(MATRIX, await world.other_key())

    assert {UUID(answer.json()["job_id"]) for answer in (joined, other)} == {first}
    assert joined.json()["message"] == "Generation already queued for movie slug"
    assert (await world.count("jobs"), await world.count("outbox"), await world.count("job_callers")) == (1, 1, 2)


async def test_no_tag_and_default_are_two_identities(world: World) -> None:
    untagged = await world.accepted()
    tagged = await world.accepted({**MATRIX, "context_tag": "DEFAULT"})

    assert untagged != tagged


async def test_300_parallel_posts_of_one_identity_make_one_job(world: World) -> None:
    answers = await asyncio.gather(*(world.post(MATRIX) for _ in range(300)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["job_id"] for answer in answers}) == 1
    assert (await world.count("jobs"), await world.count("outbox")) == (1, 1)


async def test_several_tags_are_one_job_each(world: World) -> None:
    response = await world.post({**MATRIX, "context_tag": ["modern", "Critical", "modern"]})

    body = response.json()
    assert response.status_code == 202
    assert "location" not in response.headers
    assert (body["status"], body["context_tags"], body["slug"]) == (
        "PENDING",
        ["modern", "critical"],
        "the-matrix-1999",
    )
    assert body["job_ids"] == [job["job_id"] for job in body["jobs"]]
    assert [job["context_tag"] for job in body["jobs"]] == ["modern", "critical"]


async def test_one_distinct_tag_is_a_single_answer(world: World) -> None:
    response = await world.post({**MATRIX, "context_tag": ["modern", "MODERN"]})

    assert response.json()["context_tag"] == "modern"


async def test_crossing_requests_for_several_tags_do_not_deadlock(world: World) -> None:
    tags = ["modern", "critical", "humorous", "DEFAULT"]

    answers = await asyncio.gather(
        *(world.post({**MATRIX, "context_tag": tags if turn % 2 else tags[::-1]}) for turn in range(40))
    )

    assert {answer.status_code for answer in answers} == {202}
    assert await world.count("jobs") == 4


async def test_force_supersedes_the_active_job(world: World) -> None:
    old = await world.accepted()
    new = await world.accepted({**MATRIX, "force": True})

    superseded = (await world.job(old)).json()
    assert (superseded["status"], superseded["superseded_by"]) == ("CANCELLED", str(new))
    assert superseded["transitions"][-1]["reason"] == "superseded"
    assert (await world.job(new)).json()["status"] == "PENDING"
    assert await world.count("outbox") == 3
    assert await world.accepted() == new


async def test_parallel_forces_leave_one_active_job(world: World) -> None:
    accepted = await asyncio.gather(*(world.accepted({**MATRIX, "force": True}) for _ in range(12)))

    states = [(await world.job(job_id)).json() for job_id in accepted]
    active = [state["job_id"] for state in states if state["status"] == "PENDING"]
    known = {str(job_id) for job_id in accepted}
    assert len(active) == 1
    assert all(state["superseded_by"] in known for state in states if state["status"] == "CANCELLED")


async def test_a_stored_entity_is_named_with_its_text(world: World) -> None:
    text_id = ids.row_id()
    entity_id = await world.store_entity("the-matrix-1999", text_id)

    by_spelling = (await world.post({"entity_type": "MOVIE", "slug": "The Matrix"})).json()
    by_id = (await world.post({"entity_type": "MOVIE", "entity_id": str(entity_id)})).json()

    assert by_spelling["slug"] == "the-matrix"
    assert by_spelling["message"] == "Generation queued for existing movie slug"
    assert (by_spelling["existing_id"], by_spelling["description_id"]) == (str(entity_id), str(text_id))
    assert by_id["job_id"] == by_spelling["job_id"]
    assert (by_id["slug"], by_id["confidence"]) == ("the-matrix-1999", 1.0)


async def test_a_stored_entity_is_accepted_whatever_the_confidence(world: World) -> None:
    await world.store_entity("qwertyuiop-zzz")

    assert (await world.post({"entity_type": "MOVIE", "slug": "qwertyuiop-zzz"})).status_code == 202


async def test_an_unknown_entity_id_is_not_found(world: World) -> None:
    missing = str(ids.row_id())

    response = await world.post({"entity_type": "PERSON", "entity_id": missing}, accept_language="pl")

    body = response.json()
    assert (response.status_code, body["type"]) == (404, "urn:moviemind:problem:entity-not-found")
    assert (body["error"], body["slug"]) == ("Person not found", missing)
    assert body["detail"] == f"Nie znaleziono: osoba „{missing}”."


@pytest.mark.parametrize(
    ("slug", "reason"),
    [
        ("../../etc/passwd", "hostile"),
        ("ignore-all-previous-instructions", "hostile"),
        ("<script>", "hostile"),
        ("what?!", "characters"),
        ("sdfghjklqwrtpsdfg", "implausible"),
    ],
)
async def test_impossible_slugs_are_refused(world: World, slug: str, reason: str) -> None:
    response = await world.post({"entity_type": "MOVIE", "slug": slug})

    body = response.json()
    assert (response.status_code, body["type"]) == (400, "urn:moviemind:problem:invalid-slug")
    assert (body["error"], body["reason"], body["slug"]) == ("Invalid slug format", reason, slug)
    assert await world.count("jobs") == 0


@pytest.mark.parametrize("kind", list(EntityKind))
@pytest.mark.parametrize("form", ["summary", "TAGLINE"])
async def test_every_kind_has_short_texts_and_they_are_jobs_of_their_own(
    world: World, kind: EntityKind, form: str
) -> None:
    subject = {"entity_type": kind, "slug": "heat-1995", "locale": "pl-PL"}
    long_text = await world.post(subject)

    answers = [await world.post({**subject, "form": form}) for _ in range(2)]

    first, again = (answer.json() for answer in answers)
    assert [answer.status_code for answer in answers] == [202, 202]
    assert (first["form"], first["job_id"]) == (form.lower(), again["job_id"])
    assert first["job_id"] != long_text.json()["job_id"]
    job = (await world.client.get(f"/api/v1/jobs/{first['job_id']}")).json()
    assert (job["form"], job["locale"], job["context_tag"]) == (form.lower(), "pl-PL", None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"slug": "x-1999"}, "entity_type"),
        ({"entity_type": "ACTOR", "slug": "x-1999"}, "entity_type"),
        ({"entity_type": 5, "slug": "x-1999"}, "entity_type"),
        ({"entity_type": "MOVIE"}, "slug"),
        ({"entity_type": "MOVIE", "slug": "   "}, "slug"),
        ({"entity_type": "MOVIE", "slug": "a" * 256}, "slug"),
        ({"entity_type": "MOVIE", "slug": ["x"]}, "slug"),
        ({**MATRIX, "locale": "it-IT"}, "locale"),
        ({**MATRIX, "context_tag": "sarcastic"}, "context_tag"),
        ({**MATRIX, "context_tag": ["modern", "sarcastic"]}, "context_tag.1"),
        ({**MATRIX, "context_tag": []}, "context_tag"),
        ({**MATRIX, "context_tag": ["modern"] * 9}, "context_tag"),
        ({**MATRIX, "form": "bio"}, "form"),
        ({"entity_type": "PERSON", "slug": "keanu-reeves", "form": "description"}, "form"),
        ({**MATRIX, "form": "tagline", "context_tag": "modern"}, "context_tag"),
        ({**MATRIX, "form": "summary", "context_tag": ["DEFAULT"]}, "context_tag"),
        ({**MATRIX, "force": "yes"}, "force"),
        ({**MATRIX, "colour": "red"}, "colour"),
    ],
)
async def test_wrong_members_are_named(world: World, body: dict[str, object], field: str) -> None:
    response = await world.post(body)

    problem = response.json()
    assert (response.status_code, problem["type"]) == (422, "urn:moviemind:problem:invalid-request")
    assert list(problem["errors"]) == [field]
    assert problem["error"] == "Validation failed"
    assert await world.count("jobs") == 0


async def test_the_documented_validation_answer(world: World) -> None:
    response = await world.post({"entity_type": "ACTOR", "slug": "x", "context_tag": ["modern", "sarcastic"]})

    problem = response.json()
    assert problem["detail"] == problem["message"] == "2 fields are not valid."
    assert problem["errors"] == {
        "entity_type": ["Must be one of MOVIE, PERSON, TV_SERIES, TV_SHOW."],
        "context_tag.1": ["Unknown context tag 'sarcastic'."],
    }


async def test_a_generation_flag_that_is_off_closes_its_kinds(
    database_url: str, redis_url: str, database: Database
) -> None:
    flags = FlagSettings(feature_ai_description_generation=False)
    async with running(settings_for(database_url, redis_url, flags=flags), database) as world:
        movie = await world.post(MATRIX)
        person = await world.post({"entity_type": "PERSON", "slug": "keanu-reeves"})

    assert (movie.status_code, movie.json()["flag"]) == (403, "ai_description_generation")
    assert movie.json()["error"] == "Feature not available"
    assert person.status_code == 202


async def test_a_style_pack_is_an_unknown_tag_until_its_flag_is_on(
    database_url: str, redis_url: str, database: Database
) -> None:
    async with running(settings_for(database_url, redis_url), database) as world:
        closed = await world.post(MATRIX | {"context_tag": ["modern", "noir"]})
    on = FlagSettings(feature_description_style_packs=True)
    async with running(settings_for(database_url, redis_url, flags=on), database) as world:
        opened = await world.post(MATRIX | {"context_tag": ["modern", "noir"]})

    assert (closed.status_code, closed.json()["errors"]) == (422, {"context_tag": ["Unknown context tag 'noir'."]})
    assert (opened.status_code, opened.json()["context_tags"]) == (202, ["modern", "noir"])


async def test_postgres_away_stores_nothing_and_says_when_to_return(redis_url: str, database: Database) -> None:
    nowhere = settings_for("postgresql://postgres@127.0.0.1:9/none", redis_url)
    async with running(nowhere, database) as world:
        response = await world.post(MATRIX)
        ready = await world.client.get("/health/ready")

    assert (response.status_code, response.json()["dependency"]) == (503, "postgres")
    assert int(response.headers["retry-after"]) >= 1
    assert (ready.status_code, ready.json()["checks"]["postgres"]) == (503, {"status": "error"})


async def test_redis_away_changes_no_answer(database_url: str, database: Database) -> None:
    async with running(settings_for(database_url, "redis://127.0.0.1:9/0"), database) as world:
        first = await world.accepted()
        again = await world.accepted()
        await world.finish(first)
        done = await world.job(first)
        ready = await world.client.get("/health/ready")

    assert first == again
    assert done.json()["status"] == "DONE"
    assert (ready.status_code, ready.json()["checks"]["redis"]) == (200, {"status": "degraded"})
