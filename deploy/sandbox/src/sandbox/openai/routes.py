"""The text APIs over HTTP: OpenAI's own, and those of providers that speak its protocol."""

import time
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import wire
from sandbox.faults import Fault
from sandbox.gate import Gate, Subject
from sandbox.ledger import Call
from sandbox.openai import chat, responses
from sandbox.openai.answers import Model
from sandbox.openai.asked import Asked, tokens
from sandbox.openai.azure import Azure
from sandbox.openai.completion import TextApi
from sandbox.openai.dialect import OpenAi
from sandbox.openai.errors import ApiError
from sandbox.openai.limits import Limits, retry_after
from sandbox.openai.openrouter import OpenRouter
from sandbox.shape import as_text
from sandbox.texts.order import read_order


def routes(gate: Gate, limits: Limits) -> list[Route]:
    """The routes of every provider."""
    model = Model()
    found: list[Route] = []
    for dialect in (OpenAi(), OpenRouter(), Azure()):
        on = _Api(gate, model, limits, dialect)
        at = f"{dialect.prefix}/v1" if dialect.provider == "azure" else dialect.prefix
        found += [
            Route(f"{at}/chat/completions", on.complete, methods=["POST"]),
            Route(f"{at}/responses", on.respond, methods=["POST"]),
            Route(f"{at}/models", on.list_models),
            Route(f"{at}/models/{{name:path}}", on.read_model),
        ]
        if dialect.provider == "azure":
            deployment = f"{dialect.prefix}/deployments/{{deployment}}/chat/completions"
            found.append(Route(deployment, on.complete, methods=["POST"]))
            found.append(Route(f"{dialect.prefix}/responses", on.respond, methods=["POST"]))
            found.append(Route(f"{dialect.prefix}/models", on.list_models))
    return found


class _Api:
    """One method per endpoint of one provider."""

    def __init__(self, gate: Gate, model: Model, limits: Limits, dialect: OpenAi) -> None:
        self._gate = gate
        self._model = model
        self._limits = limits
        self._dialect = dialect

    async def complete(self, request: Request) -> Response:
        """A chat completion."""
        return await self._serve(request, chat.API)

    async def respond(self, request: Request) -> Response:
        """A response."""
        return await self._serve(request, responses.API)

    async def list_models(self, request: Request) -> Response:
        """All models."""
        return await self._read(request, lambda: {"object": "list", "data": self._dialect.models()})

    async def read_model(self, request: Request) -> Response:
        """One model, or 404."""
        return await self._read(request, lambda: self._dialect.model(request.path_params["name"]))

    async def _serve(self, request: Request, api: TextApi) -> Response:
        started = time.monotonic()
        body: dict[str, Any] = {}
        unreadable: ApiError | None = None
        try:
            body = await wire.read_object(request)
        except wire.BodyError as error:
            unreadable = ApiError(error.status, str(error))

        def answer(fault: Fault | None, call: Call) -> Response:
            headers = self._dialect.headers(call.request_id, time.monotonic() - started)
            try:
                key = self._dialect.authorise(request)
                if unreadable:
                    raise unreadable
                asked = api.parse(self._dialect.read(body, request))
                call.model = asked.model
                headers |= self._counted(key, asked, request)
                asked, fault = self._dialect.route(asked, body, fault)
                call.model = asked.model
                return self._written(api, asked, fault, call, headers, request)
            except ApiError as error:
                return self._dialect.refuse(error, headers, call.model)

        immune = () if api.wants_schema(body) else ("no_schema",)
        return await self._gate.serve(
            request, self._dialect.provider, _subject(api, body, request), answer, immune=immune
        )

    def _counted(self, key: str, asked: Asked, request: Request) -> dict[str, str]:
        quota = self._limits.take(key, asked.model, max(tokens(asked.prompt), asked.max_tokens or 0))
        if error := self._dialect.exceeded(quota, asked, request):
            error.headers |= quota.headers
            raise error
        return quota.headers

    def _written(
        self, api: TextApi, asked: Asked, fault: Fault | None, call: Call, headers: dict[str, str], request: Request
    ) -> Response:
        if fault and (error := self._dialect.refusal(fault, asked, request)):
            if fault.kind == "throttle" and fault.retry_after_s is not None:
                error.headers |= retry_after(fault.retry_after_s) | {"x-ratelimit-remaining-requests": "0"}
            raise error
        completion = self._model.complete(asked, fault.kind if fault else "")
        call.prompt_tokens, call.completion_tokens = completion.prompt_tokens(asked), completion.written_tokens
        if asked.stream:
            return self._dialect.stream(chat.events(asked, completion, call.request_id), headers)
        shown = self._dialect.present(api.answer(asked, completion, call.request_id), completion, asked)
        return self._dialect.send(shown, headers, fault)

    async def _read(self, request: Request, read: Callable[[], dict[str, Any]]) -> Response:
        def answer(_: Fault | None, call: Call) -> Response:
            headers = {"x-request-id": call.request_id}
            try:
                self._dialect.authorise(request)
                return wire.json_response(read(), 200, headers)
            except ApiError as error:
                return self._dialect.refuse(error, headers, None)

        return await self._gate.serve(request, self._dialect.provider, Subject(), answer, breakable=False)


def _subject(api: TextApi, body: dict[str, Any], request: Request) -> Subject:
    model = as_text(request.path_params.get("deployment")) or as_text(body.get("model"))
    order = read_order(api.texts(body))
    if order is None:
        return Subject(api=api.name, model=model)
    facts = order.facts
    return Subject(
        title=facts.title if facts else None,
        other_titles=(facts.original_title,) if facts and facts.original_title else (),
        entity_type=order.entity_type,
        locale=order.locale,
        tag=order.tag,
        form=order.form,
        api=api.name,
        model=model,
    )
