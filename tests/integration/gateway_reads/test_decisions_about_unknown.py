"""What a detail read answers about names that nothing stored has."""

import asyncio
from urllib.parse import urlsplit

import pytest
from tests.integration.gateway_reads.harness import BASE, Gateway, LateCatalog, facts, running

from shared.db.engine import Database
from shared.entities import KINDS, EntityKind, Facts
from shared.errors import Permanent, Transient, Unavailable, failure
from shared.jobs import FailureType
from shared.testing.catalog import FakeCatalog

every_kind = pytest.mark.parametrize("kind", EntityKind)


def verification(kind: EntityKind) -> str:
    return "tvmaze_verification" if kind in {EntityKind.TV_SERIES, EntityKind.TV_SHOW} else "tmdb_verification"


def dunes(kind: EntityKind) -> list[Facts]:
    return [facts(kind, "Dune", 2021, 438631, popularity=90), facts(kind, "Dune", 1984, 841, popularity=30)]


@every_kind
async def test_a_proven_name_is_202_and_nothing_but_the_job_is_stored(gateway: Gateway, kind: EntityKind) -> None:
    gateway.catalog.add(facts(kind, "The Matrix"))

    answer = await gateway.get(kind, "the-matrix-1999", params={"locale": "fr-fr"})

    [job] = await gateway.jobs()
    body = answer.json()
    assert answer.status_code == 202
    assert (body["slug"], body["locale"], body["confidence"]) == ("the-matrix-1999", "fr-FR", 0.9)
    assert "existing_id" not in body
    assert (job["status"], job["entity_id"], job["requested_slug"]) == ("PENDING", None, "the-matrix-1999")
    assert await gateway.count(kind) == 0


@every_kind
async def test_all_spellings_of_a_proven_name_share_one_job(gateway: Gateway, kind: EntityKind) -> None:
    gateway.catalog.add(facts(kind, "The Matrix", titles={"pl-PL": "Matrix"}))

    answers = [await gateway.get(kind, slug) for slug in ("the-matrix", "the-matrix-1999", "The_Matrix", "matrix-1999")]

    [job] = await gateway.jobs()
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["job_id"] for answer in answers} == {str(job["id"])}
    assert job["slug"] == ("the-matrix" if kind is EntityKind.PERSON else "the-matrix-1999")


async def test_namesakes_told_apart_by_their_birth_year_get_jobs_of_their_own(gateway: Gateway) -> None:
    for year, tmdb_id in ((1947, 1), (1972, 2)):
        gateway.catalog.add(facts(EntityKind.PERSON, "Michael Jones", year, tmdb_id))

    answers = [await gateway.get(EntityKind.PERSON, f"michael-jones-{year}") for year in (1947, 1972)]

    assert {answer.status_code for answer in answers} == {202}
    assert [job["slug"] for job in await gateway.jobs()] == ["michael-jones-1947", "michael-jones-1972"]


@every_kind
async def test_three_hundred_simultaneous_readers_cause_one_lookup_and_one_job(
    gateway: Gateway, kind: EntityKind
) -> None:
    gateway.catalog.add(facts(kind, "The Matrix"))
    slug = "the-matrix" if kind is EntityKind.PERSON else "the-matrix-1999"

    answers = await asyncio.gather(*(gateway.get(kind, slug) for _ in range(300)))

    [job] = await gateway.jobs()
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["job_id"] for answer in answers} == {str(job["id"])}
    assert gateway.catalog.calls == [("lookup", kind, slug)]


@every_kind
async def test_several_matches_are_300_and_each_option_leads_on(gateway: Gateway, kind: EntityKind) -> None:
    for known in dunes(kind):
        gateway.catalog.add(known)

    answer = await gateway.get(kind, "Dune", headers={"Accept-Language": "pl"})

    body = answer.json()
    names = KINDS[kind]
    more = {EntityKind.MOVIE: {"director": None}, EntityKind.PERSON: {"birthplace": None}}.get(kind, {})
    assert answer.status_code == 300
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-language"] == "pl"
    assert (body["slug"], body["count"], len(body["options"])) == ("dune", 2, 2)
    assert body["error"].startswith("Multiple ")
    assert body["message"].startswith("Pasuje")
    assert body["options"][0] == {
        "slug": "dune-2021",
        names.title: "Dune",
        names.year: 2021,
        **more,
        "overview": None,
        "select_url": f"{BASE}/api/v1/{names.path}/dune-2021",
    }
    assert await gateway.jobs() == []
    for option in body["options"]:
        assert (await gateway.http.get(urlsplit(str(option["select_url"])).path)).status_code == 202


