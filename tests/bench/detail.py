"""(a) A cached detail read against a bare route that does one Redis GET and returns the same bytes."""

import httpx
from redis import Redis
from tests.bench.load import Load, run_load
from tests.bench.peers.redis_route import KEY
from tests.bench.rounds import Aim, Comparison, Sample, interleave
from tests.bench.scale import Scale
from tests.bench.seeding import make_key, store_described_film
from tests.bench.servers import Ground
from tests.bench.subjects import Process, gateway, peer_api, running

OURS, PEER = "MovieMind", "FastAPI + Redis GET"
AIM = Aim(0.8)


def measure(ground: Ground, scale: Scale) -> list[Comparison]:
    with ground.migrated() as database_url:
        key, slug = make_key(database_url), store_described_film(database_url)
        ours, port = gateway(ground, database_url)
        peer, peer_port = peer_api(ground, "redis_route", database_url)
        with running(ours, peer):
            etag, body = _fill(port, slug, key)
            Redis.from_url(ground.redis.url).set(KEY + slug, etag.encode() + b"\n" + body)
            if _read(peer_port, slug, key).content != body:
                raise RuntimeError("the peer does not answer with the same bytes")
            found = _compare(
                "a1 cached detail, 200", ours, port, peer, peer_port, scale, _request(slug, key), len(body)
            )
            fresh = _request(slug, key, f"If-None-Match: {etag}\r\n")
            unchanged = _compare("a2 cached detail, 304", ours, port, peer, peer_port, scale, fresh, 0)
    return [found, unchanged]


def _compare(
    name: str, ours: Process, port: int, peer: Process, peer_port: int, scale: Scale, request: str, body_bytes: int
) -> Comparison:
    def read(process: Process, port: int) -> Sample:
        load = Load(
            port=port,
            request=request,
            expected=200 if body_bytes else 304,
            connections=scale.connections,
            seconds=scale.seconds,
            warm_up_s=scale.warm_up_s,
            body_bytes=body_bytes,
        )
        cpu_s = process.cpu_s()
        measured = run_load(load)
        return Sample.of(measured, process.cpu_s() - cpu_s)

    subjects = {OURS: lambda: read(ours, port), PEER: lambda: read(peer, peer_port)}
    samples = interleave(name[:2], scale.rounds, subjects)
    notes = (f"{scale.connections} connections, API key sent, body of {body_bytes} bytes",)
    return Comparison(name, "req/s", OURS, samples, aims={PEER: AIM}, notes=notes)


def _fill(port: int, slug: str, key: str) -> tuple[str, bytes]:
    """Entity tag and body of the second read, which comes from the cache."""
    _read(port, slug, key)
    answer = _read(port, slug, key)
    return answer.headers["etag"], answer.content


def _read(port: int, slug: str, key: str) -> httpx.Response:
    address = f"http://127.0.0.1:{port}/api/v1/movies/{slug}"
    return httpx.get(address, headers={"X-API-Key": key}, timeout=10).raise_for_status()


def _request(slug: str, key: str, condition: str = "") -> str:
    return (
        f"GET /api/v1/movies/{slug} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {key}\r\nAccept: application/json\r\n"
        f"{condition}\r\n"
    )
