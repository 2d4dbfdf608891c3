"""The `Idempotency-Key` of a request."""

from typing import Any

from starlette.requests import Request

from gateway.http.problems import Problem
from gateway.ports import IdempotencyKey
from shared.idempotency import fingerprint, parse_key


def key_of(request: Request, body: Any) -> IdempotencyKey | None:
    """The key and the fingerprint of the request, None without the header. Raises `idempotency-key-invalid`."""
    headers = request.headers.getlist("idempotency-key")
    if not headers:
        return None
    key = parse_key(headers[0]) if len(headers) == 1 else None
    if key is None:
        raise Problem("idempotency-key-invalid")
    return IdempotencyKey(key, fingerprint(request.method, request.url.path, request.url.query, body))
