import re
import uuid
from collections.abc import AsyncIterator

import pytest
from openapi_spec_validator import validate
from pydantic import SecretStr
from tests.integration.gateway.world import MATRIX, World, running, settings_for

from gateway.app import openapi_document
from gateway.http.problems import REGISTRY
from shared.db.engine import Database

CAPACITY = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"
NAMES = {f"urn:moviemind:problem:{name}" for name in REGISTRY} | {CAPACITY}


async def test_every_answer_has_the_standard_headers(world: World) -> None:
    for path in ("/", "/nope", "/api/v1/jobs/x", "/health/live", "/api/docs/openapi.yaml"):
        response = await world.client.get(path)

        headers = response.headers
        assert uuid.UUID(headers["x-request-id"]).version == 4
        assert uuid.UUID(headers["x-correlation-id"]).version == 4
        assert len(bytes.fromhex(headers["x-trace-id"])) == 16
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
        assert "cache-control" in headers
        assert "strict-transport-security" not in headers


async def test_a_uuid_is_kept_as_request_id_and_anything_else_replaced(world: World) -> None:
    mine = str(uuid.UUID(int=7))

    kept = await world.client.get("/nope", headers={"x-request-id": mine, "x-correlation-id": mine})
    replaced = await world.client.get("/nope", headers={"x-request-id": "<script>"})

    assert (kept.headers["x-request-id"], kept.headers["x-correlation-id"]) == (mine, mine)
    assert kept.json()["instance"] == f"urn:uuid:{mine}"
    assert uuid.UUID(replaced.headers["x-request-id"]).version == 4


@pytest.mark.parametrize("path", ["/nope", "/api/v1/generate/", "/api/v2/jobs", "/%00"])
async def test_an_unknown_route_is_a_problem(world: World, path: str) -> None:
    response = await world.client.get(path)

    assert (response.status_code, response.json()["type"]) == (404, "urn:moviemind:problem:not-found")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/api/v1/generate", "POST"),
        ("HEAD", "/api/v1/generate", "POST"),
        ("DELETE", "/api/v1/jobs/x", "GET, HEAD"),
        ("PUT", "/health/live", "GET, HEAD"),
        ("OPTIONS", "/api/v1/generate", "POST"),
    ],
)
async def test_another_method_is_told_what_is_allowed(world: World, method: str, path: str, allow: str) -> None:
    response = await world.client.request(method, path)

    assert (response.status_code, response.headers["allow"]) == (405, allow)


async def test_problems_speak_five_languages(world: World) -> None:
    spoken = {
        language: (await world.client.get("/nope", headers={"accept-language": language})).json()
        for language in ("en", "pl-PL", "de", "fr-CA", "es")
    }

    assert len({body["detail"] for body in spoken.values()}) == 5
    assert len({body["title"] for body in spoken.values()}) == 1
    assert len({body["error"] for body in spoken.values()}) == 1


async def test_head_answers_like_get_without_a_body(world: World) -> None:
    job_id = await world.accepted()

    got = await world.job(job_id)
    head = await world.client.head(f"/api/v1/jobs/{job_id}")
    missing = await world.client.head("/nope")

    assert (head.status_code, head.content) == (200, b"")
    assert (head.headers["etag"], head.headers["content-length"]) == (
        got.headers["etag"],
        got.headers["content-length"],
    )
    assert (missing.status_code, missing.content) == (404, b"")


