"""`GET /api/v1/{type}/search` for all four types."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from gateway.http import conditional, search_documentation, search_queries
from gateway.http.entity_answers import respond
from gateway.http.links import API, Links
from gateway.http.principal import Identify
from gateway.http.problems import invalid
from gateway.http.requests import context_of
from gateway.http.search_documents import no_results
from gateway.ports import OverBudget
from gateway.read_ports import Representation, Wanted
from gateway.usecases.read_entity import Queued
from gateway.usecases.search_entities import ForeignCursor, NoResults, SearchEntities
from shared.clock import Clock
from shared.entities import KINDS, EntityKind


def router(*, identify: Identify, search_entities: SearchEntities, links: Links, clock: Clock) -> APIRouter:
    """Before the router of details, which would take `search` for a slug."""
    router = APIRouter(prefix=API)

    def search(kind: EntityKind) -> Callable[[Request], Awaitable[Response]]:
        async def search_kind(request: Request) -> Response:
            principal = await identify(request)
            asked = search_queries.parse(kind, request.query_params, clock.now().year)
            try:
                found = await search_entities(asked, principal.caller, queues=not context_of(request).head)
            except ForeignCursor:
                raise invalid({"cursor": [search_queries.NO_CURSOR]}) from None
            match found:
                case Representation():
                    return conditional.respond(request, found)
                case Queued() | OverBudget():
                    return respond(request, links, kind, Wanted(), found)
                case NoResults():
                    raise no_results(kind, asked.wanted.text or "")

        return search_kind

    for kind in EntityKind:
        path = f"/{KINDS[kind].path}/search"
        router.add_api_route(path, search(kind), methods=["GET"], **search_documentation.search(kind))
    return router
