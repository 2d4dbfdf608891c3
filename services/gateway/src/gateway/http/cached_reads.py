"""Detail reads, and the short way to those whose answer is already finished.

A cached answer needs no route, no body and no database; passing by the router makes it as cheap as a bare cache would be.
"""

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.entity_answers import show
from gateway.http.generation_body import locale_of
from gateway.http.links import API
from gateway.http.principal import Identify
from gateway.http.problems import Problem
from gateway.http.queries import Query
from gateway.read_ports import Wanted
from gateway.usecases.read_entity import Asked, ReadEntity
from shared.entities import KINDS, EntityKind
from shared.errors import Unavailable

_KIND_OF = {f"{API}/{names.path}": kind for kind, names in KINDS.items()}
_ANY = Wanted()
_NO_SLUGS = frozenset({"", "compare", "search"})
"""Other routes: an entity may have such a slug, and its answer must not be given for theirs."""


def asked_of(kind: EntityKind, slug: str, query: QueryParams | None) -> Asked:
    """What a detail read asks for. Raises `invalid-request` for parameters that cannot be."""
    if query is None:
        return Asked(kind, slug, _ANY)
    read = Query(query)
    wanted = Wanted(read.parsed("locale", locale_of), read.identifier(KINDS[kind].text_id_member))
    choice = read.one("slug")
    read.check()
    return Asked(kind, slug, wanted, choice)


def query_of(request: Request) -> QueryParams | None:
    return request.query_params if request.scope["query_string"] else None


class CachedReads:
    """ASGI middleware: answers a detail read from the cache; whatever is not there, or not right, goes on to the routes."""

    def __init__(self, app: ASGIApp, identify: Identify, read_entity: ReadEntity) -> None:
        self._app = app
        self._identify = identify
        self._read_entity = read_entity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        base, _, slug = scope["path"].rpartition("/") if scope["type"] == "http" else ("", "", "")
        kind = _KIND_OF.get(base)
        if kind is None or scope["method"] != "GET" or slug in _NO_SLUGS:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            await self._identify(request)
            asked = asked_of(kind, slug, query_of(request))
            cached = await self._read_entity.recall(asked)
        except (Problem, Unavailable):  # the route says so
            await self._app(scope, receive, send)
            return
        if cached is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = _ROUTES[kind]
        await show(request, kind, asked.wanted, cached)(scope, receive, send)


class _Route:
    """What telemetry calls the route."""

    def __init__(self, kind: EntityKind) -> None:
        self.path = f"{API}/{KINDS[kind].path}/{{slug}}"


_ROUTES = {kind: _Route(kind) for kind in EntityKind}
