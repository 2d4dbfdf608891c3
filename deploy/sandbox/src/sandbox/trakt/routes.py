"""Trakt v2 over HTTP, with the statuses it publishes (https://trakt.docs.apiary.io/#introduction/status-codes).

Trakt publishes no bodies of errors, and sends none with most. That of 429 is as clients quote it ("… rate limit exceeded.
Please wait 2489 seconds then retry your request."); 502 to 504 and 520 to 522 are pages of Cloudflare.
"""

import math

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import cloudflare, wire
from sandbox.day import Day
from sandbox.faults import Fault
from sandbox.gate import Gate, Subject
from sandbox.ledger import Call
from sandbox.quota import Quotas, Spent
from sandbox.tmdb.store import Store
from sandbox.trakt import items
from sandbox.trakt.faulty import spoil
from sandbox.trakt.views import VIEWS, Library, TraktError, View

HOST = "api.trakt.tv"
_LIMIT_NAME = "UNAUTHED_API_GET_LIMIT"
_UPGRADE = {"x-upgrade-url": "https://trakt.tv/vip"}
_VIP_STATUS = frozenset({420, 426})


def routes(gate: Gate, store: Store, day: Day, quotas: Quotas) -> list[Route]:
    """The routes under `/trakt`."""
    library = Library(store, day)

    def route(path: str, view: View) -> Route:
        async def endpoint(request: Request) -> Response:
            def answer(fault: Fault | None, call: Call) -> Response:
                return _answer(request, library, quotas, view, fault, call)

            return await gate.serve(request, "trakt", _subject(request, store), answer)

        return Route(f"/trakt{path}", endpoint)

    return [route(path, view) for path, view in VIEWS.items()]


def _answer(
    request: Request, library: Library, quotas: Quotas, view: View, fault: Fault | None, call: Call
) -> Response:
    headers = {"x-request-id": call.request_id}
    if refused := _refusal(request):
        return _failure(refused, headers)
    spent = quotas.take("trakt", request.headers["trakt-api-key"])
    if spent:
        headers["x-ratelimit"] = _ratelimit(spent)
        if spent.wait_s:
            return _throttled(headers | {"retry-after": str(spent.wait_s)}, spent.wait_s)
    if fault and fault.kind == "throttle":
        return _throttled(headers | fault.retry_after(), math.ceil(fault.retry_after_s or 0))
    if fault and fault.kind in {"error", "cloudflare"}:
        return _failure(fault.status if fault.kind == "error" else max(fault.status, 520), headers)
    if fault and fault.kind == "malformed":
        return Response('[{"watchers": 21, "show": {"title": "The Walk', 200, headers, "application/json")
    if fault and fault.kind == "not_found":
        return _failure(404, headers)
    try:
        found = view(request, library)
    except TraktError as error:
        return _failure(error.status, headers)
    body = spoil(found.body, fault.kind) if fault else found.body
    return wire.json_response(body, 200, headers | found.headers)


def _refusal(request: Request) -> int | None:
    """The status for a request without the required headers: 401 a bad token, 403 no good key, 412 another version or media type."""
    sent = request.headers
    if sent.get("authorization", "").lower() == "bearer invalid":
        return 401
    if sent.get("trakt-api-key", "invalid") in {"", "invalid"}:
        return 403
    media_type = sent.get("content-type", "application/json").partition(";")[0].strip()
    return None if sent.get("trakt-api-version") == "2" and media_type == "application/json" else 412


def _failure(status: int, headers: dict[str, str]) -> Response:
    if status in cloudflare.PAGES:
        return cloudflare.page(HOST, status, headers)
    return Response(b"", status, headers | (_UPGRADE if status in _VIP_STATUS else {}), "application/json")


def _throttled(headers: dict[str, str], wait_s: int) -> Response:
    text = f"{_LIMIT_NAME} rate limit exceeded. Please wait {wait_s} seconds then retry your request."
    return Response(text, 429, headers, "text/plain; charset=utf-8")


def _ratelimit(spent: Spent) -> str:
    shown = {
        "name": _LIMIT_NAME, "period": spent.period_s, "limit": spent.limit, "remaining": spent.remaining,
        "until": spent.until.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip
    return orjson.dumps(shown).decode()


def _subject(request: Request, store: Store) -> Subject:
    wanted = request.path_params.get("id")
    if wanted is None:
        return Subject()
    kind = "movie" if request.url.path.startswith("/trakt/movies/") else "tv"
    title = items.find(store, kind, wanted)
    return Subject(title.names[0], title.names[1:], kind) if title else Subject()
