"""What surrounds a search: its parameters, its caching, and the contract it is published under."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.integration.gateway_search.library import MOVIE, PERSON, SERIES, SHOW
from tests.integration.gateway_search_http.harness import Gateway

from gateway.app import openapi_document
from shared.entities import KINDS, EntityKind

every_kind = pytest.mark.parametrize("kind", EntityKind)
LONG = "x" * 256
WRONG_ANYWHERE = {
    "q": LONG,
    "has_text": "xx-XX",
    "source": "both",
    "local_limit": "0",
    "external_limit": "101",
    "page": "0",
    "cursor": "nonsense",
    "per_page": "many",
    "limit": "-1",
    "sort": "popularity",
    "order": "up",
}
YEARS = {"year": "1887", "year_from": "x", "year_to": "99999"}
NAMES = ",".join(f"name {number}" for number in range(11))
WRONG: dict[EntityKind, dict[str, str]] = {
    MOVIE: YEARS | {"director": LONG, "actor": NAMES},
    PERSON: {
        "birth_year": "1799",
        "birth_year_from": "1.5",
        "birth_year_to": "3000",
        "birthplace": "a\0b",
        "role": "actor",
        "movie": "<script>",
    },
    SERIES: YEARS | {"actor": LONG},
    SHOW: YEARS | {"actor": "a\0b", "show_type": "SOAP"},
}


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    return openapi_document()


def check(published: dict[str, Any], kind: EntityKind, status: int, media_type: str, body: Any) -> None:
    response = published["paths"][f"/api/v1/{KINDS[kind].path}/search"]["get"]["responses"][str(status)]
    schema = response["content"][media_type]["schema"] | {"components": published["components"]}
    Draft202012Validator(schema).validate(body)


@every_kind
async def test_every_wrong_parameter_is_named_at_once(
    gateway: Gateway, kind: EntityKind, published: dict[str, Any]
) -> None:
    wrong = WRONG_ANYWHERE | WRONG[kind]

    answer = await gateway.search(kind, **wrong)

    assert answer.status_code == 422
    assert answer.json()["errors"].keys() == wrong.keys()
    check(published, kind, 422, "application/problem+json", answer.json())


@every_kind
async def test_empty_and_unknown_parameters_are_ignored(gateway: Gateway, kind: EntityKind) -> None:
    await gateway.library.add("Heat", 1995, kind)

    found = await gateway.find(kind, **dict.fromkeys(WRONG_ANYWHERE | WRONG[kind], ""), whatever="x")

    assert (found["total"], "pagination" in found) == (1, False)


@pytest.mark.parametrize(
    "cursor",
    ["e30", "bnVsbA", "W10", "eyJwIjoxfQ", "eyJwIjoxLCJhIjoieCIsImwiOjAsIngiOjB9", "é", "=", "x" * 9000],
)
async def test_what_is_no_cursor_is_refused(gateway: Gateway, cursor: str) -> None:
    answer = await gateway.search(MOVIE, cursor=cursor)

    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["cursor"])


async def test_a_cursor_of_another_order_and_one_beside_a_page_are_refused(gateway: Gateway) -> None:
    for number in range(3):
        await gateway.library.add(f"Heat {number}", 1995)
    cursor = (await gateway.find(MOVIE, page=1, per_page=1, sort="title"))["pagination"]["next_cursor"]

    other = await gateway.search(MOVIE, cursor=cursor, sort="release_year")
    both = await gateway.search(MOVIE, cursor=cursor, sort="title", page=2)

    assert [list(answer.json()["errors"]) for answer in (other, both)] == [["cursor"]] * 2
    assert len(await gateway.names(MOVIE, cursor=cursor, sort="title")) == 2


async def test_a_page_behind_the_last_is_empty_with_the_true_totals(gateway: Gateway) -> None:
    found = await gateway.find(MOVIE, q="matrix", page=1_000_000_000, per_page=100)

    assert (found["results"], found["total"], found["pagination"]["total"]) == ([], 4, 4)


@every_kind
async def test_answers_are_as_published(gateway: Gateway, kind: EntityKind, published: dict[str, Any]) -> None:
    q = {MOVIE: "matrix", PERSON: "keanu", SERIES: "office", SHOW: "planet"}[kind]
    stored = await gateway.library.add(f"{q} stored", 1990, kind)
    await gateway.library.write(stored, body="words " * 100)

    found = await gateway.search(kind, q=q, page=1)
    nothing = await gateway.search(kind, q="unheard of anywhere")

    assert {item["source"] for item in found.json()["results"]} == {"local", "external"}
    check(published, kind, 200, "application/json", found.json())
    check(published, kind, 404, "application/problem+json", nothing.json())
    overviews = [item["overview"] or "" for item in found.json()["results"]]
    assert overviews[0].endswith("words…")
    assert max(map(len, overviews)) <= 200
    assert "tmdb" not in found.text.lower()


@every_kind
async def test_an_answer_is_revalidated_by_its_tag(gateway: Gateway, kind: EntityKind) -> None:
    await gateway.library.add("Heat", 1995, kind)
    path = f"/api/v1/{KINDS[kind].path}/search"

    first = await gateway.http.get(path)
    again = await gateway.http.get(path, headers={"If-None-Match": first.headers["etag"]})
    await gateway.library.add("Heat Wave", 1995, kind)
    await gateway.cache.invalidate(kind, "heat-wave-1995", 1)
    changed = await gateway.http.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == again.headers["cache-control"] == "public, no-cache"
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (changed.status_code, changed.json()["total"]) == (200, 2)


async def test_a_wrong_key_is_refused(gateway: Gateway) -> None:
    answer = await gateway.http.get("/api/v1/movies/search", headers={"X-API-Key": "mm_wrong"})

    assert answer.status_code == 401


async def test_an_entity_that_is_called_search_has_another_slug(gateway: Gateway) -> None:
    stored = await gateway.library.add("Search", None)
    await gateway.library.write(stored)

    read = await gateway.http.get(f"/api/v1/movies/{stored.slug}")
    searched = await gateway.find(MOVIE, q="heat", source="external")

    assert (stored.slug, read.status_code) == ("search-2", 200)
    assert {item["title"] for item in searched["results"]} >= {"Heat"}
