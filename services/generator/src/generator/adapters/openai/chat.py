"""Chat completions: https://platform.openai.com/docs/api-reference/chat"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from openai import AsyncOpenAI, omit
from openai.types.chat import ChatCompletionMessageParam
from openai.types.shared_params import ResponseFormatJSONSchema
from pydantic import BaseModel, Field

from generator.adapters.openai import errors, structured
from generator.adapters.openai.endpoint import Endpoint, timeouts
from generator.adapters.openai.errors import Meaning, Problem
from generator.adapters.openai.structured import Wish
from generator.adapters.openai.wire import Asked, Reply
from generator.ports import Message
from generator.prices import Usage

RESPONSE_FORMAT: ResponseFormatJSONSchema = {
    "type": "json_schema",
    "json_schema": {"name": structured.NAME, "strict": True, "schema": structured.SCHEMA},
}


class _Cached(BaseModel):
    cached_tokens: int | None = Field(default=None, ge=0, le=10**9)


class _Usage(BaseModel):
    prompt_tokens: int = Field(ge=0, le=10**9)
    completion_tokens: int = Field(ge=0, le=10**9)
    prompt_tokens_details: _Cached | None = None
    cost: Decimal | None = Field(default=None, ge=0, le=10**6)


class _Part(BaseModel):
    text: str = ""


class _Message(BaseModel):
    content: str | tuple[str | _Part, ...] | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message = _Message()
    finish_reason: str | None = None
    error: dict[str, Any] | None = None


class _Completion(BaseModel):
    id: str | None = None
    model: str | None = None
    choices: tuple[_Choice, ...] = ()
    usage: _Usage | None = None
    error: dict[str, Any] | None = None


class ChatCompletions:
    """Implements `Api`."""

    def __init__(self, client: AsyncOpenAI, endpoint: Endpoint) -> None:
        self._client = client
        self._endpoint = endpoint

    async def ask(self, asked: Asked) -> Reply:
        response = await self._client.chat.completions.with_raw_response.create(
            model=asked.model,
            messages=[_message(message) for message in asked.messages],
            response_format=RESPONSE_FORMAT if asked.wish is Wish.SCHEMA else omit,
            extra_headers=asked.headers,
            extra_body=self._extras(asked),
            timeout=timeouts(asked.deadline_s),
        )
        return _reply(response.content, response.headers)

    def _extras(self, asked: Asked) -> dict[str, object]:
        """What the dialects say differently. `require_parameters` keeps OpenRouter from providers that would ignore the schema."""
        limit = "max_completion_tokens" if self._endpoint.dialect == "openai" else "max_tokens"
        extras: dict[str, object] = {limit: self._endpoint.max_output_tokens}
        if self._endpoint.dialect == "openrouter":
            if asked.fallbacks:
                extras["models"] = [asked.model, *asked.fallbacks]
            if asked.wish is Wish.SCHEMA:
                extras["provider"] = {"require_parameters": True}
        if asked.wish is Wish.OBJECT:
            extras["response_format"] = {"type": "json_object", "schema": structured.SCHEMA}
        return extras


def _message(message: Message) -> ChatCompletionMessageParam:
    if message.role == "system":
        return {"role": "system", "content": message.content}
    return {"role": "user", "content": message.content}


def _reply(body: bytes, headers: Mapping[str, str]) -> Reply:
    completion = _Completion.model_validate_json(body)
    error = completion.error or next((choice.error for choice in completion.choices if choice.error), None)
    if error is not None:
        problem = errors.of_body(error, headers)
        return Reply(completion.id or "", completion.model or "", "", "error", problem=problem)
    if not completion.choices:
        return Reply(completion.id or "", completion.model or "", "", "error", problem=Problem(Meaning.UNREADABLE))
    choice = completion.choices[0]
    used = completion.usage
    return Reply(
        id=completion.id or "",
        model=completion.model or "",
        content=_text(choice.message),
        finish_reason=choice.finish_reason or "",
        refused=bool(choice.message.refusal) or choice.finish_reason == "content_filter",
        usage=None if used is None else Usage(used.prompt_tokens, used.completion_tokens, _cached(used)),
        cost_usd=None if used is None else used.cost,
    )


def _text(message: _Message) -> str:
    if isinstance(message.content, tuple):
        return "".join(part if isinstance(part, str) else part.text for part in message.content)
    return message.content or ""


def _cached(used: _Usage) -> int:
    return (used.prompt_tokens_details.cached_tokens or 0) if used.prompt_tokens_details else 0