@pytest.mark.parametrize(
    ("body", "headers", "status", "name"),
    [
        (b"{", {}, 400, "malformed-json"),
        (b"", {}, 400, "malformed-json"),
        (b"\xff\xfe", {}, 400, "malformed-json"),
        (b'{"slug": "a\nb"}', {}, 400, "malformed-json"),
        (b"[]", {}, 422, "invalid-request"),
        (b"null", {}, 422, "invalid-request"),
        (b'{"slug": "a\\u0000b"}', {}, 422, "invalid-request"),
        (b'{"slug": "\\ud800"}', {}, 422, "invalid-request"),
        (b'{"\\udfff": 1}', {}, 422, "invalid-request"),
        (b'{"slug": 1e400}', {}, 422, "invalid-request"),
        (b'{"slug": NaN}', {}, 422, "invalid-request"),
        (b'{"slug": ' + b"9" * 5000 + b"}", {}, 422, "invalid-request"),
        (b'{"slug": ' + b"[" * 33 + b"]" * 33 + b"}", {}, 422, "invalid-request"),
        (b"[" * 60_000, {}, 422, "invalid-request"),
        (b'{"a":' * 10_000, {}, 422, "invalid-request"),
        (b"{" + b",".join(b'"m%d":1' % number for number in range(5000)) + b"}", {}, 422, "invalid-request"),
        (b"{}" + b" " * 65_536, {}, 413, "payload-too-large"),
        (b"{}", {"content-type": "text/plain"}, 415, "unsupported-media-type"),
        (b"{}", {"content-type": "application/json; charset=utf-16"}, 415, "unsupported-media-type"),
        (b"{}", {"content-encoding": "gzip"}, 415, "unsupported-media-type"),
        (b"{}", {"content-length": "-1"}, 413, "payload-too-large"),
    ],
)
async def test_f14_f15_hostile_bodies_are_problems(
    world: World, body: bytes, headers: dict[str, str], status: int, name: str
) -> None:
    sent = {"x-api-key": world.key.key, "content-type": "application/json"} | headers

    response = await world.client.post("/api/v1/generate", content=body, headers=sent)

    assert (response.status_code, response.json()["type"]) == (status, f"urn:moviemind:problem:{name}")
    assert len(response.content) < 16_384
    assert await world.count("jobs") == 0


async def test_f14_a_chunked_body_is_counted(world: World) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b" " * 1024

    headers = {"x-api-key": world.key.key, "content-type": "application/json"}
    response = await world.client.post("/api/v1/generate", content=chunks(), headers=headers)

    assert response.status_code == 413


async def test_of_duplicate_names_the_last_counts(world: World) -> None:
    body = b'{"entity_type": "MOVIE", "slug": "heat-1995", "slug": "alien-1979"}'
    headers = {"x-api-key": world.key.key, "content-type": "application/json"}

    response = await world.client.post("/api/v1/generate", content=body, headers=headers)

    assert response.json()["slug"] == "alien-1979"


async def test_size_and_type_are_checked_before_the_credential_and_parsing_after_it(world: World) -> None:
    large = await world.client.post("/api/v1/generate", content=b"x" * 70_000)
    typed = await world.client.post("/api/v1/generate", content=b"x", headers={"content-type": "text/plain"})
    broken = await world.client.post("/api/v1/generate", content=b"{", headers={"content-type": "application/json"})

    assert (large.status_code, typed.status_code, broken.status_code) == (413, 415, 401)


async def test_cors_is_open_by_default(world: World) -> None:
    preflight = await world.client.options(
        "/api/v1/generate", headers={"origin": "https://app.test", "access-control-request-method": "POST"}
    )
    refused = await world.client.get("/api/v1/jobs/x", headers={"origin": "https://app.test"})
    probe = await world.client.get("/health/live", headers={"origin": "https://app.test"})

    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, "*")
    assert "Idempotency-Key" in preflight.headers["access-control-allow-headers"]
    assert refused.headers["access-control-allow-origin"] == "*"
    assert "Preference-Applied" in refused.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in refused.headers
    assert "access-control-allow-origin" not in probe.headers


async def test_listed_origins_are_answered_by_name(database_url: str, redis_url: str, database: Database) -> None:
    settings = settings_for(database_url, redis_url, cors_allowed_origins=("https://app.test",))
    async with running(settings, database) as world:
        job = f"/api/v1/jobs/{await world.accepted()}"
        known = await world.client.get(job, headers={"origin": "https://app.test"})
        other = await world.client.get(job, headers={"origin": "https://evil.test"})

    assert known.headers["access-control-allow-origin"] == "https://app.test"
    assert "access-control-allow-origin" not in other.headers
    assert "Origin" in other.headers["vary"]
    assert "Prefer" in other.headers["vary"]