@every_kind
async def test_choosing_an_option_is_202_and_the_same_job_as_its_own_address(
    gateway: Gateway, kind: EntityKind
) -> None:
    for known in dunes(kind):
        gateway.catalog.add(known)

    chosen = await gateway.get(kind, "dune", params={"slug": "dune-1984"})
    direct = await gateway.get(kind, "dune-1984")

    assert (chosen.status_code, direct.status_code) == (202, 202)
    assert chosen.json()["job_id"] == direct.json()["job_id"]
    assert chosen.json()["slug"] == "dune-1984"


@every_kind
@pytest.mark.parametrize("choice", ["dune-1999", "heat-1995"])
async def test_choosing_what_was_not_offered_is_404(gateway: Gateway, kind: EntityKind, choice: str) -> None:
    for known in [*dunes(kind), facts(kind, "Heat", 1995, 949)]:
        gateway.catalog.add(known)

    answer = await gateway.get(kind, "dune", params={"slug": choice})

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:moviemind:problem:selection-not-found"
    assert answer.json()["error"].startswith("Selected ")
    assert await gateway.jobs() == []


@every_kind
async def test_an_only_match_may_be_chosen_too(gateway: Gateway, kind: EntityKind) -> None:
    gateway.catalog.add(facts(kind, "Heat", 1995, 949))

    answer = await gateway.get(kind, "heat", params={"slug": "heat-1995"})

    assert answer.status_code == 202


@every_kind
async def test_another_year_is_404_and_says_which(gateway: Gateway, kind: EntityKind) -> None:
    gateway.catalog.add(facts(kind, "The Matrix", 1999))

    answer = await gateway.get(kind, "the-matrix-1998")

    body = answer.json()
    assert answer.status_code == 404
    assert body["type"] == "urn:moviemind:problem:year-mismatch"
    assert body["found"] == {KINDS[kind].title: "The Matrix", "year": 1999}
    assert body["error"] == f"{KINDS[kind].label} not found"
    assert "(1999)" in body["detail"]
    assert "1998" in body["detail"]


@every_kind
async def test_a_near_miss_is_404_with_slugs_that_work(gateway: Gateway, kind: EntityKind) -> None:
    gateway.catalog.add(facts(kind, "The Matrix"))

    answer = await gateway.get(kind, "the-matrix-revoked")

    [near] = answer.json()["suggested_slugs"]
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:moviemind:problem:entity-not-found"
    assert near == {"slug": "the-matrix-1999", KINDS[kind].title: "The Matrix", KINDS[kind].year: 1999}
    assert (await gateway.get(kind, near["slug"])).status_code == 202


@every_kind
async def test_what_exists_nowhere_is_404(gateway: Gateway, kind: EntityKind) -> None:
    answer = await gateway.get(kind, "no-such-thing-anywhere")

    assert answer.status_code == 404
    assert answer.json()["slug"] == "no-such-thing-anywhere"
    assert "suggested_slugs" not in answer.json()
    assert await gateway.jobs() == []


@every_kind
@pytest.mark.parametrize("slug", ["the-matrix-1999", "asdfghjkl", "%2e%2e", "zażółć%00"])
async def test_with_the_flag_off_every_unknown_name_is_404(gateway: Gateway, kind: EntityKind, slug: str) -> None:
    gateway.catalog.add(facts(kind, "The Matrix"))
    gateway.flags[KINDS[kind].flag] = False

    answer = await gateway.get(kind, slug)

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:moviemind:problem:entity-not-found"
    assert gateway.catalog.calls == []
    assert await gateway.jobs() == []


