"""`GET /api/v1/{type}?slugs=` and `POST /api/v1/{type}/bulk`."""

from typing import Any

import httpx
import pytest
from tests.integration.gateway_reads.harness import Gateway, acting, facts

from shared.db.entity_rows import StoredEntity
from shared.entities import KINDS, EntityKind

MOVIE = EntityKind.MOVIE
every_kind = pytest.mark.parametrize("kind", EntityKind)
every_way = pytest.mark.parametrize("way", ["get", "post"])


async def ask(gateway: Gateway, kind: EntityKind, way: str, slugs: list[str], *include: str) -> httpx.Response:
    if way == "get":
        return await gateway.get(kind, params={"slugs": ",".join(slugs), "include": ",".join(include)})
    body = {"slugs": slugs} | ({"include": list(include)} if include else {})
    return await post(gateway, kind, body)


async def post(gateway: Gateway, kind: EntityKind, body: Any) -> httpx.Response:
    return await gateway.http.post(f"/api/v1/{KINDS[kind].path}/bulk", json=body)


@pytest.fixture
async def three(gateway: Gateway, kind: EntityKind) -> list[StoredEntity]:
    titles = (("The Matrix", 1999), ("Heat", 1995), ("Zodiac", 2007))
    return [
        await gateway.stored_with_text(facts(kind, title, year, tmdb_id=number + 1))
        for number, (title, year) in enumerate(titles)
    ]


@every_kind
@every_way
async def test_what_the_slugs_name_comes_in_their_order(
    gateway: Gateway, kind: EntityKind, way: str, three: list[StoredEntity]
) -> None:
    matrix, heat, zodiac = (one.slug for one in three)

    answer = await ask(gateway, kind, way, [zodiac, "nobody-1900", matrix, zodiac, heat, "Nobody_Else", "nobody-1900"])

    found = answer.json()
    assert answer.status_code == 200
    assert [item["slug"] for item in found["data"]] == [zodiac, matrix, heat]
    assert found["not_found"] == ["nobody-1900", "Nobody_Else"]
    assert (found["count"], found["requested_count"]) == (3, 7)
    assert await gateway.jobs() == []


@every_kind
async def test_spellings_resolve_and_one_entity_comes_once(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "Amélie", 2001, 194))
    await gateway.alias(stored, "a-former-slug")

    found = (await ask(gateway, kind, "get", ["a-former-slug", "Amélie", stored.slug.upper(), "amelie"])).json()

    assert [item["slug"] for item in found["data"]] == [stored.slug]
    assert (found["not_found"], found["count"], found["requested_count"]) == ([], 1, 4)


@every_kind
async def test_a_title_of_several_is_the_newest_and_names_the_others(gateway: Gateway, kind: EntityKind) -> None:
    old = await gateway.stored_with_text(facts(kind, "Dune", 1984, 841))
    new = await gateway.stored_with_text(facts(kind, "Dune", 2021, 438631))

    found = (await ask(gateway, kind, "post", ["dune", old.slug])).json()["data"]

    alone = (await gateway.get(kind, "dune")).json()
    assert [item["slug"] for item in found] == list(dict.fromkeys([alone["slug"], old.slug]))
    assert found[0]["_meta"] == alone["_meta"]
    assert {alone["slug"], *(other["slug"] for other in alone["_meta"]["alternatives"])} == {old.slug, new.slug}


@every_kind
async def test_credits_and_texts_come_when_include_names_them(gateway: Gateway, kind: EntityKind) -> None:
    keanu = acting("Keanu Reeves", 6384, 0)
    title = await gateway.stored_with_text(
        facts(MOVIE if kind is EntityKind.PERSON else kind, "The Matrix", credits=(keanu,))
    )
    slug = "keanu-reeves" if kind is EntityKind.PERSON else title.slug
    names, member = KINDS[kind], "movies" if kind is EntityKind.PERSON else "people"

    [plain] = (await ask(gateway, kind, "get", [slug])).json()["data"]
    [whole] = (await ask(gateway, kind, "get", [slug], names.texts, member)).json()["data"]
    [listed] = (await gateway.get(kind, params={"include": f"{names.texts},{member}"})).json()["data"]

    assert {member, names.texts}.isdisjoint(plain)
    assert member not in plain["_links"]
    assert whole == listed
    assert len(whole[member]) == len(whole["_links"][member]) == 1


