"""`GET /api/v1/{type}` and `GET /api/v1/{type}/{slug}` for all four types."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from gateway.http import conditional, entity_documentation, lists
from gateway.http.entity_answers import respond
from gateway.http.generation_body import locale_of
from gateway.http.links import API, Links
from gateway.http.principal import Identify
from gateway.http.queries import Query
from gateway.http.requests import context_of
from gateway.http.resources import Resources
from gateway.read_ports import Wanted
from gateway.usecases.list_entities import ListEntities
from gateway.usecases.read_entity import Asked, ReadEntity
from shared.clock import Clock
from shared.entities import KINDS, EntityKind

_ANY = Wanted()

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
            asked = _asked(kind, request)
            outcome = await read_entity(asked, principal.caller, queues=not context_of(request).head)
            return respond(request, links, kind, asked.wanted, outcome)

        return detail_of_kind

    for kind in EntityKind:
        path = f"/{KINDS[kind].path}"
        router.add_api_route(path, listing(kind), methods=["GET"], **entity_documentation.listing(kind))
        router.add_api_route(f"{path}/{{slug}}", detail(kind), methods=["GET"], **entity_documentation.detail(kind))
    return router


def _asked(kind: EntityKind, request: Request) -> Asked:
    slug = request.path_params["slug"]
    if not request.scope["query_string"]:
        return Asked(kind, slug, _ANY)
    query = Query(request.query_params)
    wanted = Wanted(query.parsed("locale", locale_of), query.identifier(KINDS[kind].text_id_member))
    choice = query.one("slug")
    query.check()
    return Asked(kind, slug, wanted, choice)