@every_kind
async def test_an_active_job_is_answered_whatever_the_flags_and_the_catalogue_say(
    gateway: Gateway, kind: EntityKind
) -> None:
    gateway.catalog.add(facts(kind, "Heat", 1995))
    slug = "heat" if kind is EntityKind.PERSON else "heat-1995"
    before = (await gateway.get(kind, slug)).json()["job_id"]
    gateway.flags[KINDS[kind].flag] = False
    gateway.catalog.error = Unavailable("tmdb")

    answer = await gateway.get(kind, slug)

    assert (answer.status_code, answer.json()["job_id"]) == (202, before)


@every_kind
async def test_an_implausible_name_is_400(gateway: Gateway, kind: EntityKind) -> None:
    answer = await gateway.get(kind, "asdfghjkl")

    body = answer.json()
    assert answer.status_code == 400
    assert body["type"] == "urn:moviemind:problem:invalid-slug"
    assert (body["slug"], body["confidence"], body["reason"]) == ("asdfghjkl", 0.3, "implausible")
    assert gateway.catalog.calls == []


@every_kind
async def test_without_verification_the_job_itself_has_to_prove_it(gateway: Gateway, kind: EntityKind) -> None:
    gateway.flags[verification(kind)] = False

    answer = await gateway.get(kind, "heat-1995")
    chosen = await gateway.get(kind, "heat", params={"slug": "heat-1986"})

    assert (answer.status_code, chosen.status_code) == (202, 202)
    assert gateway.catalog.calls == []
    assert [job["slug"] for job in await gateway.jobs()] == ["heat-1995", "heat-1986"]


@every_kind
@pytest.mark.parametrize(
    ("error", "retry_after"),
    [
        (Unavailable("tmdb"), "2"),
        (Transient(failure(FailureType.RATE_LIMITED, "slow down"), retry_after_s=6.2), "7"),
        (Transient(failure(FailureType.TIMEOUT, "late"), retry_after_s=86400), "60"),
        (Permanent(failure(FailureType.UNKNOWN_ERROR, "refused")), "2"),
    ],
)
async def test_a_catalogue_that_cannot_tell_is_503(
    gateway: Gateway, kind: EntityKind, error: Exception, retry_after: str
) -> None:
    gateway.catalog.error = error

    answer = await gateway.get(kind, "heat-1995")

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:moviemind:problem:dependency-unavailable"
    assert answer.json()["dependency"] == "tmdb"
    assert answer.headers["retry-after"] == retry_after
    assert await gateway.jobs() == []


async def test_a_late_catalogue_is_503_when_the_time_is_up(
    database: Database, redis_url: str, catalog: FakeCatalog
) -> None:
    async with running(database, redis_url, catalog, lookup_s=0.05, instead=LateCatalog()) as gateway:
        answer = await gateway.get(EntityKind.MOVIE, "heat-1995")

    assert (answer.status_code, answer.json()["dependency"]) == (503, "tmdb")


@every_kind
async def test_a_spelling_that_only_the_catalogue_knows_shows_what_is_stored(
    gateway: Gateway, kind: EntityKind
) -> None:
    known = facts(kind, "The Matrix", titles={"pl-PL": "Matrix"})
    gateway.catalog.add(known)
    stored = await gateway.stored_with_text(known)

    answer = await gateway.get(kind, "matrix")

    assert answer.status_code == 200
    assert answer.json()["slug"] == stored.slug
    assert answer.headers["content-location"].endswith(f"/{stored.slug}")
    assert await gateway.jobs() == []


@every_kind
async def test_head_of_an_unknown_name_is_404_and_queues_nothing(gateway: Gateway, kind: EntityKind) -> None:
    gateway.catalog.add(facts(kind, "The Matrix"))

    answer = await gateway.http.head(f"/api/v1/{KINDS[kind].path}/the-matrix-1999")

    assert (answer.status_code, answer.content) == (404, b"")
    assert await gateway.jobs() == []


async def test_the_credential_decides_who_the_caller_is_and_a_wrong_one_is_401(gateway: Gateway) -> None:
    gateway.catalog.add(facts(EntityKind.MOVIE, "The Matrix"))

    anonymous = await gateway.get(EntityKind.MOVIE, "the-matrix-1999")
    wrong = await gateway.get(EntityKind.MOVIE, "the-matrix-1999", headers={"X-API-Key": "mm_wrong"})

    [job] = await gateway.jobs()
    assert (anonymous.status_code, wrong.status_code) == (202, 401)
    assert job["caller"].startswith("ip:")
