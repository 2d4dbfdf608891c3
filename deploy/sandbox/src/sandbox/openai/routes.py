"""OpenAI's endpoints over HTTP."""

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import wire
from sandbox.faults import Fault
from sandbox.gate import Gate, Subject
from sandbox.ledger import Call
from sandbox.openai.answers import Model
from sandbox.openai.completion import respond
from sandbox.openai.protocol import CREATED, MODELS, ApiError, message_text, model_exists, parse, tokens, unknown_model
from sandbox.shape import as_list
from sandbox.texts.order import read_order

_NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY)."
)
_BAD_KEY = (
    "Incorrect API key provided: sk-in***lid. "
    "You can find your API key at https://platform.openai.com/account/api-keys."
)


def routes(gate: Gate) -> list[Route]:
    """The routes under `/openai/v1`."""
    on = _Api(gate, Model())
    return [
        Route("/openai/v1/chat/completions", on.complete, methods=["POST"]),
        Route("/openai/v1/models", on.list_models),
        Route("/openai/v1/models/{name}", on.read_model),
    ]


class _Api:
    """One method per endpoint."""

    def __init__(self, gate: Gate, model: Model) -> None:
        self._gate = gate
        self._model = model

    async def complete(self, request: Request) -> Response:
        """A chat completion."""
        started = time.monotonic()
        body: dict[str, Any] = {}
        unreadable: ApiError | None = None
        try:
            body = await wire.read_object(request)
        except wire.BodyError as error:
            unreadable = ApiError(error.status, str(error))

        def answer(fault: Fault | None, call: Call) -> Response:
            headers = _headers(call, started, body)
            try:
                _authorise(request)
                if unreadable:
                    raise unreadable
                chat = parse(body)
                completion = self._model.complete(chat, fault)
            except ApiError as error:
                if fault and fault.kind == "throttle" and fault.retry_after_s is not None:
                    headers |= {"retry-after": f"{fault.retry_after_s:g}", "x-ratelimit-remaining-requests": "0"}
                return error.response(headers)
            return respond(chat, completion, call.request_id, headers)

        return await self._gate.serve(request, "openai", _subject(body), answer)

    async def list_models(self, request: Request) -> Response:
        """All models."""

        def answer(_: Fault | None, call: Call) -> Response:
            return _plain(request, call, {"object": "list", "data": [_model(name) for name in MODELS]})

        return await self._gate.serve(request, "openai", Subject(), answer, breakable=False)

    async def read_model(self, request: Request) -> Response:
        """One model, or 404."""
        name = request.path_params["name"]

        def answer(_: Fault | None, call: Call) -> Response:
            if not model_exists(name):
                return unknown_model(name).response({"x-request-id": call.request_id})
            return _plain(request, call, _model(name))

        return await self._gate.serve(request, "openai", Subject(), answer, breakable=False)


def _authorise(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise ApiError(401, _NO_KEY)
    if key.strip() == "sk-invalid":
        raise ApiError(401, _BAD_KEY, code="invalid_api_key")


def _plain(request: Request, call: Call, body: dict[str, Any]) -> Response:
    headers = {"x-request-id": call.request_id}
    try:
        _authorise(request)
    except ApiError as error:
        return error.response(headers)
    return wire.json_response(body, 200, headers)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "system"}


def _headers(call: Call, started: float, body: dict[str, Any]) -> dict[str, str]:
    asked = tokens(str(body.get("messages", "")))
    return {
        "x-request-id": call.request_id,
        "openai-version": "2020-10-01",
        "openai-organization": "org-sandbox",
        "openai-processing-ms": str(int((time.monotonic() - started) * 1000)),
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "120ms",
        "x-ratelimit-limit-tokens": "200000",
        "x-ratelimit-remaining-tokens": str(max(0, 200_000 - asked)),
        "x-ratelimit-reset-tokens": "0s",
    }


def _subject(body: dict[str, Any]) -> Subject:
    order = read_order([text for message in as_list(body.get("messages")) or [] if (text := message_text(message))])
    if order is None:
        return Subject()
    facts = order.facts
    others = (facts.original_title,) if facts and facts.original_title else ()
    return Subject(facts.title if facts else None, others, order.entity_type, order.locale, order.tag, order.form)
