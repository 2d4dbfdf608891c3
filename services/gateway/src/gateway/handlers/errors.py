"""The framework's own errors as problems."""

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match

from gateway.http.problems import Problem, invalid, respond
from gateway.http.requests import context_of


async def on_http_exception(request: Request, error: Exception) -> Response:
    """An unknown route is 404, a known one with another method 405 with `Allow`; nothing else raises this."""
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for this class only)
    if error.status_code == 405:
        allow = ", ".join(
            _allowed(request) if error.headers else ("GET", "HEAD")
        )  # without: a file of `welcome.assets`
        problem = Problem("method-not-allowed", values={"method": request.method}, headers={"Allow": allow})
    elif error.status_code == 404:
        problem = Problem("not-found")
    else:
        problem = Problem("malformed-json")
    return respond(problem, context_of(request))


def _allowed(request: Request) -> list[str]:
    """The methods of this address. The framework names those of one route only; `/bulk` is no slug, though its pattern fits."""
    by_path: dict[str, set[str]] = {}
    for route in iter_route_contexts(request.app.routes):
        if route.path and route.methods and route.original_route.matches(request.scope)[0] is not Match.NONE:
            by_path.setdefault(route.path, set()).update(route.methods)
    methods = by_path[min(by_path, key=lambda path: path.count("{"))]
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


async def on_invalid_parameters(request: Request, error: Exception) -> Response:
    """422 that names each wrong parameter."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 (registered for this class only)
    found: dict[str, list[str]] = {}
    for item in error.errors()[:50]:
        found.setdefault(".".join(str(part) for part in item["loc"][1:])[:255] or "request", []).append(
            f"{item['msg']}."
        )
    return respond(invalid(found), context_of(request))
