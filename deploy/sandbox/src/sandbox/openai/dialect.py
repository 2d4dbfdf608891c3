"""How OpenAI itself speaks; the other providers of the same protocol change what they do differently."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox import wire
from sandbox.faults import Fault
from sandbox.openai import errors
from sandbox.openai.asked import MODELS, Asked, model_exists
from sandbox.openai.completion import Completion
from sandbox.openai.errors import ApiError
from sandbox.openai.limits import Quota

CREATED = 1_700_000_000


class OpenAi:
    """OpenAI's own API under `/openai/v1`."""

    provider = "openai"
    prefix = "/openai/v1"

    def authorise(self, request: Request, /) -> str:
        """The caller's key; ApiError 401 without one."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise errors.no_key()
        if key.strip() == "sk-invalid":
            raise errors.bad_key()
        return key.strip()

    def read(self, body: dict[str, Any], _request: Request, /) -> dict[str, Any]:
        """The body as OpenAI would see it."""
        return body

    def route(self, asked: Asked, _body: Mapping[str, Any], fault: Fault | None, /) -> tuple[Asked, Fault | None]:
        """The model that serves, and the fault that it meets."""
        return asked, fault

    def refusal(self, fault: Fault, asked: Asked, _request: Request, /) -> ApiError | None:
        """The error answer that `fault` asks for, if it asks for one."""
        if fault.kind == "failed" and asked.api == "chat":
            return errors.scripted(Fault("", self.provider, "*", "error"), asked.model)
        return errors.scripted(fault, asked.model, api=asked.api)

    def exceeded(self, quota: Quota, _asked: Asked, _request: Request, /) -> ApiError | None:
        """The answer to a request over its rate limit."""
        return quota.exceeded

    def present(self, answer: dict[str, Any], _completion: Completion, _asked: Asked, /) -> dict[str, Any]:
        """An answer with what this provider adds."""
        return answer

    def send(self, answer: dict[str, Any], headers: dict[str, str], _fault: Fault | None, /) -> Response:
        """An answer on the wire."""
        return wire.json_response(answer, 200, headers)

    def stream(self, events: bytes, headers: dict[str, str]) -> Response:
        """Server-sent events on the wire."""
        return Response(events, 200, headers, "text/event-stream")

    def refuse(self, error: ApiError, headers: dict[str, str], _model: str | None, /) -> Response:
        """An error on the wire."""
        return error.response(headers)

    def headers(self, request_id: str, elapsed_s: float, /) -> dict[str, str]:
        """What every answer carries."""
        return {
            "x-request-id": request_id,
            "openai-version": "2020-10-01",
            "openai-organization": "org-sandbox",
            "openai-processing-ms": str(int(elapsed_s * 1000)),
        }

    def models(self) -> list[dict[str, Any]]:
        """All models."""
        return [_model(name) for name in MODELS]

    def model(self, name: str) -> dict[str, Any]:
        """One model; ApiError 404 when it is not offered."""
        if not model_exists(name):
            raise errors.unknown_model(name)
        return _model(name)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "system"}
