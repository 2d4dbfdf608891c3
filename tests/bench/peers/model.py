"""The model of the peers: a constant, or a chat completion over the OpenAI SDK when BENCH_AI_URL is set."""

import os
from typing import Any, Protocol

import orjson
from openai import AsyncOpenAI, OpenAI
from openai.types.shared_params import ResponseFormatJSONObject
from tests.bench.instant import CONTENT, TEXT

AI_URL = os.environ.get("BENCH_AI_URL", "")
MODEL = "gpt-4o-mini"
_FORMAT: ResponseFormatJSONObject = {"type": "json_object"}


class Model(Protocol):
    async def write(self, slug: str) -> str: ...


class Constant:
    async def write(self, slug: str) -> str:
        return orjson.loads(CONTENT)["text"]


class Provider:
    def __init__(self, url: str) -> None:
        self._client = AsyncOpenAI(base_url=url, api_key="unused", max_retries=0)

    async def write(self, slug: str) -> str:
        completion = await self._client.chat.completions.create(
            model=MODEL, response_format=_FORMAT, messages=_messages(slug)
        )
        return text_of(completion.choices[0].message.content)


def open_model() -> Model:
    return Provider(AI_URL) if AI_URL else Constant()


def write_now(client: OpenAI | None, slug: str) -> str:
    """The same from a worker without an event loop."""
    if client is None:
        return text_of(CONTENT)
    completion = client.chat.completions.create(model=MODEL, response_format=_FORMAT, messages=_messages(slug))
    return text_of(completion.choices[0].message.content)


def open_client() -> OpenAI | None:
    return OpenAI(base_url=AI_URL, api_key="unused", max_retries=0) if AI_URL else None


def text_of(content: str | None) -> str:
    text = orjson.loads(content or "{}").get("text", "")
    if text != TEXT:
        raise ValueError("the model's answer is not the one that was put there")
    return text


def _messages(slug: str) -> Any:
    return [
        {"role": "system", "content": "You write original descriptions of films as JSON with exists and text."},
        {"role": "user", "content": f'<request>{{"slug": "{slug}", "locale": "en-US"}}</request>'},
    ]
