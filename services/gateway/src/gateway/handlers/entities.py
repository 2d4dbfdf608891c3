"""`GET /api/v1/{type}` and `GET /api/v1/{type}/{slug}` for all four types."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from gateway.http import conditional, entity_documentation, lists
from gateway.http.cached_reads import asked_of, query_of
from gateway.http.entity_answers import respond
from gateway.http.links import API, Links
from gateway.http.principal import Identify
from gateway.http.requests import context_of
from gateway.http.resources import Resources
from gateway.usecases.list_entities import ListEntities
from gateway.usecases.read_entity import ReadEntity
from shared.clock import Clock
from shared.entities import KINDS, EntityKind

Endpoint = Callable[[Request], Awaitable[Response]]


def router(
    *, identify: Identify, read_entity: ReadEntity, list_entities: ListEntities, links: Links, clock: Clock
) -> APIRouter:
    """The parameters of these routes are read by hand: a cached answer takes no longer than finding it."""
    router = APIRouter(prefix=API)
    resources = Resources(links)

    def listing(kind: EntityKind) -> Endpoint:
        async def list_of_kind(request: Request) -> Response:
            await identify(request)
            asked = lists.parse(kind, request.query_params, clock.now().year)
            found = await list_entities(kind, asked.selection)
            return conditional.respond(request, lists.page(kind, found, asked, resources))

        return list_of_kind

    def detail(kind: EntityKind) -> Endpoint:
        async def detail_of_kind(request: Request) -> Response:
            principal = await identify(request)
            asked = asked_of(kind, request.path_params["slug"], query_of(request))
            outcome = await read_entity(asked, principal.caller, queues=not context_of(request).head)
            return respond(request, links, kind, asked.wanted, outcome)

        return detail_of_kind

    for kind in EntityKind:
        path = f"/{KINDS[kind].path}"
        router.add_api_route(path, listing(kind), methods=["GET"], **entity_documentation.listing(kind))
        router.add_api_route(f"{path}/{{slug}}", detail(kind), methods=["GET"], **entity_documentation.detail(kind))
    return router
