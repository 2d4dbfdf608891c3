"""The framework's own errors as problems."""

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from gateway.http.problems import Problem, invalid, respond
from gateway.http.requests import context_of


async def on_http_exception(request: Request, error: Exception) -> Response:
    """An unknown route is 404, a known one with another method 405 with `Allow`; nothing else raises this."""
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for this class only)
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        allow = f"{allowed}, HEAD" if "GET" in allowed.split(", ") else allowed
        problem = Problem("method-not-allowed", values={"method": request.method}, headers={"Allow": allow})
    elif error.status_code == 404:
        problem = Problem("not-found")
    else:
        problem = Problem("malformed-json")
    return respond(problem, context_of(request))


async def on_invalid_parameters(request: Request, error: Exception) -> Response:
    """422 that names each wrong parameter."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 (registered for this class only)
    found: dict[str, list[str]] = {}
    for item in error.errors()[:50]:
        found.setdefault(".".join(str(part) for part in item["loc"][1:])[:255] or "request", []).append(
            f"{item['msg']}."
        )
    return respond(invalid(found), context_of(request))
