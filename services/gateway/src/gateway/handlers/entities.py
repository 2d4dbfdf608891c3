"""`GET /api/v1/{type}/{slug}` for all four types."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from gateway.http import entity_documentation
from gateway.http.cached_reads import asked_of, query_of
from gateway.http.entity_answers import respond
from gateway.http.links import API, Links
from gateway.http.principal import Identify
from gateway.http.requests import context_of
from gateway.usecases.read_entity import ReadEntity
from shared.entities import KINDS, EntityKind

Endpoint = Callable[[Request], Awaitable[Response]]


def router(*, identify: Identify, read_entity: ReadEntity, links: Links) -> APIRouter:
    """The parameters of these routes are read by hand: a cached answer takes no longer than finding it."""
    router = APIRouter(prefix=API)

    def detail(kind: EntityKind) -> Endpoint:
        async def detail_of_kind(request: Request) -> Response:
            principal = await identify(request)
            asked = asked_of(kind, request.path_params["slug"], query_of(request))
            outcome = await read_entity(asked, principal.caller, queues=not context_of(request).head)
            return respond(request, links, kind, asked.wanted, outcome)

        return detail_of_kind

    for kind in EntityKind:
        path = f"/{KINDS[kind].path}/{{slug}}"
        router.add_api_route(path, detail(kind), methods=["GET"], **entity_documentation.detail(kind))
    return router
