"""Probes: not limited, not authenticated, not problems."""

from typing import Literal

import orjson
from fastapi import APIRouter, Response

from gateway.http.documentation import Success, answer
from gateway.http.schemas import Shape
from shared.health import CheckStatus, Health


class Alive(Shape):
    status: Literal["ok"]
    service: str
    instance_id: str


class Check(Shape):
    status: CheckStatus


class Readiness(Shape):
    status: Literal["ready", "not_ready"]
    service: str
    instance_id: str
    checks: dict[str, Check]


def router(health: Health) -> APIRouter:
    router = APIRouter(prefix="/health", tags=["Health"])

    @router.get("/live", responses={200: answer(Success("It runs", Alive))})
    async def live() -> Response:
        """The process runs."""
        return Response(orjson.dumps(health.live()), media_type="application/json")

    can, away = (
        answer(Success(said, Readiness))
        for said in ("It can serve", "PostgreSQL is away, or the process is shutting down")
    )

    @router.get("/ready", responses={200: can, 503: away})
    async def ready() -> Response:
        """The process can serve. Redis or RabbitMQ away is `degraded` and still ready."""
        status, body = await health.ready()
        return Response(orjson.dumps(body), status, media_type="application/json")

    return router
