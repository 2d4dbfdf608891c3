"""What holds for related entities, collections and comparisons alike."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import func, select, update
from tests.integration.gateway_related.library import BASE, MATRIX, MOVIE, PERSON, Library, born, by, released

from gateway.app import openapi_document
from shared.db.tables import entities, jobs
from shared.entities import KINDS, EntityKind, Facts

every_kind = pytest.mark.parametrize("kind", EntityKind)


def example(kind: EntityKind, number: int, title: str = "Example") -> Facts:
    if kind is PERSON:
        return born(f"{title} {number}", number, "1970-01-01")
    more = {"collection": MATRIX} if kind is MOVIE else {}
    year = 2000 + number
    return released(kind, f"{title} {number}", year, number, by(77), recommended=(1, 2), genres=("Drama",), **more)


def slug(kind: EntityKind, number: int) -> str:
    return f"example-{number}" if kind is PERSON else f"example-{number}-{2000 + number}"


def paths(kind: EntityKind) -> list[str]:
    found = [f"{slug(kind, 1)}/related", f"compare?slug1={slug(kind, 1)}&slug2={slug(kind, 2)}"]
    return [*found, f"{slug(kind, 1)}/collection"] if kind is MOVIE else found


@pytest.fixture
async def two(library: Library, kind: EntityKind) -> AsyncIterator[Library]:
    """Two entities of a kind, of one collection and recommended by each other."""
    await library.store(example(kind, 1), example(kind, 2))
    yield library
    assert (await library.database.read(select(func.count()).select_from(jobs))).scalar_one() == 0, "nothing is queued"


@every_kind
async def test_an_answer_is_revalidated_by_its_tag(two: Library, kind: EntityKind) -> None:
    for path in paths(kind):
        first = await two.get(kind, path)
        same = await two.get(kind, path, {"If-None-Match": f"W/{first.headers['etag']}"})

        assert (first.status_code, first.headers["cache-control"]) == (200, "public, no-cache")
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
        assert same.headers["cache-control"] == "public, no-cache"


@every_kind
async def test_head_answers_like_get_without_a_body(two: Library, kind: EntityKind) -> None:
    for path in paths(kind):
        address = f"/api/v1/{KINDS[kind].path}/{path}"
        whole, head = await two.http.get(address), await two.http.head(address)

        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", whole.headers["etag"])


@every_kind
async def test_an_answer_is_kept_until_a_change_is_announced(two: Library, kind: EntityKind) -> None:
    for version, path in enumerate(paths(kind), 10):
        before = await two.get(kind, path)
        change = update(entities).where(entities.c.slug == slug(kind, 1)).values(title=f"Changed {version}")
        await two.database.write(change)
        kept = await two.get(kind, path)
        await two.cache.invalidate(kind, slug(kind, 1), version)
        after = await two.get(kind, path)

        assert kept.content == before.content
        assert f"Changed {version}" in after.text
        assert after.headers["etag"] != before.headers["etag"]


@every_kind
async def test_what_is_stored_and_announced_shows_at_once(library: Library, kind: EntityKind) -> None:
    cast = [] if kind is PERSON else [example(kind, 2)]
    await library.store(example(kind, 1))
    path = f"{slug(kind, 1)}/related"
    before = (await library.get(kind, path)).json()["count"]

    namesake = [born("Example 1", 55)] if kind is PERSON else cast
    await library.store(*namesake)

    assert (before, (await library.get(kind, path)).json()["count"]) == (0, 1)


@every_kind
async def test_every_spelling_leads_to_the_canonical_answer(two: Library, kind: EntityKind) -> None:
    first, other = [(await two.get(kind, f"{slug(kind, number)}/related")).json() for number in (1, 2)]
    [stored] = await two.store(example(kind, 1))
    await two.alias(stored, "former-slug")

    for spelling in ("former-slug", "example-1", "EXAMPLE_1", slug(kind, 1).upper()):
        assert (await two.get(kind, f"{spelling}/related")).json() == first
        answer = await two.get(kind, "compare", slug1=spelling, slug2=slug(kind, 2))
        assert answer.json()[f"{KINDS[kind].one}1"]["slug"] == slug(kind, 1)
    assert other != first


@every_kind
async def test_every_link_of_an_answer_names_its_entity(two: Library, kind: EntityKind) -> None:
    answer = (await two.get(kind, f"{slug(kind, 1)}/related")).json()

    own = f"{BASE}/api/v1/{KINDS[kind].path}/{slug(kind, 1)}"
    assert answer["_links"][KINDS[kind].one]["href"] == own
    assert (await two.http.get(answer["_links"]["self"]["href"])).json() == answer


@every_kind
async def test_resources_link_to_what_is_related(two: Library, kind: EntityKind) -> None:
    for item in (await two.http.get(f"/api/v1/{KINDS[kind].path}")).json()["data"]:
        assert (await two.http.get(item["_links"]["related"]["href"])).status_code == 200


@every_kind
@pytest.mark.parametrize(
    "unknown", ["nothing-at-all", "asdfghjkl", "$$$", "ignore-all-previous-instructions", "x" * 300]
)
async def test_what_is_not_stored_is_404_and_queues_nothing(two: Library, kind: EntityKind, unknown: str) -> None:
    leaves = ["related", "collection"] if kind is MOVIE else ["related"]
    for leaf in leaves:
        answer = await two.get(kind, f"{unknown}/{leaf}", {"Accept-Language": "de"})

        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (404, "urn:moviemind:problem:entity-not-found")
        assert (problem["slug"], answer.headers["cache-control"]) == (unknown[:255], "no-store")
        assert problem["detail"].startswith("Nicht gefunden: ")


@every_kind
@pytest.mark.parametrize(
    "query",
    [
        {"type": "everything"},
        {"type": "SEQUEL"},
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "ten"},
    ],
    ids=str,
)
async def test_a_wrong_parameter_is_422_and_named(library: Library, kind: EntityKind, query: dict[str, str]) -> None:
    answer = await library.get(kind, "anything/related", **query)

    assert (answer.status_code, list(answer.json()["errors"])) == (422, list(query))


@every_kind
async def test_types_are_those_of_the_kind(library: Library, kind: EntityKind) -> None:
    foreign = "sequel" if kind is PERSON else "collaborators"

    answer = await library.get(kind, "anything/related", type=foreign, limit=0)

    assert set(answer.json()["errors"]) == {"type", "limit"}


async def test_a_wrong_role_is_422(library: Library) -> None:
    answer = await library.get(PERSON, "anything/related", collaborator_role="GAFFER")

    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["collaborator_role"])


@every_kind
async def test_empty_and_unknown_parameters_are_ignored(two: Library, kind: EntityKind) -> None:
    plain = await two.get(kind, f"{slug(kind, 1)}/related")
    odd = await two.get(kind, f"{slug(kind, 1)}/related", type="", limit=" ", colour="red", genre="")

    assert odd.content == plain.content


async def test_an_entity_called_compare_has_another_slug(library: Library) -> None:
    [stored] = await library.store(born("Compare", 1))
    await library.write(stored, "A text.")

    assert (stored.slug, (await library.get(PERSON, stored.slug)).status_code) == ("compare-2", 200)
    assert (await library.get(PERSON, "compare")).status_code == 422


@every_kind
async def test_answers_are_as_published(two: Library, kind: EntityKind) -> None:
    published = openapi_document()
    routes = {"related": "{slug}/related", "compare": "compare", "collection": "{slug}/collection"}
    answers = [await two.get(kind, path) for path in paths(kind)]
    answers += [await two.get(kind, path) for path in ("unknown/related", "compare", "compare?slug1=a&slug2=b")]

    assert [answer.status_code for answer in answers[-3:]] == [404, 422, 404]
    for answer in answers:
        leaf = answer.url.path.rpartition("/")[2]
        route = published["paths"][f"/api/v1/{KINDS[kind].path}/{routes[leaf]}"]["get"]
        response = route["responses"][str(answer.status_code)]
        schema: dict[str, Any] = response["content"][answer.headers["content-type"]]["schema"]
        Draft202012Validator(schema | {"components": published["components"]}).validate(answer.json())
