"""What surrounds every request: ids, the edge token, HEAD, CORS, the headers of every answer, and the last catch."""

import hmac
from collections.abc import Sequence

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.problems import Problem, respond
from gateway.http.requests import ClientGone, RequestContext, bind
from shared import ids
from shared.telemetry.context import current_trace_id

_EXPOSED = (
    "ETag, Location, Content-Location, Retry-After, RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, "
    "Idempotent-Replayed, Preference-Applied, X-Request-ID, X-Correlation-ID, X-Trace-ID"
)
_ALLOWED_HEADERS = (
    "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer, "
    "X-API-Key, X-Request-ID, X-Correlation-ID, traceparent, tracestate"
)
_FIXED = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
)

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class Frame:
    """ASGI middleware. Forwarded headers count only together with the edge token; with a token configured nothing passes without it."""

    def __init__(self, app: ASGIApp, *, edge_token: str | None = None, allowed_origins: Sequence[str] = ("*",)) -> None:
        self._app = app
        self._edge_token = edge_token.encode() if edge_token else None
        self._origins = frozenset(allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        trusted = self._edge_token is not None and hmac.compare_digest(
            headers.get("x-edge-token", "").encode("latin-1"), self._edge_token
        )
        context = bind(
            scope,
            headers,
            client=_client(scope, headers, trusted=trusted),
            https=_https(scope, headers, trusted=trusted),
        )
        answer = _Answer(send, context, self._cors(scope, headers))
        if context.head:
            scope = {**scope, "method": "GET"}
        with structlog.contextvars.bound_contextvars(
            request_id=str(context.request_id), correlation_id=str(context.correlation_id)
        ):
            try:
                if self._edge_token is not None and not trusted and not scope["path"].startswith("/health/"):
                    await respond(Problem("edge-token-required"), context)(scope, receive, answer.send)
                elif _preflight(scope, headers):
                    await Response(status_code=204)(scope, receive, answer.send)
                else:
                    await self._app(scope, receive, answer.send)
            except ClientGone:
                log.info("request.abandoned", path=scope["path"])
            except Exception:
                log.exception("request.failed", method=scope["method"], path=scope["path"])
                if not answer.started:
                    await respond(Problem("internal-error"), context)(scope, receive, answer.send)

    def _cors(self, scope: Scope, headers: Headers) -> list[tuple[str, str]]:
        """CORS headers of an answer: `*` is said to everyone, so that a shared cache serves all origins alike."""
        if not scope["path"].startswith("/api/v1") or scope["path"].startswith("/api/v1/admin"):
            return []
        origin = headers.get("origin")
        found = [("Vary", "Origin")] if "*" not in self._origins else []
        if "*" in self._origins or origin in self._origins:
            found += [
                ("Access-Control-Allow-Origin", "*" if "*" in self._origins else origin or ""),
                ("Access-Control-Expose-Headers", _EXPOSED),
            ]
            if _preflight(scope, headers):
                found += [
                    ("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE"),
                    ("Access-Control-Allow-Headers", _ALLOWED_HEADERS),
                    ("Access-Control-Max-Age", "600"),
                ]
        return found


class _Answer:
    """Adds to an answer what every answer has, and drops the body of a HEAD."""

    def __init__(self, send: Send, context: RequestContext, cors: list[tuple[str, str]]) -> None:
        self._send = send
        self._context = context
        self._cors = cors
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self._complete(message["headers"])
        elif message["type"] == "http.response.body" and self._context.head:
            message = {**message, "body": b""}
        await self._send(message)

    def _complete(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Written as bytes: this runs for every answer, and nobody else sets what it adds."""
        context = self._context
        if not any(name == b"cache-control" for name, _ in headers):
            headers.append((b"cache-control", b"no-store"))
        headers += (
            (b"x-request-id", str(context.request_id).encode()),
            (b"x-correlation-id", str(context.correlation_id).encode()),
            (b"x-trace-id", (current_trace_id() or ids.job_id().hex).encode()),
            *_FIXED,
        )
        if context.https:
            headers.append((b"strict-transport-security", b"max-age=31536000"))
        for name, value in self._cors:
            if name == "Vary":
                MutableHeaders(raw=headers).add_vary_header(value)
            else:
                headers.append((name.lower().encode(), value.encode("latin-1")))


def _preflight(scope: Scope, headers: Headers) -> bool:
    return (
        scope["method"] == "OPTIONS"
        and scope["path"].startswith("/api/v1")
        and "origin" in headers
        and "access-control-request-method" in headers
    )


def _client(scope: Scope, headers: Headers, *, trusted: bool) -> str:
    """The caller's address: of the connection, or, vouched for by the edge, the one that the edge itself saw and appended."""
    if trusted and (forwarded := headers.get("x-forwarded-for")):
        return forwarded.rpartition(",")[2].strip()
    client = scope.get("client")
    return client[0] if client else ""


def _https(scope: Scope, headers: Headers, *, trusted: bool) -> bool:
    return (trusted and headers.get("x-forwarded-proto") == "https") or scope.get("scheme") == "https"
