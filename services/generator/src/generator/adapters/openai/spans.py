"""What a trace shows of a call: OpenTelemetry's semantic conventions for GenAI, without any content."""

import httpx2
from opentelemetry.trace import Span, Status, StatusCode

from generator.adapters.openai.endpoint import Endpoint
from generator.adapters.openai.wire import Reply
from generator.ports import Call
from shared.jobs import FailureType


def attributes(endpoint: Endpoint, model: str, call: Call) -> dict[str, str | int]:
    server = httpx2.URL(endpoint.base_url)
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": endpoint.provider,
        "gen_ai.request.model": model,
        "gen_ai.request.max_tokens": endpoint.max_output_tokens,
        "gen_ai.output.type": "json",
        "server.address": server.host,
        "server.port": server.port or (443 if server.scheme == "https" else 80),
        "moviemind.job.id": str(call.attempt.job_id),
        "moviemind.job.attempt": call.attempt.number,
        "moviemind.entity.kind": call.attempt.entity_kind,
        "moviemind.entity.slug": call.attempt.slug,
        "moviemind.ai_call.id": str(call.id),
    }


def describe(span: Span, reply: Reply) -> None:
    span.set_attribute("gen_ai.response.id", reply.id)
    span.set_attribute("gen_ai.response.model", reply.model)
    span.set_attribute("gen_ai.response.finish_reasons", [reply.finish_reason])
    if reply.usage is not None:
        span.set_attribute("gen_ai.usage.input_tokens", reply.usage.prompt)
        span.set_attribute("gen_ai.usage.output_tokens", reply.usage.completion)
        span.set_attribute("gen_ai.usage.cache_read.input_tokens", reply.usage.cached)


def mark(span: Span, kind: FailureType) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))
