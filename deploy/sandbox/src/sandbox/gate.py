"""The way every provider call takes: ledger, fault, answer."""

from collections.abc import Callable, Container
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from sandbox import wire
from sandbox.faults import Fault, Faults
from sandbox.ledger import Call, Ledger
from sandbox.matching import plain

HOLD_LIMIT_S = 3600.0
CLIENT_LEFT = 499
_KEYS = frozenset({"api_key", "apikey"})


@dataclass(frozen=True, slots=True)
class Subject:
    """What a call is about, as far as the request tells."""

    title: str | None = None
    other_titles: tuple[str, ...] = ()
    entity_type: str | None = None
    locale: str | None = None
    tag: str | None = None
    form: str | None = None
    api: str | None = None
    model: str | None = None


class Gate:
    """Records a call, applies at most one fault to it, and records the status answered."""

    def __init__(self, ledger: Ledger, faults: Faults, drip_interval_s: float) -> None:
        self._ledger = ledger
        self._faults = faults
        self._drip_interval_s = drip_interval_s

    async def serve(
        self,
        request: Request,
        provider: str,
        subject: Subject,
        answer: Callable[[Fault | None, Call], Response],
        *,
        breakable: bool = True,
        immune: Container[str] = (),
    ) -> Response:
        """Answers `request`, whose body was read, with `answer`, which sees the fault that is to be shown.

        A call that is not `breakable` never uses a fault up, and one never uses up a kind that it is `immune` to.
        """
        call = self._open(request, provider, subject)
        titles = {plain(title) for title in (subject.title, *subject.other_titles) if title}
        fault = self._faults.take(provider, titles, immune) if breakable else None
        if fault is None:
            return self._close(call, answer(None, call))
        call.fault = fault.kind
        stayed = await wire.wait(request, fault.delay_s, fault.released) if fault.delay_s else True
        if stayed and fault.kind in {"hold", "hang"}:
            stayed = await wire.wait(request, HOLD_LIMIT_S, fault.released)
        if not stayed:
            return self._close(call, Response(status_code=CLIENT_LEFT))
        if fault.kind == "reset":
            await wire.reset(request)
            return Response(status_code=CLIENT_LEFT)
        response = self._close(call, answer(fault, call))
        return wire.drip(response, self._drip_interval_s) if fault.kind == "drip" else response

    def _open(self, request: Request, provider: str, subject: Subject) -> Call:
        # the key is a secret even here: a ledger may end up in a test report
        query = "&".join(f"{key}={value}" for key, value in request.query_params.multi_items() if key not in _KEYS)
        call = self._ledger.open(provider, request.method, request.url.path, query)
        call.traceparent = request.headers.get("traceparent")
        call.client_request_id = request.headers.get("x-request-id") or request.headers.get("x-client-request-id")
        call.title, call.entity_type, call.locale = subject.title, subject.entity_type, subject.locale
        call.tag, call.form, call.api, call.model = subject.tag, subject.form, subject.api, subject.model
        return call

    def _close(self, call: Call, response: Response) -> Response:
        call.status = response.status_code
        return response
