"""OpenRouter (https://openrouter.ai/docs/api-reference/overview), under `/openrouter/api/v1`.

Errors follow https://openrouter.ai/docs/api-reference/errors-and-debugging: OpenRouter's own have a message of its own, a provider's
error is wrapped (reVrost/go-openrouter#21), and what breaks after status 200 stands in the body or in its choice.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox import wire
from sandbox.faults import Fault
from sandbox.openai import errors
from sandbox.openai.asked import MODELS, Asked, model_exists
from sandbox.openai.completion import Completion
from sandbox.openai.dialect import CREATED, OpenAi
from sandbox.openai.errors import ApiError
from sandbox.shape import as_list

KEEP_ALIVE = "\n         \n"
"""What fills the time of a slow answer that is not streamed; streams get comments."""
COMMENT = b": OPENROUTER PROCESSING\n\n"
USER = "user_sandbox"
_BAD_GATEWAY = 502
_PROVIDERS = {"openai": "OpenAI", "sandbox": "Sandbox"}
_PRICES = {"gpt-4o-mini": (0.15, 0.6), "gpt-4o": (2.5, 10.0), "gpt-4.1-mini": (0.4, 1.6), "gpt-5-mini": (0.25, 2.0)}
_OTHER_PRICE = (1.0, 4.0)
# what is wrong with one model and not with the next; the caller's own mistakes are not
_FALLS_OVER = {"throttle", "error", "overloaded", "context_length", "prompt_filter", "cloudflare", "quota", "country"}


class OpenRouter(OpenAi):
    """What OpenRouter does differently: model names, a list of fallbacks, cost, and errors in its own words or wrapped."""

    provider = "openrouter"
    prefix = "/openrouter/api/v1"

    def authorise(self, request: Request, /) -> str:
        try:
            return super().authorise(request)
        except ApiError as error:
            message = "User not found." if error.code else "No auth credentials found"
            raise _own(401, message) from error

    def read(self, body: dict[str, Any], _request: Request, /) -> dict[str, Any]:
        names = _candidates(body)
        for name in names:
            if not _offered(name):
                raise _own(400, f"{name} is not a valid model ID")
        return {**body, "model": names[0]} if names else body

    def route(self, asked: Asked, body: Mapping[str, Any], fault: Fault | None, /) -> tuple[Asked, Fault | None]:
        names = _candidates(body)
        if fault and fault.kind in _FALLS_OVER and len(names) > 1:
            return replace(asked, model=names[1]), None
        return asked, fault

    def refusal(self, fault: Fault, asked: Asked, _request: Request, /) -> ApiError | None:
        name = asked.model
        if fault.kind == "credits":
            message = "Insufficient credits. Add more using https://openrouter.ai/settings/credits"
            return _own(402, message)
        if fault.kind == "prompt_filter":
            return _own(
                403,
                f'{name} requires moderation on {_provider(name)}. Your input was flagged for "violence". No credits were charged.',
                reasons=["violence"], flagged_input="…", provider_name=_provider(name), model_slug=name,
            )  # fmt: skip
        if fault.kind == "model_not_found":
            return _own(404, f"No endpoints found for {name}.")
        if fault.kind == "failed":
            return None
        upstream = errors.scripted(fault, name.partition("/")[2], api=asked.api)
        return upstream and _wrapped(upstream, name)

    def present(self, answer: dict[str, Any], completion: Completion, asked: Asked, /) -> dict[str, Any]:
        usage = answer["usage"]
        prompt_usd, written_usd = _PRICES.get(asked.model.partition("/")[2], _OTHER_PRICE)
        cost = (completion.prompt_tokens(asked) * prompt_usd + completion.written_tokens * written_usd) / 1_000_000
        priced = usage | {"cost": round(cost, 9), "is_byok": False, "cost_details": {"upstream_inference_cost": None}}
        shown = answer | {"usage": priced, "provider": _provider(asked.model)}
        if asked.api == "chat":
            shown["id"] = answer["id"].replace("chatcmpl-", "gen-")
            shown["choices"] = [_choice(choice, completion, asked.model) for choice in answer["choices"]]
        return shown

    def send(self, answer: dict[str, Any], headers: dict[str, str], fault: Fault | None, /) -> Response:
        kind = fault.kind if fault else ""
        if kind == "error_in_body":
            return wire.json_response(_wrapped(errors.overloaded(), answer["model"]).body, 200, headers)
        response = super().send(answer, headers, fault)
        if kind == "keep_alive":
            return Response(KEEP_ALIVE.encode() * 3 + bytes(response.body), 200, headers, "application/json")
        return response

    def stream(self, events: bytes, headers: dict[str, str]) -> Response:
        return super().stream(COMMENT + events, headers)

    def refuse(self, error: ApiError, headers: dict[str, str], model: str | None, /) -> Response:
        own = isinstance(error, _OpenRouterError)
        return (error if own else _wrapped(error, model or "")).response(headers)

    def headers(self, request_id: str, _elapsed_s: float, /) -> dict[str, str]:
        return {"x-generation-id": f"gen-{request_id[-29:]}", "server": "cloudflare"}

    def models(self) -> list[dict[str, Any]]:
        return [_model(name) for name in MODELS]

    def model(self, name: str) -> dict[str, Any]:
        if not _offered(name):
            raise _own(404, f"{name} is not a valid model ID")
        return _model(name.partition("/")[2])


class _OpenRouterError(ApiError):
    """An error that is already in OpenRouter's shape."""