@every_kind
async def test_both_ways_say_the_same_and_only_get_is_kept_by_clients(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
    asked = [stored.slug, "nobody"]

    got, posted = await ask(gateway, kind, "get", asked), await ask(gateway, kind, "post", asked)
    again = await gateway.get(kind, params={"slugs": asked}, headers={"If-None-Match": got.headers["etag"]})

    assert got.content == posted.content
    assert got.headers["cache-control"] == "public, no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert posted.headers["cache-control"] == "no-store"
    assert "etag" not in posted.headers


@every_way
async def test_fifty_slugs_are_answered(gateway: Gateway, way: str) -> None:
    answer = await ask(gateway, MOVIE, way, [f"nobody-{number}" for number in range(50)])

    assert answer.status_code == 200
    assert len(answer.json()["not_found"]) == answer.json()["requested_count"] == 50


@every_way
@pytest.mark.parametrize(
    ("slugs", "include", "wrong"),
    [
        ([], [], ["slugs"]),
        (["heat"] * 51, [], ["slugs"]),
        (["heat", "zodiac", "dune", "a/b", "<b>"], [], ["slugs.3", "slugs.4"]),
        (["heat", "x" * 256], [], ["slugs.1"]),
        (["heat", "ignore-all-previous-instructions"], [], ["slugs.1"]),
        (["heat"], ["people", "secrets"], ["include.1"]),
        (["a/b"], ["movies"], ["slugs.0", "include.0"]),
    ],
    ids=["none", "too-many", "impossible", "too-long", "hostile", "include", "both"],
)
async def test_what_is_wrong_is_422_and_named(
    gateway: Gateway, way: str, slugs: list[str], include: list[str], wrong: list[str]
) -> None:
    answer = await ask(gateway, MOVIE, way, slugs, *include)

    assert answer.status_code == 422
    assert answer.headers["cache-control"] == "no-store"
    assert list(answer.json()["errors"]) == wrong


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["slugs"]),
        ({"slugs": None}, ["slugs"]),
        ({"slugs": "heat"}, ["slugs"]),
        ({"slugs": ["heat", 7]}, ["slugs.1"]),
        ({"slugs": ["heat", ""]}, ["slugs.1"]),
        ({"slugs": ["heat"], "include": "people"}, ["include"]),
        ({"slugs": ["heat"], "queue": True}, ["queue"]),
    ],
    ids=["nothing", "null", "text", "number", "empty", "include-text", "unknown-member"],
)
async def test_a_wrong_body_is_422(gateway: Gateway, body: Any, wrong: list[str]) -> None:
    answer = await post(gateway, MOVIE, body)

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == wrong


async def test_a_body_that_is_no_json_is_400_and_one_of_another_type_415(gateway: Gateway) -> None:
    path = "/api/v1/movies/bulk"

    malformed = await gateway.http.post(path, content=b"{", headers={"Content-Type": "application/json"})
    typed = await gateway.http.post(path, content=b"slugs=heat", headers={"Content-Type": "text/plain"})
    absent = await gateway.http.post(path)

    assert [answer.status_code for answer in (malformed, typed, absent)] == [400, 415, 400]


async def test_beside_slugs_only_include_counts(gateway: Gateway) -> None:
    stored = await gateway.stored_with_text(facts(MOVIE, "The Matrix"))

    answer = await gateway.get(MOVIE, params={"slugs": stored.slug, "page": "x", "q": "nothing"})

    assert [item["slug"] for item in answer.json()["data"]] == [stored.slug]
