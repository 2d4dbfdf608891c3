"""What a detail read answers about entities that are stored."""

from urllib.parse import urlsplit

import httpx
import pytest
from tests.integration.gateway_reads.harness import BASE, Gateway, ago, facts

from shared import ids
from shared.entities import KINDS, EntityKind, Form, Locale
from shared.jobs import Identity

every_kind = pytest.mark.parametrize("kind", EntityKind)


@every_kind
async def test_stored_with_a_text_is_200_under_its_slug(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"), "Written once.")

    answer = await gateway.get(kind, stored.slug)

    assert answer.status_code == 200
    assert answer.json()["slug"] == stored.slug
    assert answer.json()[KINDS[kind].texts][0]["text"] == "Written once."
    assert f"selected_{KINDS[kind].text}" not in answer.json()
    assert "content-location" not in answer.headers
    assert answer.headers["cache-control"] == "public, no-cache"


@every_kind
async def test_a_former_slug_moves_permanently_and_keeps_the_query(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
    await gateway.alias(stored, "matrix-the-1999")

    answer = await gateway.get(kind, "Matrix_The-1999", params={"locale": "en-US", "x": "a b"})

    assert answer.status_code == 301
    assert answer.headers["location"] == f"/api/v1/{KINDS[kind].path}/{stored.slug}?locale=en-US&x=a+b"
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert (await gateway.http.get(answer.headers["location"])).status_code == 200


@every_kind
async def test_a_text_that_is_not_current_is_404(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
    other = await gateway.stored_with_text(facts(kind, "Dune", tmdb_id=841))
    archived = await gateway.write(stored, default=False, context_tag="modern", archived_at=ago(60))
    foreign = (await gateway.get(kind, other.slug)).json()[KINDS[kind].texts][0]["id"]

    answers = [
        await gateway.get(kind, stored.slug, params={KINDS[kind].text_id_member: str(text_id)})
        for text_id in (archived, foreign, ids.row_id())
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["type"] for answer in answers} == {"urn:moviemind:problem:text-not-found"}
    label = {"description": "Description not found for", "bio": "Bio not found for"}[KINDS[kind].text]
    assert answers[0].json()["error"].startswith(label)


@every_kind
async def test_the_text_asked_for_by_id_is_selected(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
    modern = await gateway.write(stored, "Modern.", default=False, context_tag="modern")

    answer = await gateway.get(
        kind, stored.slug, params={KINDS[kind].text_id_member: str(modern).upper(), "locale": "pl_pl"}
    )

    assert answer.status_code == 200
    assert answer.json()[f"selected_{KINDS[kind].text}"]["text"] == "Modern."
    assert answer.json()["locale"] == "pl-PL"


@every_kind
async def test_a_locale_selects_its_default_text_else_the_tag_default_else_the_newest(
    gateway: Gateway, kind: EntityKind
) -> None:
    stored = await gateway.store(facts(kind, "The Matrix"))
    await gateway.write(stored, "English default", context_tag="modern")
    await gateway.write(stored, "English DEFAULT", default=False, context_tag="DEFAULT")
    await gateway.write(stored, "Polish DEFAULT", default=False, locale="pl-PL", context_tag="DEFAULT")
    await gateway.write(stored, "Polish newer", default=False, locale="pl-PL", context_tag="modern")
    await gateway.write(stored, "German older", default=False, locale="de-DE", context_tag="modern")
    await gateway.write(stored, "German newer", default=False, locale="de-DE", context_tag="critical")

    selected = [
        (await gateway.get(kind, stored.slug, params={"locale": locale})).json()[f"selected_{KINDS[kind].text}"]["text"]
        for locale in ("en-US", "PL_pl", "de-de")
    ]

    assert selected == ["English default", "Polish DEFAULT", "German newer"]


@every_kind
async def test_a_missing_text_is_202_for_a_job_in_the_locale(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.store(facts(kind, "The Matrix"))
    written = await gateway.write(stored)

    answer = await gateway.get(kind, stored.slug, params={"locale": "pl-PL"})

    [job] = await gateway.jobs()
    body = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/v1/jobs/{body['job_id']}"
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["cache-control"] == "no-store"
    assert (str(job["id"]), job["status"], job["locale"], job["slug"]) == (
        body["job_id"],
        "PENDING",
        "pl-PL",
        stored.slug,
    )
    assert body["existing_id"] == str(stored.id)
    assert body[KINDS[kind].text_id_member] == str(written)
    assert body["links"]["self"] == f"{BASE}/api/v1/jobs/{body['job_id']}"
    assert job["baseline_text_id"] == written


@every_kind
async def test_an_entity_without_any_text_is_202_in_english(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.store(facts(kind, "The Matrix"))

    first = await gateway.get(kind, stored.slug)
    second = await gateway.get(kind, stored.slug)

    [job] = await gateway.jobs()
    assert {first.status_code, second.status_code} == {202}
    assert first.json()["job_id"] == second.json()["job_id"]
    assert job["locale"] == "en-US"
    assert second.json()["message"].startswith("Generation already queued")


@every_kind
async def test_an_active_job_is_answered_even_with_the_flag_off(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.store(facts(kind, "The Matrix"))
    before = (await gateway.get(kind, stored.slug)).json()["job_id"]
    switch_off(gateway, KINDS[kind].flag)

    answer = await gateway.get(kind, stored.slug)

    assert (answer.status_code, answer.json()["job_id"]) == (202, before)


@every_kind
async def test_with_the_flag_off_what_is_there_is_shown_and_not_cached(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
    switch_off(gateway, KINDS[kind].flag)

    answer = await gateway.get(kind, stored.slug, params={"locale": "fr-FR"})

    assert answer.status_code == 200
    assert answer.json()[f"selected_{KINDS[kind].text}"] is None
    assert answer.json()[f"{KINDS[kind].texts}_count"] == 1
    assert await gateway.jobs() == []
    switch_on(gateway, KINDS[kind].flag)
    assert (await gateway.get(kind, stored.slug, params={"locale": "fr-FR"})).status_code == 202


@every_kind
async def test_a_spelling_without_a_year_shows_the_only_entity_and_where_it_is(
    gateway: Gateway, kind: EntityKind
) -> None:
    stored = await gateway.stored_with_text(facts(kind, "Amélie", year=None))
    await gateway.change(stored, slug="amelie-canonical")

    answer = await gateway.get(kind, "AMÉLIE", params={"locale": "en-US"})

    assert answer.status_code == 200
    assert answer.json()["slug"] == "amelie-canonical"
    assert answer.headers["content-location"] == f"/api/v1/{KINDS[kind].path}/amelie-canonical?locale=en-US"
    assert "_meta" not in answer.json()


@every_kind
async def test_a_spelling_without_a_year_shows_the_newest_of_several_and_names_the_others(
    gateway: Gateway, kind: EntityKind
) -> None:
    for year, tmdb_id in ((1984, 841), (2021, 438631)):
        stored = await gateway.stored_with_text(facts(kind, "Dune", year=year, tmdb_id=tmdb_id))
        await gateway.change(stored, slug=f"dune-{year}")

    answer = await gateway.get(kind, "dune")

    meta = answer.json()["_meta"]
    [other] = meta["alternatives"]
    assert answer.status_code == 200
    assert answer.json()["slug"] == "dune-2021"
    assert answer.headers["content-location"] == f"/api/v1/{KINDS[kind].path}/dune-2021"
    assert meta["ambiguous"] is True
    assert meta["message"]
    dated = {"birth_date": "1984-03-31"} if kind is EntityKind.PERSON else {KINDS[kind].year: 1984}
    assert other == {
        "slug": "dune-1984",
        KINDS[kind].title: "Dune",
        **dated,
        "url": f"{BASE}/api/v1/{KINDS[kind].path}/dune-1984",
    }
    assert (await gateway.http.get(urlsplit(str(other["url"])).path)).json()["slug"] == "dune-1984"


async def test_a_title_is_not_named_by_its_beginning(gateway: Gateway) -> None:
    await gateway.stored_with_text(facts(EntityKind.MOVIE, "The Matrix Reloaded", 2003))

    answer = await gateway.get(EntityKind.MOVIE, "the-matrix")

    assert answer.status_code == 404


async def test_a_person_is_named_by_name_and_birth_year(gateway: Gateway) -> None:
    await gateway.stored_with_text(facts(EntityKind.PERSON, "Keanu Reeves", 1964))

    answer = await gateway.get(EntityKind.PERSON, "keanu-reeves-1964")

    assert answer.status_code == 200
    assert answer.headers["content-location"] == "/api/v1/people/keanu-reeves"


@every_kind
async def test_a_choice_shows_the_stored_entity_it_names(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "Dune", 1984))
    await gateway.alias(stored, "dune-former")

    answers = [await gateway.get(kind, "dune", params={"slug": slug}) for slug in (stored.slug, "dune-former")]

    for answer in answers:
        assert answer.status_code == 200
        assert answer.json()["slug"] == stored.slug
        assert answer.headers["content-location"] == f"/api/v1/{KINDS[kind].path}/{stored.slug}"


@every_kind
async def test_another_spelling_joins_the_job_of_the_stored_entity(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.store(facts(kind, "Dune", 1984))

    answers = [await gateway.get(kind, slug) for slug in (stored.slug, "Dune", "DUNE-1984")]

    [job] = await gateway.jobs()
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["job_id"] for answer in answers} == {str(job["id"])}


async def test_an_identity_has_neither_tag_nor_other_form(gateway: Gateway) -> None:
    stored = await gateway.store(facts(EntityKind.MOVIE, "Dune", 1984))

    await gateway.get(EntityKind.MOVIE, stored.slug, params={"locale": "es-ES"})

    [job] = await gateway.jobs()
    identity = Identity(EntityKind.MOVIE, stored.slug, Form.DESCRIPTION, Locale.ES, None)
    assert job["dedupe_key"] == identity.dedupe_key


@every_kind
@pytest.mark.parametrize("query", [{"locale": "xx-XX"}, {"locale": "en"}, {"text_id": "not-a-uuid"}])
async def test_a_parameter_that_cannot_be_is_422(gateway: Gateway, kind: EntityKind, query: dict[str, str]) -> None:
    names = {"text_id": KINDS[kind].text_id_member}
    sent = {names.get(name, name): value for name, value in query.items()}

    answer = await gateway.get(kind, "the-matrix-1999", params=sent)

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == list(sent)


@every_kind
async def test_an_empty_parameter_counts_as_absent(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "Dune", 1984))

    answer = await gateway.get(
        kind, stored.slug, params={"locale": "", "slug": " ", KINDS[kind].text_id_member: "", "unknown": "1"}
    )

    assert answer.status_code == 200
    assert f"selected_{KINDS[kind].text}" not in answer.json()


@every_kind
async def test_head_answers_like_get_and_queues_nothing(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "Dune", 1984))
    path = f"/api/v1/{KINDS[kind].path}/{stored.slug}"

    shown: httpx.Response = await gateway.http.head(path)
    lacking = await gateway.http.head(path, params={"locale": "de-DE"})

    assert (shown.status_code, shown.content) == (200, b"")
    assert shown.headers["etag"] == (await gateway.http.get(path)).headers["etag"]
    assert lacking.status_code == 404
    assert await gateway.jobs() == []


def switch_off(gateway: Gateway, flag: str) -> None:
    gateway.flags[flag] = False


def switch_on(gateway: Gateway, flag: str) -> None:
    gateway.flags[flag] = True