def _own(status: int, message: str, **metadata: Any) -> _OpenRouterError:
    error = {"message": message, "code": status} | ({"metadata": metadata} if metadata else {})
    return _OpenRouterError(status, message, body={"error": error, "user_id": USER})


def _wrapped(upstream: ApiError, model: str) -> _OpenRouterError:
    error = {
        "message": "Provider returned error",
        "code": upstream.status,
        "metadata": {"raw": upstream.raw, "provider_name": _provider(model), "is_byok": False},
    }
    body = {"error": error, "user_id": USER}
    return _OpenRouterError(upstream.status, upstream.message, body=body, headers=upstream.headers)


def _choice(choice: dict[str, Any], completion: Completion, model: str) -> dict[str, Any]:
    native = choice | {"native_finish_reason": choice["finish_reason"]}
    if not completion.broken:
        return native
    metadata = {"raw": "upstream connection reset", "provider_name": _provider(model)}
    error = {"code": _BAD_GATEWAY, "message": "Provider disconnected", "metadata": metadata}
    return native | {"finish_reason": "error", "native_finish_reason": "error", "error": error}


def _candidates(body: Mapping[str, Any]) -> list[str]:
    names = [body.get("model"), *(as_list(body.get("models")) or [])]
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def _offered(name: str) -> bool:
    vendor, _, model = name.partition("/")
    return vendor in _PROVIDERS and model_exists(model) and (vendor == "sandbox") == model.startswith("sandbox-")


def _provider(name: str) -> str:
    return _PROVIDERS.get(name.partition("/")[0], "OpenAI")


def _model(name: str) -> dict[str, Any]:
    vendor = "sandbox" if name.startswith("sandbox-") else "openai"
    prompt_usd, written_usd = _PRICES.get(name, _OTHER_PRICE)
    pricing = {"prompt": f"{prompt_usd / 1_000_000:.9f}", "completion": f"{written_usd / 1_000_000:.9f}"}
    parameters = ["max_tokens", "temperature", "response_format", "structured_outputs"]
    return {
        "id": f"{vendor}/{name}", "name": f"{_PROVIDERS[vendor]}: {name}", "created": CREATED, "context_length": 128_000,
        "pricing": pricing, "supported_parameters": parameters,
    }  # fmt: skip
