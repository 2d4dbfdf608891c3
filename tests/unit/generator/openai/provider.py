"""A model behind a provider in memory, and canaries that no error may show."""

import json
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from generator.adapters.circuits import Circuits
from generator.adapters.openai import Endpoint, OpenAITextModel
from generator.ports import Call, Message, Prompt
from generator.routing import ModelRoutes
from shared.errors import Permanent, Transient
from shared.testing.clock import FakeClock

KEY = "sk-canary-key-0000000000000000"
SECRET = "CANARY-PROMPT"
PROMPT = Prompt((Message("system", f"be brief {SECRET}"), Message("user", f"<request>{SECRET}</request>")), "v1-x")
URL = "http://models.example/v1"
MODEL = "gpt-4o-mini"
COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-1",
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "{}"}}],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200},
}
Handler = Callable[[httpx2.Request], httpx2.Response]


@dataclass(slots=True)
class Provider:
    """Gives its answers in order, the last one for ever, and keeps what it was asked."""

    answers: Sequence[httpx2.Response]
    asked: list[httpx2.Request] = field(default_factory=list[httpx2.Request])

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.asked]


def model(
    handler: Handler | httpx2.AsyncBaseTransport,
    circuits: Circuits | None = None,
    *,
    clock: FakeClock | None = None,
    endpoint: Endpoint | None = None,
    **options: Any,
) -> OpenAITextModel:
    options.setdefault("routes", ModelRoutes(MODEL))
    transport = handler if isinstance(handler, httpx2.AsyncBaseTransport) else httpx2.MockTransport(handler)
    clock = clock or FakeClock()
    return OpenAITextModel(
        endpoint or Endpoint(URL, SecretStr(KEY)), connections=2, clock=clock,
        circuits=circuits or Circuits(clock, [MODEL]), transport=transport, **options,
    )  # fmt: skip


def answering(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Handler:
    upstream = {"error": {"message": f"upstream says {SECRET} {KEY}", "type": "x", "code": None}}
    return lambda _: httpx2.Response(status, json=upstream if body is None else body, headers=headers)


async def raised(subject: OpenAITextModel, call: Call) -> Transient | Permanent:
    """What a call ends with; nothing it shows gives a prompt, a key or the provider's words away."""
    with pytest.raises((Transient, Permanent)) as stopped:
        await subject.write(PROMPT, call, deadline_s=5)
    shown = "".join(traceback.format_exception(stopped.value))
    assert SECRET not in shown
    assert KEY not in shown
    return stopped.value
