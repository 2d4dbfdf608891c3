"""`POST /api/v1/{type}/{slug}/refresh`, with the worker's part done by the test."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import insert, select
from tests.integration.gateway_reads.harness import BASE, Gateway, acting, facts

from shared import ids
from shared.db.attempts import PostgresAttempts
from shared.db.endings import complete
from shared.db.engine import Transaction
from shared.db.entity_rows import StoredEntity
from shared.db.facts import update_facts
from shared.db.tables import entities
from shared.entities import KINDS, EntityKind
from shared.events import RefreshRequested
from shared.jobs import Attempt, AttemptPolicy, Failure, FailureType, Result

every_kind = pytest.mark.parametrize("kind", EntityKind)
MOVIE = EntityKind.MOVIE
SYNC = "tmdb-sync"


async def refresh(gateway: Gateway, kind: EntityKind, slug: str, **options: Any) -> httpx.Response:
    return await gateway.http.post(f"/api/v1/{KINDS[kind].path}/{slug}/refresh", **options)


async def accepted_job(gateway: Gateway) -> Any:
    """The only job there is, as soon as it is there."""
    async with asyncio.timeout(5):
        while not (found := await gateway.jobs()):
            pass
    [job] = found
    return job


async def work_off(gateway: Gateway, stored: StoredEntity, title: str | None = None) -> None:
    """What the worker does: claim, then change the facts and end the job in one transaction."""
    job = await accepted_job(gateway)
    event = RefreshRequested(
        event_id=job["event_id"],
        occurred_at=job["created_at"],
        entity_kind=stored.kind,
        job_id=job["id"],
        slug=stored.slug,
        entity_id=stored.id,
    )
    attempts = PostgresAttempts(gateway.database, SYNC, "tmdb-sync.refresh-requested", AttemptPolicy())
    attempt = await attempts.claim(event)
    assert isinstance(attempt, Attempt)
    if title is None:
        await attempts.fail(attempt, event, Failure(type=FailureType.NOT_FOUND, technical_message="gone"))
        return

    async def effect(tx: Transaction) -> None:
        known = facts(stored.kind, title)
        version = await update_facts(tx, stored.id, known)
        result = Result(
            entity_id=stored.id,
            slug=await tx.scalar(select(entities.c.slug).where(entities.c.id == stored.id)),
            entity_version=version,
            tmdb_id=known.tmdb_id,
            refreshed_at=job["created_at"],
        )
        await complete(tx, attempt, event, SYNC, result)

    await gateway.database.run(effect)


@every_kind
async def test_a_refresh_that_ends_in_time_is_200_and_the_next_read_is_new(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
    assert (await gateway.get(kind, stored.slug)).json()[KINDS[kind].title] == "The Matrix"

    answer, _ = await asyncio.gather(refresh(gateway, kind, stored.slug), work_off(gateway, stored, "The Matrix!"))

    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"message", "slug", KINDS[kind].id_member, "tmdb_id", "refreshed_at"}
    assert (body["slug"], body[KINDS[kind].id_member], body["tmdb_id"]) == (stored.slug, str(stored.id), 603)
    assert body["refreshed_at"].endswith("Z")
    assert answer.headers["cache-control"] == "no-store"
    assert (await gateway.get(kind, stored.slug)).json()[KINDS[kind].title] == "The Matrix!"


@every_kind
async def test_a_retitled_entity_moves_and_its_former_address_redirects(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "Untitled"))
    assert (await gateway.get(kind, stored.slug)).status_code == 200

    answer, _ = await asyncio.gather(refresh(gateway, kind, stored.slug), work_off(gateway, stored, "The Matrix"))
    await gateway.announce(stored, stored.version + 2)
    moved = await gateway.get(kind, stored.slug)

    slug = answer.json()["slug"]
    assert slug == ("the-matrix" if kind is EntityKind.PERSON else "the-matrix-1999")
    assert (moved.status_code, moved.headers["location"]) == (301, f"/api/v1/{KINDS[kind].path}/{slug}")
    assert (await gateway.get(kind, slug)).json()[KINDS[kind].title] == "The Matrix"


@every_kind
async def test_a_failed_refresh_is_502(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))

    answer, _ = await asyncio.gather(refresh(gateway, kind, stored.slug), work_off(gateway, stored))

    assert answer.status_code == 502
    assert answer.json()["type"] == "urn:moviemind:problem:upstream-failed"
    assert answer.json()["upstream"] == "tmdb"
    assert (await gateway.get(kind, stored.slug)).json()[KINDS[kind].title] == "The Matrix"


@every_kind
async def test_respond_async_alone_is_202_at_once(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.store(facts(kind, "The Matrix"))

    answer = await refresh(gateway, kind, stored.slug, headers={"Prefer": "respond-async"})

    job = await accepted_job(gateway)
    body = answer.json()
    own = f"{BASE}/api/v1/jobs/{job['id']}"
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.headers["location"] == f"/api/v1/jobs/{job['id']}"
    assert answer.headers["retry-after"] == "2"
    assert set(body) == {"job_id", "status", "message", "slug", KINDS[kind].id_member, "links"}
    assert (body["job_id"], body["status"], body[KINDS[kind].id_member]) == (str(job["id"]), "PENDING", str(stored.id))
    assert body["links"] == {"self": own, "events": f"{own}/events", "cancel": f"{own}/cancel"}
    assert (job["kind"], job["entity_id"], job["slug"], job["event_type"]) == (
        "refresh",
        stored.id,
        stored.slug,
        "refresh.requested",
    )


async def test_a_refresh_that_takes_longer_than_the_wish_is_202(gateway: Gateway) -> None:
    stored = await gateway.store(facts(MOVIE, "The Matrix"))

    answer = await refresh(gateway, MOVIE, stored.slug, headers={"Prefer": "respond-async, wait=1"})

    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async, wait=1"


@every_kind
async def test_concurrent_refreshes_in_any_spelling_share_one_job(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.store(facts(kind, "The Matrix"))
    await gateway.alias(stored, "former-matrix")
    spellings = [stored.slug, "The_Matrix", "former-matrix"] * 5

    answers = await asyncio.gather(
        *(refresh(gateway, kind, slug, headers={"Prefer": "respond-async"}) for slug in spellings)
    )

    [job] = await gateway.jobs()
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["job_id"] for answer in answers} == {str(job["id"])}
    assert {answer.json()["slug"] for answer in answers} == {stored.slug}


@every_kind
@pytest.mark.parametrize("slug", ["the-matrix-1999", "%2e%2e", "a%00b", "asdfghjkl"])
async def test_what_is_not_stored_is_404_and_not_looked_up(gateway: Gateway, kind: EntityKind, slug: str) -> None:
    gateway.catalog.add(facts(kind, "The Matrix"))

    answer = await refresh(gateway, kind, slug)

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:moviemind:problem:entity-not-found"
    assert gateway.catalog.calls == []
    assert await gateway.jobs() == []


async def test_a_person_known_from_credits_only_has_no_snapshot(gateway: Gateway) -> None:
    await gateway.store(facts(MOVIE, "The Matrix", credits=(acting("Keanu Reeves", 6384, 0),)))

    answer = await refresh(gateway, EntityKind.PERSON, "keanu-reeves")

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:moviemind:problem:snapshot-not-found"
    assert answer.json()["error"] == "No TMDb snapshot found for this person"
    assert await gateway.jobs() == []


@every_kind
async def test_an_entity_without_snapshot_is_404(gateway: Gateway, kind: EntityKind) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute(
            insert(entities).values(id=ids.row_id(), kind=kind, slug="bare", title="Bare", title_slug="bare")
        )

    await gateway.database.run(work)

    answer = await refresh(gateway, kind, "bare")

    assert answer.json()["type"] == "urn:moviemind:problem:snapshot-not-found"


async def test_a_key_names_its_job_also_after_the_job_has_ended(gateway: Gateway) -> None:
    stored = await gateway.stored_with_text(facts(MOVIE, "The Matrix"))
    key = {"Idempotency-Key": '"refresh-0001"'}

    first = await refresh(gateway, MOVIE, stored.slug, headers=key | {"Prefer": "respond-async"})
    again = await refresh(gateway, MOVIE, stored.slug, headers=key | {"Prefer": "respond-async"}, json={})
    await work_off(gateway, stored, "The Matrix!")
    done = await refresh(gateway, MOVIE, stored.slug, headers=key)
    other = await refresh(gateway, MOVIE, "the-matrix", headers=key)

    assert (first.status_code, again.status_code, done.status_code) == (202, 202, 200)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == done.headers["idempotent-replayed"] == "true"
    assert again.json()["job_id"] == first.json()["job_id"]
    assert done.json()["slug"] == stored.slug
    assert (other.status_code, other.json()["type"]) == (422, "urn:moviemind:problem:idempotency-key-reused")
    assert len(await gateway.jobs()) == 1


async def test_without_a_key_a_finished_refresh_is_followed_by_a_new_one(gateway: Gateway) -> None:
    stored = await gateway.stored_with_text(facts(MOVIE, "The Matrix"))
    first = await refresh(gateway, MOVIE, stored.slug, headers={"Prefer": "respond-async"})
    await work_off(gateway, stored, "The Matrix!")

    second = await refresh(gateway, MOVIE, stored.slug, headers={"Prefer": "respond-async"})

    assert UUID(second.json()["job_id"]) != UUID(first.json()["job_id"])


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"content": b'{"force": true}', "headers": {"Content-Type": "application/json"}}, 422),
        ({"content": b"[]", "headers": {"Content-Type": "application/json"}}, 422),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"content": b" " * 70_000, "headers": {"Content-Type": "application/json"}}, 413),
        ({"headers": {"Idempotency-Key": "short"}}, 400),
        ({"headers": {"X-API-Key": "mm_wrong"}}, 401),
    ],
)
async def test_a_wrong_request_starts_nothing(gateway: Gateway, options: dict[str, Any], status: int) -> None:
    stored = await gateway.store(facts(MOVIE, "The Matrix"))

    answer = await refresh(gateway, MOVIE, stored.slug, **options)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert await gateway.jobs() == []
