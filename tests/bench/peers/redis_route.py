"""A bare FastAPI route: one Redis GET, and the stored bytes as the answer."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from redis.asyncio import Redis
from tests.bench.peers.store import REDIS_URL

KEY = "bench:detail:"
redis = Redis.from_url(REDIS_URL or "redis://127.0.0.1")


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    yield
    await redis.aclose()


api = FastAPI(lifespan=lifespan, openapi_url=None)


@api.get("/up")
async def up() -> dict[str, str]:
    return {"status": "ok"}


@api.get("/api/v1/movies/{slug}")
async def detail(slug: str, request: Request) -> Response:
    """The value is the entity tag, a line break and the body."""
    value = await redis.get(KEY + slug)
    if not isinstance(value, bytes):
        return Response(status_code=404)
    etag, _, body = value.partition(b"\n")
    headers = {"ETag": etag.decode()}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
