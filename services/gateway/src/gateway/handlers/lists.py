"""`GET /api/v1/{type}`, with and without `slugs`, and `POST /api/v1/{type}/bulk` for all four types."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from gateway.http import bodies, conditional, list_documentation, lists
from gateway.http.links import API
from gateway.http.principal import Identify, Principal
from gateway.usecases.list_entities import ListEntities
from gateway.usecases.read_many import ReadMany
from shared.clock import Clock
from shared.entities import KINDS, EntityKind

Endpoint = Callable[..., Awaitable[Response]]


def router(*, identify: Identify, list_entities: ListEntities, read_many: ReadMany, clock: Clock) -> APIRouter:
    router = APIRouter(prefix=API)

    def listing(kind: EntityKind) -> Endpoint:
        async def list_of_kind(request: Request) -> Response:
            await identify(request)
            sent = request.query_params
            if lists.names_slugs(sent):
                return conditional.respond(request, await read_many(lists.parse_slugs(kind, sent)))
            asked = lists.parse(kind, sent, clock.now().year)
            return conditional.respond(request, await list_entities(asked))

        return list_of_kind

    def bulk(kind: EntityKind) -> Endpoint:
        async def many_of_kind(
            raw: Annotated[bytes, Depends(bodies.read)], _: Annotated[Principal, Depends(identify)]
        ) -> Response:
            shown = await read_many(lists.parse_bulk(kind, bodies.parse(raw)))
            return Response(shown.body, headers={"Cache-Control": "no-store"}, media_type="application/json")

        return many_of_kind

    for kind in EntityKind:
        path = f"/{KINDS[kind].path}"
        router.add_api_route(path, listing(kind), methods=["GET"], **list_documentation.listing(kind))
        router.add_api_route(f"{path}/bulk", bulk(kind), methods=["POST"], **list_documentation.bulk(kind))
    return router
