"""What is published is what is sent, and the app is wired to it."""

from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from pydantic import SecretStr
from tests.integration.gateway_reads.harness import BASE, Gateway, acting, facts

from gateway.app import create_app, openapi_document
from gateway.config import GatewaySettings
from shared.entities import KINDS, EntityKind

every_kind = pytest.mark.parametrize("kind", EntityKind)


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    return openapi_document()


def check(published: dict[str, Any], path: str, answer: httpx.Response) -> None:
    """The status, the body and the headers of `answer` are as published for its route."""
    response = published["paths"][path][answer.request.method.lower()]["responses"][str(answer.status_code)]
    media_type = answer.headers.get("content-type")
    if media_type:
        schema = response["content"][media_type]["schema"] | {"components": published["components"]}
        Draft202012Validator(schema).validate(answer.json())
    optional = {"Content-Location", "Preference-Applied", "Idempotent-Replayed"}
    if media_type != "application/problem+json":
        assert {name for name in response["headers"] if name not in answer.headers} <= optional


@every_kind
async def test_answers_are_as_published(gateway: Gateway, kind: EntityKind, published: dict[str, Any]) -> None:
    path = f"/api/v1/{KINDS[kind].path}"
    cast = () if kind is EntityKind.PERSON else (acting("Keanu Reeves", 6384, 0, character="Neo"),)
    stored = await gateway.stored_with_text(facts(kind, "The Matrix", credits=cast))
    await gateway.alias(stored, "former")
    for year, tmdb_id in ((1984, 841), (2021, 438631)):
        gateway.catalog.add(facts(kind, "Dune", year, tmdb_id))
    first = await gateway.get(kind, stored.slug, params={"locale": "en-US"})
    known = {"If-None-Match": first.headers["etag"]}

    details = [
        first,
        await gateway.get(kind, stored.slug, params={"locale": "en-US"}, headers=known),
        await gateway.get(kind, stored.slug, params={"locale": "pl-PL"}),
        await gateway.get(kind, "former"),
        await gateway.get(kind, "dune"),
        await gateway.get(kind, "dune-1984"),
        await gateway.get(kind, "dune-1999"),
        await gateway.get(kind, "asdfghjkl"),
        await gateway.get(kind, "x", params={"locale": "x"}),
    ]
    many = {"slugs": [stored.slug, "nobody"], "include": [KINDS[kind].texts]}
    lists = [
        await gateway.get(kind),
        await gateway.get(kind, params=many),
        await gateway.get(kind, params=many | {"include": "movies" if kind is EntityKind.PERSON else "people"}),
        await gateway.get(kind, params={"slugs": "a/b"}),
    ]
    bulk = [await gateway.http.post(f"{path}/bulk", json=many | {"slugs": sent}) for sent in (many["slugs"], ["a/b"])]
    refreshed = await gateway.http.post(f"{path}/{stored.slug}/refresh", headers={"Prefer": "respond-async"})

    assert [answer.status_code for answer in details] == [200, 304, 202, 301, 300, 202, 404, 400, 422]
    for answer in details:
        check(published, f"{path}/{{slug}}", answer)
    for answer in lists:
        check(published, path, answer)
    assert [answer.status_code for answer in (*lists, *bulk)] == [200, 200, 200, 422, 200, 422]
    for answer in bulk:
        check(published, f"{path}/bulk", answer)
    assert refreshed.status_code == 202
    check(published, f"{path}/{{slug}}/refresh", refreshed)


@every_kind
async def test_the_app_serves_the_routes(
    gateway: Gateway, kind: EntityKind, database_url: str, redis_url: str, published: dict[str, Any]
) -> None:
    settings = GatewaySettings(
        database_url=SecretStr(database_url),
        redis_url=SecretStr(redis_url),
        rabbitmq_url=SecretStr("amqp://guest:guest@127.0.0.1:9/"),
        tmdb_api_key=SecretStr("none"),
        tmdb_base_url="http://127.0.0.1:9/3",
        public_base_url=BASE,
    )
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
    path = f"/api/v1/{KINDS[kind].path}"
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE) as http,
    ):
        shown = await http.get(f"{path}/{stored.slug}")
        unproven = await http.get(f"{path}/heat-1995")
        listed = await http.get(path)
        refreshed = await http.post(f"{path}/heat-1995/refresh")
        refused = await http.delete(f"{path}/{stored.slug}")

    assert (shown.status_code, shown.json()["slug"]) == (200, stored.slug)
    assert (unproven.status_code, unproven.json()["dependency"]) == (503, "tmdb")
    assert (listed.status_code, listed.json()["pagination"]["total"]) == (200, 1)
    assert refreshed.status_code == 404
    assert (refused.status_code, refused.headers["content-type"]) == (405, "application/problem+json")
