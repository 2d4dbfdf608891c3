"""Probes: not limited, not authenticated, not problems."""

import orjson
from fastapi import APIRouter, Response

from shared.health import Health


def router(health: Health) -> APIRouter:
    router = APIRouter(prefix="/health", tags=["Health"])

    @router.get("/live")
    async def live() -> Response:
        """The process runs."""
        return Response(orjson.dumps(health.live()), media_type="application/json")

    @router.get("/ready", responses={503: {"description": "PostgreSQL is away, or the process is shutting down"}})
    async def ready() -> Response:
        """The process can serve. Redis or RabbitMQ away is `degraded` and still ready."""
        status, body = await health.ready()
        return Response(orjson.dumps(body), status, media_type="application/json")

    return router
