"""OMDb over HTTP. A failure is `{"Response": "False", "Error": …}`, with 200 unless it is about the key, then with 401.

The texts are those in the issues of omdbapi/OMDb-API: "Request limit reached!" (#55, #126; it is counted per key, #128),
"Invalid API key!" (#99), "Incorrect IMDb ID." (#121, #234) and "Error getting data." for an id that OMDb has not (#47, #286).
"""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import cloudflare, wire
from sandbox.day import Day
from sandbox.faults import Fault
from sandbox.gate import Gate, Subject
from sandbox.ledger import Call
from sandbox.moving import Title, kind_of
from sandbox.omdb.item import NOT_KNOWN, item
from sandbox.quota import Quotas
from sandbox.tmdb.store import Store

HOST = "www.omdbapi.com"
LIMIT_REACHED = "Request limit reached!"
_IMDB_ID = re.compile(r"tt\d{7,9}")
_TYPES = {"movie": "movie", "series": "tv"}


def routes(gate: Gate, store: Store, day: Day, quotas: Quotas) -> list[Route]:
    """The one route, under `/omdb/`."""

    async def endpoint(request: Request) -> Response:
        title = _find(request, store)

        def answer(fault: Fault | None, call: Call) -> Response:
            return _answer(request, title, day, quotas, fault, call)

        subject = Subject(title.names[0], title.names[1:], kind_of(title)) if title else Subject()
        return await gate.serve(request, "omdb", subject, answer)

    return [Route("/omdb/", endpoint)]


def _answer(
    request: Request, title: Title | None, day: Day, quotas: Quotas, fault: Fault | None, call: Call
) -> Response:
    headers = {"x-request-id": call.request_id}
    key = request.query_params.get("apikey", "")
    if not key or key == "invalid":
        return _failure("Invalid API key!" if key else "No API key provided.", headers, 401)
    spent = quotas.take("omdb", key)
    if (spent and spent.wait_s) or (fault and fault.kind == "quota"):
        return _failure(LIMIT_REACHED, headers, 401)
    if fault and (broken := _broken(fault, headers)):
        return broken
    if title is None or (fault and fault.kind == "not_found"):
        return _failure(_unknown(request), headers)
    body = item(title, day.today)
    return wire.json_response(_without_ratings(body) if fault and fault.kind == "no_ratings" else body, 200, headers)


def _broken(fault: Fault, headers: dict[str, str]) -> Response | None:
    """OMDb has no 429 of its own: this is Cloudflare's, error 1015."""
    match fault.kind:
        case "throttle":
            return Response("error code: 1015", 429, headers | fault.retry_after(), "text/plain; charset=UTF-8")
        case "error" if fault.status not in cloudflare.PAGES:
            return _failure("Something went wrong.", headers, fault.status)
        case "error" | "cloudflare":
            return cloudflare.page(HOST, max(fault.status, 502), headers)
        case "malformed":
            return Response('{"Title":"The Matrix","Year":"19', 200, headers, "application/json")
        case _:
            return None


def _failure(error: str, headers: dict[str, str], status: int = 200) -> Response:
    return wire.json_response({"Response": "False", "Error": error}, status, headers)


def _find(request: Request, store: Store) -> Title | None:
    wanted, type_ = request.query_params.get("i", ""), request.query_params.get("type", "")
    titles: list[Title] = [*store.movies.values(), *store.shows.values()]
    found = next((title for title in titles if wanted and title.imdb_id == wanted), None)
    return found if found and _TYPES.get(type_, kind_of(found)) == kind_of(found) else None


def _unknown(request: Request) -> str:
    if not _IMDB_ID.fullmatch(request.query_params.get("i", "")):
        return "Incorrect IMDb ID."
    found = {"movie": "Movie not found!", "series": "Series not found!"}
    return found.get(request.query_params.get("type", ""), "Error getting data.")


def _without_ratings(body: dict[str, Any]) -> dict[str, Any]:
    none: list[Any] = []
    return {**body, "Ratings": none, "Metascore": NOT_KNOWN, "imdbRating": NOT_KNOWN, "imdbVotes": NOT_KNOWN}
