"""The sandbox as one ASGI application."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sandbox import control, wire
from sandbox.day import Day
from sandbox.faults import Faults
from sandbox.gate import Gate
from sandbox.ledger import Ledger
from sandbox.omdb import routes as omdb_routes
from sandbox.openai import routes as openai_routes
from sandbox.openai.limits import Limits
from sandbox.quota import Quotas
from sandbox.tmdb import routes as tmdb_routes
from sandbox.tmdb.store import Store
from sandbox.trakt import routes as trakt_routes


def create_app(
    store: Store | None = None, faults: Faults | None = None, day: Day | None = None, *, drip_interval_s: float = 0.2
) -> Starlette:
    """An application with its own ledger; `store` replaces the packaged sample facts, `faults` and `day` let the caller set them too."""
    store = store or Store.packaged()
    faults = faults or Faults()
    ledger = Ledger()
    limits = Limits()
    day = day or Day()
    quotas = Quotas(day)
    gate = Gate(ledger, faults, drip_interval_s)
    return Starlette(
        routes=[
            *control.routes(ledger, faults, store, limits, quotas),
            *openai_routes.routes(gate, limits),
            *tmdb_routes.routes(gate, store, day, quotas),
            *trakt_routes.routes(gate, store, day, quotas),
            *omdb_routes.routes(gate, store, day, quotas),
        ],
        exception_handlers={HTTPException: _unknown},
    )


async def _unknown(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = error.detail if isinstance(error, HTTPException) else "The sandbox failed."
    return wire.json_response({"error": message}, status)
