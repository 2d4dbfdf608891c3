"""Which entity a spelling means, what its answer says of the others, and under which address it is."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from tests.integration.gateway_reads.harness import BASE, Gateway, ago, facts, running

from gateway.adapters.postgres_entities import PostgresEntities
from gateway.read_ports import Entity
from shared.db.engine import Database
from shared.db.tables import outbox
from shared.entities import KINDS, EntityKind
from shared.errors import Unavailable
from shared.events import EntityChanged
from shared.testing.catalog import FakeCatalog

every_kind = pytest.mark.parametrize("kind", EntityKind)
MOVIE, PERSON = EntityKind.MOVIE, EntityKind.PERSON


def alternative(kind: EntityKind, slug: str, year: int) -> dict[str, Any]:
    names = KINDS[kind]
    dated = {"birth_date": f"{year}-03-31"} if kind is PERSON else {names.year: year}
    return {"slug": slug, names.title: "Dune", **dated, "url": f"{BASE}/api/v1/{names.path}/{slug}"}


async def announce(gateway: Gateway, kind: EntityKind) -> set[str]:
    """Tell the cache what waits in the outbox, as the invalidator does; the slugs that changed."""
    rows = await gateway.database.read(select(outbox.c.payload).where(outbox.c.type == EntityChanged.type))
    events = [EntityChanged.model_validate_json(payload) for payload in rows.scalars()]
    changed = {(event.slug, event.entity_version) for event in events}
    for slug, version in changed:
        await gateway.cache.invalidate(kind, slug, version)
    return {slug for slug, _ in changed}


@every_kind
async def test_the_owner_of_a_bare_title_is_shown_and_tells_of_its_namesakes(
    gateway: Gateway, kind: EntityKind
) -> None:
    owner = await gateway.stored_with_text(facts(kind, "Dune", None, tmdb_id=1))
    for year, tmdb_id in ((1984, 841), (2021, 438631)):
        await gateway.stored_with_text(facts(kind, "Dune", year, tmdb_id))

    answers = [await gateway.get(kind, "dune") for _ in range(2)]

    for answer in answers:
        assert answer.status_code == 200
        assert answer.json()["id"] == str(owner.id)
        assert "content-location" not in answer.headers
        assert answer.json()["_meta"]["ambiguous"] is True
        assert answer.json()["_meta"]["alternatives"] == [
            alternative(kind, "dune-2021", 2021),
            alternative(kind, "dune-1984", 1984),
        ]
    for slug in ("dune-2021", "dune-1984"):
        assert "_meta" not in (await gateway.get(kind, slug)).json()


@every_kind
async def test_a_cached_owner_of_a_bare_title_learns_of_a_new_namesake(gateway: Gateway, kind: EntityKind) -> None:
    owner = await gateway.stored_with_text(facts(kind, "Dune", None, tmdb_id=1))
    before = [await gateway.get(kind, owner.slug) for _ in range(2)]

    await gateway.store(facts(kind, "Dune", 1984, 841))

    assert await announce(gateway, kind) == {"dune"}
    after = await gateway.get(kind, owner.slug)
    assert all("_meta" not in answer.json() for answer in before)
    assert after.json()["_meta"]["alternatives"] == [alternative(kind, "dune-1984", 1984)]


@every_kind
@pytest.mark.parametrize(
    "spelling", ["The_Matrix-1999", "THE MATRIX 1999", "The--Matrix-1999", "the-matrix", "Thé-Matrix"]
)
async def test_every_other_spelling_is_told_the_canonical_address_cached_or_not(
    gateway: Gateway, kind: EntityKind, spelling: str
) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))

    other = [await gateway.get(kind, spelling, params={"locale": "en-us"}) for _ in range(2)]
    own = [await gateway.get(kind, stored.slug) for _ in range(2)]
    unchanged = await gateway.get(
        kind, spelling, params={"locale": "en-US"}, headers={"If-None-Match": other[0].headers["etag"]}
    )

    address = f"/api/v1/{KINDS[kind].path}/{stored.slug}?locale=en-US"
    expected = (200, stored.slug, None if spelling == stored.slug else address)
    for answer in other:
        seen = answer.headers.get("content-location")
        assert (answer.status_code, answer.json()["slug"], seen) == expected
    assert all("content-location" not in answer.headers for answer in own)
    assert unchanged.status_code == 304


@every_kind
async def test_a_longer_spelling_that_only_the_catalogue_understands_leads_to_what_is_stored(
    gateway: Gateway, kind: EntityKind
) -> None:
    tail = {MOVIE: {"director": "Michael Mann"}, PERSON: {"birthplace": "Chicago, USA"}}.get(kind, {})
    known = facts(kind, "Heat", 1995, 949, **tail)
    gateway.catalog.add(known)
    stored = await gateway.stored_with_text(known)
    longer = {MOVIE: "heat-1995-michael-mann", PERSON: "heat-1995-chicago"}.get(kind, "heat-1995-1")

    answer = await gateway.get(kind, longer)

    assert answer.status_code == 200
    assert answer.headers["content-location"] == f"/api/v1/{KINDS[kind].path}/{stored.slug}"


@every_kind
async def test_a_chosen_option_and_its_other_spellings_share_one_job(gateway: Gateway, kind: EntityKind) -> None:
    gateway.catalog.add(facts(kind, "Heat", 1995, 949))

    answers = [await gateway.get(kind, "heat", params={"slug": slug}) for slug in ("heat-1995", "Heat_1995")]
    answers += [await gateway.get(kind, slug) for slug in ("heat", "heat-1995")]

    [job] = await gateway.jobs()
    assert {answer.json()["job_id"] for answer in answers} == {str(job["id"])}


@every_kind
async def test_a_choice_is_judged_like_a_name_of_its_own(gateway: Gateway, kind: EntityKind) -> None:
    gateway.catalog.add(facts(kind, "Dune", 1984, 841))

    mashed = await gateway.get(kind, "dune", params={"slug": "asdfghjkl"})
    gateway.catalog.error = Unavailable("tmdb")
    away = await gateway.get(kind, "dune", params={"slug": "dune-1984"})
    gateway.flags[KINDS[kind].flag] = False
    switched_off = await gateway.get(kind, "dune", params={"slug": "dune-1984"})

    assert (mashed.status_code, mashed.json()["reason"]) == (400, "implausible")
    assert (away.status_code, away.json()["dependency"]) == (503, "tmdb")
    assert (switched_off.status_code, switched_off.json()["slug"]) == (404, "dune-1984")
    assert await gateway.jobs() == []


@every_kind
async def test_a_stored_choice_is_read_like_its_own_address(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.store(facts(kind, "Dune", 1984, 841))
    written = await gateway.write(stored)
    other = await gateway.write(stored, default=False, context_tag="modern", archived_at=ago(1))
    names = KINDS[kind]

    by_id = await gateway.get(kind, "dune", params={"slug": stored.slug, names.text_id_member: str(written)})
    archived = await gateway.get(kind, "dune", params={"slug": stored.slug, names.text_id_member: str(other)})
    lacking = await gateway.get(kind, "dune", params={"slug": stored.slug, "locale": "es-ES"})
    gateway.flags[names.flag] = False
    shown = await gateway.get(kind, "dune", params={"slug": stored.slug, "locale": "fr-FR"})

    assert by_id.json()[f"selected_{names.text}"]["id"] == str(written)
    assert (archived.status_code, archived.json()["type"]) == (404, "urn:moviemind:problem:text-not-found")
    assert (lacking.status_code, lacking.json()["existing_id"]) == (202, str(stored.id))
    assert (shown.status_code, shown.json()[f"selected_{names.text}"]) == (200, None)
    assert len(await gateway.jobs()) == 1


@every_kind
async def test_of_many_matches_ten_are_offered_and_each_of_them_leads_on(gateway: Gateway, kind: EntityKind) -> None:
    for number in range(12):
        gateway.catalog.add(facts(kind, "Hamlet", 1940 + number, number + 1))

    answer = await gateway.get(kind, "hamlet")

    options = answer.json()["options"]
    assert (answer.status_code, answer.json()["count"], len(options)) == (300, 10, 10)
    assert [option[KINDS[kind].year] for option in options] == list(range(1951, 1941, -1))
    for option in options:
        chosen = await gateway.get(kind, "hamlet", params={"slug": option["slug"]})
        assert chosen.status_code == 202
    assert len({job["dedupe_key"] for job in await gateway.jobs()}) == 10


@every_kind
async def test_head_of_several_matches_is_300_without_a_body(gateway: Gateway, kind: EntityKind) -> None:
    for year, tmdb_id in ((1984, 841), (2021, 438631)):
        gateway.catalog.add(facts(kind, "Dune", year, tmdb_id))

    answer = await gateway.http.head(f"/api/v1/{KINDS[kind].path}/dune")

    assert (answer.status_code, answer.content) == (300, b"")


@every_kind
async def test_facts_that_could_not_be_renewed_say_since_when(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "Dune", 1984, 841))
    await gateway.change(stored, stale_since=ago(60))

    meta = (await gateway.get(kind, stored.slug)).json()["_meta"]

    assert list(meta) == ["stale_since"]
    assert meta["stale_since"].endswith("Z")


class InterruptedEntities(PostgresEntities):
    """Lets something happen between the look at the names and the look at the entity."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def load(self, kind: EntityKind, entity_id: UUID) -> Entity | None:
        if self.meanwhile is not None:
            work, self.meanwhile = self.meanwhile, None
            await work()
        return await super().load(kind, entity_id)


async def test_a_namesake_that_comes_between_two_looks_is_not_hidden_by_the_cache(
    database: Database, redis_url: str, catalog: FakeCatalog
) -> None:
    async with running(database, redis_url, catalog, entities_type=InterruptedEntities) as gateway:
        await gateway.stored_with_text(facts(PERSON, "Dune", None, tmdb_id=1))

        async def appear() -> None:
            await gateway.store(facts(PERSON, "Dune", 1984, 841))
            await announce(gateway, PERSON)

        assert isinstance(gateway.reader, InterruptedEntities)
        gateway.reader.meanwhile = appear
        await gateway.get(PERSON, "dune")
        after = await gateway.get(PERSON, "dune")

        assert after.json()["_meta"]["alternatives"] == [alternative(PERSON, "dune-1984", 1984)]
