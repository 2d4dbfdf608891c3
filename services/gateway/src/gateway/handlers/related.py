"""`GET /api/v1/{type}/compare`, `/{type}/{slug}/related` and `/movies/{slug}/collection`."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from gateway.http import conditional, related_queries
from gateway.http import related_documentation as documentation
from gateway.http.entity_answers import entity_not_found
from gateway.http.links import API
from gateway.http.principal import Identify
from gateway.http.problems import Problem
from gateway.read_ports import Representation
from gateway.usecases.compare_entities import CompareEntities, SameEntity
from gateway.usecases.read_related import NoCollection, ReadCollection, ReadRelated
from gateway.usecases.resolve import NotStored
from shared.entities import KINDS, EntityKind

Endpoint = Callable[[Request], Awaitable[Response]]


def router(
    *,
    identify: Identify,
    read_related: ReadRelated,
    read_collection: ReadCollection,
    compare_entities: CompareEntities,
) -> APIRouter:
    """To be included before the route of details, which takes any name for a slug."""
    router = APIRouter(prefix=API)

    def related(kind: EntityKind) -> Endpoint:
        async def related_of_kind(request: Request) -> Response:
            await identify(request)
            wanted = related_queries.related(kind, request.query_params)
            return _answer(request, kind, await read_related(kind, request.path_params["slug"], wanted))

        return related_of_kind

    def comparison(kind: EntityKind) -> Endpoint:
        async def comparison_of_kind(request: Request) -> Response:
            await identify(request)
            slugs = related_queries.compared(request.query_params)
            return _answer(request, kind, await compare_entities(kind, *slugs))

        return comparison_of_kind

    async def collection(request: Request) -> Response:
        await identify(request)
        return _answer(request, EntityKind.MOVIE, await read_collection(request.path_params["slug"]))

    for kind in EntityKind:
        path = f"/{KINDS[kind].path}"
        router.add_api_route(f"{path}/compare", comparison(kind), methods=["GET"], **documentation.comparison(kind))
        router.add_api_route(f"{path}/{{slug}}/related", related(kind), methods=["GET"], **documentation.related(kind))
    path = f"/{KINDS[EntityKind.MOVIE].path}/{{slug}}/collection"
    router.add_api_route(path, collection, methods=["GET"], **documentation.collection())
    return router


def _answer(
    request: Request, kind: EntityKind, outcome: Representation | NotStored | NoCollection | SameEntity
) -> Response:
    match outcome:
        case Representation():
            return conditional.respond(request, outcome)
        case NotStored(slug):
            raise entity_not_found(kind, slug)
        case NoCollection(slug):
            raise Problem("collection-not-found", values={"slug": slug}, members={"slug": slug})
        case SameEntity():
            raise related_queries.same_entity()
