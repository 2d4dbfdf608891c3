"""TMDb v3 over HTTP, with TMDb's error bodies."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import wire
from sandbox.day import Day
from sandbox.faults import Fault
from sandbox.gate import Gate, Subject
from sandbox.ledger import Call
from sandbox.quota import Quotas
from sandbox.tmdb.answer import TmdbError, View
from sandbox.tmdb.faulty import spoil
from sandbox.tmdb.mapping import Mapping
from sandbox.tmdb.store import Store
from sandbox.tmdb.views import VIEWS

_STATUS = {
    5: (422, "Invalid parameters: Your request parameters are incorrect."),
    6: (404, "Invalid id: The pre-requisite id is invalid or not found."),
    7: (401, "Invalid API key: You must be granted a valid key."),
    11: (500, "Internal error: Something went wrong, contact TMDb."),
    20: (422, "Invalid date range: Should be a range no longer than 14 days."),
    22: (400, "Invalid page: Pages start at 1 and max at 500. They are expected to be an integer."),
    25: (429, "Your request count (#) is over the allowed limit of (40)."),
    27: (400, "Too many append to response objects: The maximum number of remote calls is 20."),
    34: (404, "The resource you requested could not be found."),
}


def routes(gate: Gate, store: Store, day: Day, quotas: Quotas) -> list[Route]:
    """The routes under `/tmdb/3`."""

    def route(path: str, view: View) -> Route:
        async def endpoint(request: Request) -> Response:
            def answer(fault: Fault | None, call: Call) -> Response:
                return _answer(request, Mapping(store, _language(request), day), quotas, view, fault, call)

            return await gate.serve(request, "tmdb", _subject(request, store), answer)

        return Route(f"/tmdb/3{path}", endpoint)

    return [route(path, view) for path, view in VIEWS.items()]


def _answer(request: Request, map_: Mapping, quotas: Quotas, view: View, fault: Fault | None, call: Call) -> Response:
    headers = {"x-request-id": call.request_id}
    key = _key(request)
    if not key or key == "invalid":
        return _failure(7, headers)
    spent = quotas.take("tmdb", key)
    if spent and spent.wait_s:
        return _failure(25, headers | {"retry-after": str(spent.wait_s)})
    if fault and fault.kind == "throttle":
        return _failure(25, headers | fault.retry_after())
    if fault and fault.kind == "error":
        return _failure(11, headers, fault.status)
    if fault and fault.kind == "malformed":
        return Response('{"page": 1, "results": [{"id": 603, "tit', 200, headers, "application/json")
    if fault and fault.kind == "not_found" and "/search/" not in request.url.path:
        return _failure(34, headers)
    try:
        body = view(request, map_)
    except TmdbError as error:
        return _failure(error.code, headers)
    return wire.json_response(spoil(body, fault.kind) if fault else body, 200, headers)


def _failure(code: int, headers: dict[str, str], status: int | None = None) -> Response:
    body = {"success": False, "status_code": code, "status_message": _STATUS[code][1]}
    return wire.json_response(body, status or _STATUS[code][0], headers)


def _key(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return request.query_params.get("api_key") or (token.strip() if scheme.lower() == "bearer" else "")


def _language(request: Request) -> str:
    return request.query_params.get("language", "en-US")


def _subject(request: Request, store: Store) -> Subject:
    locale = request.query_params.get("language")
    if "entry_id" not in request.path_params:
        return Subject(title=request.query_params.get("query"), locale=locale)
    kind, entry_id = request.url.path.split("/")[3], request.path_params["entry_id"]
    entry = {"movie": store.movies, "tv": store.shows, "person": store.people}.get(kind, {}).get(entry_id)
    names = entry.names if entry else ()
    return Subject(names[0] if names else None, names[1:], kind if entry else None, locale)