async def test_with_an_edge_token_nothing_passes_without_it(
    database_url: str, redis_url: str, database: Database
) -> None:
    settings = settings_for(database_url, redis_url, edge_token=SecretStr("edge-secret"))
    async with running(settings, database) as world:
        direct = await world.client.get("/")
        forged = await world.client.get("/", headers={"x-edge-token": "guess"})
        probe = await world.client.get("/health/live")
        edge = {
            "x-edge-token": "edge-secret",
            "x-forwarded-proto": "https",
            "x-forwarded-for": "6.6.6.6, 2001:db8:1:2::9",
        }
        through = await world.client.get("/", headers=edge)

    assert [direct.json()["type"], forged.json()["type"]] == ["urn:moviemind:problem:edge-token-required"] * 2
    assert (probe.status_code, through.status_code) == (200, 200)
    assert through.headers["strict-transport-security"] == "max-age=31536000"


async def test_the_welcome_names_what_exists(world: World) -> None:
    response = await world.client.get("/")

    body = response.json()
    assert response.headers["cache-control"] == "public, max-age=300"
    assert (body["status"], body["api"]) == ("ok", "https://api.test/api/v1")
    assert body["documentation"]["openapi"] == "https://api.test/api/docs/openapi.yaml"
    urls = [*body["documentation"].values(), *(entry["url"] for entry in body["resources"].values())]
    for url in urls:
        assert (await world.client.head(url.removeprefix("https://api.test"))).status_code in {200, 405}
    page = await world.client.get("/api/doc")
    assert page.headers["content-type"].startswith("text/html")
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(assets) == 3
    assert {(await world.client.get(asset)).status_code for asset in assets} == {200}


async def test_the_published_contract_is_valid_and_complete(world: World) -> None:
    document = openapi_document()

    validate(document)
    operations = {(path, method) for path, item in document["paths"].items() for method in item}
    assert {
        ("/api/v1/generate", "post"),
        ("/api/v1/jobs/{job_id}", "get"),
        ("/api/v1/jobs/{job_id}/events", "get"),
        ("/api/v1/jobs/{job_id}/cancel", "post"),
        ("/health/ready", "get"),
    } <= operations
    generate = document["paths"]["/api/v1/generate"]["post"]["responses"]
    assert {"200", "202", "400", "401", "403", "404", "409", "413", "415", "422", "500", "503"} == set(generate)
    assert (await world.client.get("/openapi.json")).json()["paths"] == document["paths"]


async def test_every_problem_has_a_registered_type(world: World) -> None:
    answers = [
        await world.client.get("/nope"),
        await world.client.put("/"),
        await world.client.post("/api/v1/generate"),
        await world.post({**MATRIX, "slug": ".."}),
        await world.post({}),
    ]

    for answer in answers:
        body = answer.json()
        assert body["type"] in NAMES
        assert body["status"] == answer.status_code
        assert body["detail"] == body["message"]
        assert {"type", "title", "status", "detail", "instance", "error", "message"} <= set(body)


async def test_health_names_every_check(world: World) -> None:
    live = await world.client.get("/health/live")
    ready = await world.client.get("/health/ready")

    assert live.json()["status"] == "ok"
    assert live.json()["service"] == "gateway"
    assert ready.status_code == 200
    assert ready.json()["checks"] == {
        "postgres": {"status": "ok"},
        "redis": {"status": "ok"},
        "rabbitmq": {"status": "degraded"},
        "consumers": {"status": "degraded"},
        "outbox": {"status": "ok"},
    }


async def test_a_draining_gateway_is_not_ready(world: World) -> None:
    world.app.state.running.drain()

    response = await world.client.get("/health/ready")

    assert (response.status_code, response.json()["status"]) == (503, "not_ready")
