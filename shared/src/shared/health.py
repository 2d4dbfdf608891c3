"""Probes of one process: pure ASGI, so that a worker needs no web framework for two addresses."""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any

import orjson
from opentelemetry.instrumentation.utils import suppress_instrumentation

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class CheckStatus(StrEnum):
    """`degraded` still serves; `error` makes the process not ready; `off` is not used by it."""

    OK = "ok"
    DEGRADED = "degraded"
    ERROR = "error"
    OFF = "off"


Checks = Callable[[], Awaitable[Mapping[str, CheckStatus]]]


class Health:
    """`GET /health/live` and `GET /health/ready`. Bodies hold no address, credential or exception text."""

    def __init__(self, service: str, instance_id: str, checks: Checks) -> None:
        self._service = service
        self._instance_id = instance_id
        self._checks = checks
        self.draining = False

    def live(self) -> dict[str, Any]:
        return {"status": "ok", "service": self._service, "instance_id": self._instance_id}

    async def ready(self) -> tuple[int, dict[str, Any]]:
        """(status, body): 503 while draining or while a dependency this process cannot work without is in error."""
        with suppress_instrumentation():
            checks = await self._checks()
        ready = not self.draining and CheckStatus.ERROR not in checks.values()
        body = {
            "status": "ready" if ready else "not_ready",
            "service": self._service,
            "instance_id": self._instance_id,
            "checks": {name: {"status": status} for name, status in checks.items()},
        }
        return (200 if ready else 503), body

    async def __call__(
        self, scope: Mapping[str, Any], receive: Callable[[], Awaitable[Mapping[str, Any]]], send: Send
    ) -> None:
        """The ASGI application of a worker."""
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        if scope["type"] != "http":
            return
        if scope["path"] == "/health/live":
            await _respond(send, 200, self.live())
        elif scope["path"] == "/health/ready":
            await _respond(send, *await self.ready())
        else:
            await _respond(send, 404, {"error": "Not found"})


async def _respond(send: Send, status: int, body: Mapping[str, Any]) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(body)})
