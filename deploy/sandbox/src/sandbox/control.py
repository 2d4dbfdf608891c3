"""The control API of the sandbox: ledger, faults, limits, facts and the day. No provider has any of this."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import wire
from sandbox.day import DayError
from sandbox.faults import FaultError, Faults
from sandbox.ledger import Ledger
from sandbox.openai.limits import REQUESTS_PER_MINUTE, TOKENS_PER_MINUTE, Limits
from sandbox.quota import DAY_S, PROVIDERS, Quotas
from sandbox.shape import as_text, as_whole
from sandbox.tmdb.entries import FactsError
from sandbox.tmdb.store import Store


def routes(ledger: Ledger, faults: Faults, store: Store, limits: Limits, quotas: Quotas) -> list[Route]:
    """The routes under `/_sandbox`."""
    on = _Control(ledger, faults, store, limits, quotas)
    return [
        Route("/_sandbox/health", on.health),
        Route("/_sandbox/ledger", on.read_ledger),
        Route("/_sandbox/ledger", on.clear_ledger, methods=["DELETE"]),
        Route("/_sandbox/faults", on.list_faults),
        Route("/_sandbox/faults", on.add_fault, methods=["POST"]),
        Route("/_sandbox/faults", on.clear_faults, methods=["DELETE"]),
        Route("/_sandbox/faults/{fault_id}", on.remove_fault, methods=["DELETE"]),
        Route("/_sandbox/limits", on.set_limits, methods=["PUT"]),
        Route("/_sandbox/limits", on.clear_limits, methods=["DELETE"]),
        Route("/_sandbox/day", on.read_day),
        Route("/_sandbox/day", on.set_day, methods=["PUT"]),
        Route("/_sandbox/day", on.clear_day, methods=["DELETE"]),
        Route("/_sandbox/facts/{kind}/{entry_id:int}", on.patch_facts, methods=["PATCH"]),
        Route("/_sandbox/facts", on.restore_facts, methods=["DELETE"]),
    ]


class _Control:
    """One method per control call. Bad JSON is 400, a member that does not fit 422, an unknown id 404."""

    def __init__(self, ledger: Ledger, faults: Faults, store: Store, limits: Limits, quotas: Quotas) -> None:
        self._ledger = ledger
        self._faults = faults
        self._store = store
        self._limits = limits
        self._quotas = quotas

    async def health(self, _: Request) -> Response:
        return wire.json_response({"status": "ok", "facts": self._store.counts()})

    async def read_ledger(self, request: Request) -> Response:
        query = request.query_params
        after = query.get("after", "0")
        if not after.isdecimal():
            return _problem("'after' has to be a sequence number.", 400)
        members = {name: query[name] for name in ("client_request_id", "model", "api") if name in query}
        calls = self._ledger.select(query.get("provider"), query.get("title"), int(after), **members)
        return wire.json_response({"count": len(calls), "calls": calls})

    async def clear_ledger(self, _: Request) -> Response:
        return wire.json_response({"deleted": self._ledger.clear()})

    async def list_faults(self, _: Request) -> Response:
        return wire.json_response({"faults": [fault.view() for fault in self._faults.all()]})

    async def add_fault(self, request: Request) -> Response:
        try:
            fault = self._faults.add(await wire.read_object(request))
        except wire.BodyError as error:
            return _problem(str(error), error.status)
        except FaultError as error:
            return _problem(str(error), 422)
        return wire.json_response(fault.view(), 201)

    async def clear_faults(self, _: Request) -> Response:
        return wire.json_response({"deleted": self._faults.remove()})

    async def remove_fault(self, request: Request) -> Response:
        if not self._faults.remove(request.path_params["fault_id"]):
            return _problem("There is no such fault.", 404)
        return Response(status_code=204)

    async def set_limits(self, request: Request) -> Response:
        """Full buckets for one API key, or for `*`, all others.

        Text models: `{"key": "*", "requests_per_minute": 3, "tokens_per_minute": 1000}`, the rest
        `{"provider": "trakt", "key": "*", "requests": 3, "period_s": 300}`.
        """
        try:
            body = await wire.read_object(request)
        except wire.BodyError as error:
            return _problem(str(error), error.status)
        key = as_text(body.get("key", "*"))
        if not key:
            return _problem("'key' has to be a text.", 422)
        refused = self._limit_models(key, body) if "provider" not in body else self._limit_facts(key, body)
        return _problem(refused, 422) if refused else Response(status_code=204)

    def _limit_models(self, key: str, body: dict[str, Any]) -> str | None:
        requests = as_whole(body.get("requests_per_minute", REQUESTS_PER_MINUTE))
        tokens = as_whole(body.get("tokens_per_minute", TOKENS_PER_MINUTE))
        if not requests or not tokens or min(requests, tokens) < 1:
            return "The limits have to be whole numbers above 0."
        self._limits.set(key, requests, tokens)
        return None

    def _limit_facts(self, key: str, body: dict[str, Any]) -> str | None:
        provider, requests = as_text(body["provider"]), as_whole(body.get("requests"))
        period_s = as_whole(body.get("period_s", 0))
        if provider not in PROVIDERS:
            return f"'provider' has to be one of: {', '.join(PROVIDERS)}."
        if not requests or period_s is None or requests < 1 or not 0 <= period_s <= DAY_S:
            return f"'requests' has to be a whole number above 0, 'period_s' one of at most {DAY_S}."
        self._quotas.set(provider, key, requests, period_s or None)
        return None

    async def clear_limits(self, _: Request) -> Response:
        self._limits.clear()
        self._quotas.clear()
        return Response(status_code=204)

    async def read_day(self, _: Request) -> Response:
        day = self._quotas.day
        return wire.json_response({"date": day.today.isoformat(), "set": day.is_set})

    async def set_day(self, request: Request) -> Response:
        """`{"date": "2026-03-01"}`, or `{"date": "+1"}` for the day after."""
        try:
            self._quotas.day.set((await wire.read_object(request)).get("date"))
        except wire.BodyError as error:
            return _problem(str(error), error.status)
        except DayError as error:
            return _problem(str(error), 422)
        return await self.read_day(request)

    async def clear_day(self, request: Request) -> Response:
        self._quotas.day.clear()
        return await self.read_day(request)

    async def patch_facts(self, request: Request) -> Response:
        kind, entry_id = request.path_params["kind"], request.path_params["entry_id"]
        try:
            changed = self._store.patch(kind, entry_id, await wire.read_object(request))
        except wire.BodyError as error:
            return _problem(str(error), error.status)
        except FactsError as error:
            return _problem(str(error), 422)
        except KeyError:
            return _problem(f"There is no {kind} {entry_id}.", 404)
        return wire.json_response(changed)

    async def restore_facts(self, _: Request) -> Response:
        return wire.json_response({"restored": self._store.restore()})


def _problem(message: str, status: int) -> Response:
    return wire.json_response({"error": message}, status)
