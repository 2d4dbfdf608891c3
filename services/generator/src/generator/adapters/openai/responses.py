"""Responses: https://platform.openai.com/docs/api-reference/responses"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from openai import AsyncOpenAI, omit
from openai.types.responses import EasyInputMessageParam, ResponseTextConfigParam
from pydantic import BaseModel, Field

from generator.adapters.openai import errors, structured
from generator.adapters.openai.endpoint import Endpoint, timeouts
from generator.adapters.openai.errors import Meaning, Problem
from generator.adapters.openai.structured import Wish
from generator.adapters.openai.wire import Asked, Reply
from generator.prices import Usage

TEXT_FORMAT: ResponseTextConfigParam = {
    "format": {"type": "json_schema", "name": structured.NAME, "strict": True, "schema": structured.SCHEMA}
}
_FORMATS: Mapping[Wish, ResponseTextConfigParam] = {
    Wish.SCHEMA: TEXT_FORMAT,
    Wish.OBJECT: {"format": {"type": "json_object"}},
}
_FINISHED = {"max_output_tokens": "length", "content_filter": "content_filter"}


class _Cached(BaseModel):
    cached_tokens: int | None = Field(default=None, ge=0, le=10**9)


class _Usage(BaseModel):
    input_tokens: int = Field(ge=0, le=10**9)
    output_tokens: int = Field(ge=0, le=10**9)
    input_tokens_details: _Cached | None = None
    cost: Decimal | None = Field(default=None, ge=0, le=10**6)


class _Part(BaseModel):
    type: str = ""
    text: str = ""
    refusal: str = ""


class _Item(BaseModel):
    type: str = ""
    content: tuple[_Part, ...] | None = None


class _Incomplete(BaseModel):
    reason: str | None = None


class _Response(BaseModel):
    id: str = ""
    model: str = ""
    status: str = "completed"
    output: tuple[_Item, ...] | None = None
    usage: _Usage | None = None
    error: dict[str, Any] | None = None
    incomplete_details: _Incomplete | None = None


class Responses:
    """Implements `Api`. Nothing is left at the provider: answers are not stored there."""

    def __init__(self, client: AsyncOpenAI, endpoint: Endpoint) -> None:
        self._client = client
        self._endpoint = endpoint

    async def ask(self, asked: Asked) -> Reply:
        system = "\n\n".join(message.content for message in asked.messages if message.role == "system")
        said = [_message(message.content) for message in asked.messages if message.role == "user"]
        models = asked.fallbacks and self._endpoint.dialect == "openrouter"
        response = await self._client.responses.with_raw_response.create(
            model=asked.model,
            instructions=system or omit,
            input=[*said],
            max_output_tokens=self._endpoint.max_output_tokens,
            text=_FORMATS.get(asked.wish, omit),
            store=False,
            extra_headers=asked.headers,
            extra_body={"models": [asked.model, *asked.fallbacks]} if models else None,
            timeout=timeouts(asked.deadline_s),
        )
        return _reply(response.content, response.headers)


def _message(content: str) -> EasyInputMessageParam:
    return {"role": "user", "content": content}


def _reply(body: bytes, headers: Mapping[str, str]) -> Reply:
    response = _Response.model_validate_json(body)
    if response.error is not None or response.status == "failed":
        problem = errors.of_body(response.error or {}, headers)
        return Reply(response.id, response.model, "", "error", problem=problem)
    if response.output is None:
        return Reply(response.id, response.model, "", "error", problem=Problem(Meaning.UNREADABLE))
    parts = [part for item in response.output if item.type == "message" for part in item.content or ()]
    reason = response.incomplete_details.reason if response.incomplete_details else None
    finished = _FINISHED.get(reason or "", "stop" if response.status == "completed" else response.status)
    used = response.usage
    details = used.input_tokens_details if used else None
    return Reply(
        id=response.id,
        model=response.model,
        content="".join(part.text for part in parts if part.type == "output_text"),
        finish_reason=finished,
        refused=any(part.type == "refusal" for part in parts) or finished == "content_filter",
        usage=None
        if used is None
        else Usage(used.input_tokens, used.output_tokens, (details.cached_tokens or 0) if details else 0),
        cost_usd=None if used is None else used.cost,
    )
