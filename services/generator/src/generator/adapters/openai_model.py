"""Any endpoint that speaks OpenAI's chat completions (https://platform.openai.com/docs/api-reference/chat) as a text model.

The SDK's own retries are off, because every retry is a decision of the job; its errors never leave this module, because they hold
prompts, keys and the provider's words.
"""

import logging
from asyncio import timeout
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import httpx2
from openai import APIStatusError, APITimeoutError, AsyncOpenAI, OpenAIError
from openai.types.chat import ChatCompletionMessageParam
from openai.types.shared_params import ResponseFormatJSONSchema
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from pydantic import BaseModel, Field, SecretStr, ValidationError

from generator.adapters.bounded_transport import BoundedTransport
from generator.adapters.circuit import Circuit
from generator.ports import Answer, Call, Prompt, Spent
from shared import http
from shared.errors import Permanent, Transient, failure
from shared.jobs import FailureType
from shared.telemetry.context import current_traceparent

MAX_BODY_BYTES = 1024 * 1024
MAX_OUTPUT_TOKENS = 4096
"""Room for the longest text in any locale and for a reasoning model's thoughts; a bound on what one call can cost."""
CONNECT_S = 5.0
RESPONSE_FORMAT: ResponseFormatJSONSchema = {
    "type": "json_schema",
    "json_schema": {
        "name": "text",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"exists": {"type": "boolean"}, "text": {"type": "string"}},
            "required": ["exists", "text"],
            "additionalProperties": False,
        },
    },
}


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens."""

    input_usd: Decimal
    output_usd: Decimal

    def cost_usd(self, prompt_tokens: int, completion_tokens: int) -> Decimal:
        return (self.input_usd * prompt_tokens + self.output_usd * completion_tokens) / 1_000_000


class _Usage(BaseModel):
    prompt_tokens: int = Field(ge=0, le=10**9)
    completion_tokens: int = Field(ge=0, le=10**9)


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    id: str = ""
    model: str = ""
    choices: tuple[_Choice, ...] = Field(min_length=1)
    usage: _Usage | None = None


class OpenAITextModel:
    """Implements `TextModel`. One connection pool for all calls, and one circuit that hears how each of them ended.

    `transport` is replaced in tests only.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: SecretStr,
        model: str,
        connections: int,
        circuit: Circuit,
        prices: Prices | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        for name in ("openai", "httpx2", "httpcore2"):  # their debug lines show prompts
            logging.getLogger(name).setLevel(logging.WARNING)
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        http_client = httpx2.AsyncClient(
            transport=BoundedTransport(
                transport or httpx2.AsyncHTTPTransport(limits=limits, trust_env=False), MAX_BODY_BYTES
            ),
            headers={"Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
        )
        self._client = AsyncOpenAI(
            base_url=base_url, api_key=api_key.get_secret_value(), max_retries=0, http_client=http_client
        )
        self._model = model
        self._circuit = circuit
        self._prices = prices
        self._server = httpx2.URL(base_url)
        self._tracer = trace.get_tracer("generator")

    @property
    def name(self) -> str:
        return self._model

    async def close(self) -> None:
        await self._client.close()

    async def write(self, prompt: Prompt, call: Call, *, deadline_s: float) -> tuple[Answer, Spent]:
        with self._tracer.start_as_current_span(
            f"chat {self._model}",
            kind=SpanKind.CLIENT,
            attributes=self._attributes(call),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                completion = await self._complete(prompt, call, deadline_s)
                self._circuit.answered()
                _describe(span, completion)
                return self._result(completion)
            except TimeoutError:
                self._circuit.failed()
                _mark(span, FailureType.TIMEOUT)
                raise
            except (Transient, Permanent) as error:
                _mark(span, error.failure.type)
                raise

    async def _complete(self, prompt: Prompt, call: Call, deadline_s: float) -> _Completion:
        traceparent = current_traceparent()
        headers = {"X-Client-Request-Id": str(call.id)} | ({"traceparent": traceparent} if traceparent else {})
        error: Exception | None = None
        try:
            async with timeout(deadline_s):
                response = await self._client.chat.completions.with_raw_response.create(
                    model=self._model,
                    messages=[_message(message.role, message.content) for message in prompt.messages],
                    response_format=RESPONSE_FORMAT,
                    max_completion_tokens=MAX_OUTPUT_TOKENS,
                    extra_headers=headers,
                    timeout=httpx2.Timeout(deadline_s, connect=min(CONNECT_S, deadline_s)),
                )
            return _Completion.model_validate_json(response.content)
        except TimeoutError:
            raise
        except (OpenAIError, OSError) as caught:
            error = caught
        except ValidationError:
            pass
        # outside the handlers, so that what is raised has no context that knows the prompt or the answer
        if error is None:
            self._circuit.failed()
            raise Transient(failure(FailureType.AI_API_ERROR, "the provider's answer is no chat completion"))
        raise self._failed(error)

    def _result(self, completion: _Completion) -> tuple[Answer, Spent]:
        choice, usage = completion.choices[0], completion.usage
        if choice.message.refusal or choice.finish_reason == "content_filter":
            raise Permanent(failure(FailureType.AI_API_ERROR, "the model refused to write the text"))
        answer = Answer(choice.message.content or "", choice.finish_reason or "", completion.model or self._model)
        if usage is None:
            return answer, Spent()
        tokens = usage.prompt_tokens, usage.completion_tokens
        return answer, Spent(*tokens, self._prices.cost_usd(*tokens) if self._prices else None)

    def _failed(self, error: Exception) -> Transient | Permanent | TimeoutError:
        """What an error of the SDK or of the network means for the job, once the circuit has heard of it."""
        if isinstance(error, APITimeoutError):
            return TimeoutError()
        if not isinstance(error, APIStatusError):
            self._circuit.failed()
            return Transient(failure(FailureType.AI_API_ERROR, "the connection to the provider failed"))
        status, retry_after_s = error.status_code, _retry_after_s(error.response)
        if status in {401, 403} or error.code == "insufficient_quota":
            refused = failure(FailureType.AI_API_ERROR, f"the provider takes no call with this key: status {status}")
            return Transient(refused, retry_after_s=self._circuit.refused(status), counted=False)
        if status == 429:
            self._circuit.throttled(retry_after_s)
            throttled = failure(FailureType.RATE_LIMITED, "the provider throttled the call")
            return Transient(throttled, retry_after_s=retry_after_s, counted=False)
        if status in {408, 409} or status >= 500:
            self._circuit.failed()
            broken = failure(FailureType.AI_API_ERROR, f"the provider answered with status {status}")
            return Transient(broken, retry_after_s=retry_after_s)
        self._circuit.answered()
        return Permanent(failure(FailureType.AI_API_ERROR, f"the provider refused the call with status {status}"))

    def _attributes(self, call: Call) -> dict[str, str | int]:
        """GenAI semantic conventions of OpenTelemetry, without any content."""
        return {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": self._model,
            "gen_ai.request.max_tokens": MAX_OUTPUT_TOKENS,
            "gen_ai.output.type": "json",
            "server.address": self._server.host,
            "server.port": self._server.port or (443 if self._server.scheme == "https" else 80),
            "moviemind.job.id": str(call.attempt.job_id),
            "moviemind.job.attempt": call.attempt.number,
            "moviemind.entity.kind": call.attempt.entity_kind,
            "moviemind.entity.slug": call.attempt.slug,
            "moviemind.ai_call.id": str(call.id),
        }


def _message(role: Literal["system", "user"], content: str) -> ChatCompletionMessageParam:
    return {"role": "system", "content": content} if role == "system" else {"role": "user", "content": content}


def _retry_after_s(response: httpx2.Response) -> float | None:
    """The provider's wish in seconds; `retry-after-ms` is OpenAI's finer form of `retry-after`."""
    answer = http.Answer(response.status_code, response.headers, b"")
    value = response.headers.get("retry-after-ms", "")
    return min(int(value) / 1000, 86_400.0) if value.isdecimal() and len(value) < 12 else answer.retry_after_s


def _describe(span: Span, completion: _Completion) -> None:
    span.set_attribute("gen_ai.response.id", completion.id)
    span.set_attribute("gen_ai.response.model", completion.model)
    span.set_attribute("gen_ai.response.finish_reasons", [choice.finish_reason or "" for choice in completion.choices])
    if completion.usage is not None:
        span.set_attribute("gen_ai.usage.input_tokens", completion.usage.prompt_tokens)
        span.set_attribute("gen_ai.usage.output_tokens", completion.usage.completion_tokens)


def _mark(span: Span, kind: FailureType) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))
