"""A completion as one JSON body or as server-sent events."""

import time
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response

from sandbox import wire
from sandbox.openai.protocol import ChatRequest, tokens

FINGERPRINT = "fp_sandbox01"
_CHUNK_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model said. `refusal` and `content` exclude each other."""

    content: str | None
    finish_reason: str = "stop"
    refusal: str | None = None


def limited(completion: Completion, max_tokens: int | None) -> Completion:
    """The completion cut after `max_tokens`, with finish reason `length` if anything was lost."""
    if completion.content is None or max_tokens is None or tokens(completion.content) <= max_tokens:
        return completion
    return Completion(completion.content[: max_tokens * 4], "length")


def respond(request: ChatRequest, completion: Completion, request_id: str, headers: dict[str, str]) -> Response:
    """The answer to `request`, streamed if it asked for that."""
    used = tokens(completion.content or completion.refusal or "")
    asked = tokens(request.prompt)
    usage = {
        "prompt_tokens": asked,
        "completion_tokens": used,
        "total_tokens": asked + used,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
    head: dict[str, Any] = {
        "id": f"chatcmpl-{request_id.removeprefix('req_')[-29:]}",
        "object": "chat.completion",
        "created": int(time.time()),  # noqa: TID251 -- the protocol carries the provider's own clock
        "model": request.model,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }
    if request.stream:
        return Response(_events(request, completion, head, usage), 200, headers, "text/event-stream")
    message: dict[str, Any] = {
        "role": "assistant",
        "content": completion.content,
        "refusal": completion.refusal,
        "annotations": [],
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": completion.finish_reason}
    return wire.json_response({**head, "choices": [choice], "usage": usage}, 200, headers)


def _events(request: ChatRequest, completion: Completion, head: dict[str, Any], usage: dict[str, Any]) -> bytes:
    member, text = ("refusal", completion.refusal) if completion.refusal else ("content", completion.content or "")
    pieces = [text[at : at + _CHUNK_CHARACTERS] for at in range(0, len(text or ""), _CHUNK_CHARACTERS)] if text else []
    deltas: list[tuple[dict[str, Any], str | None]] = [
        ({"role": "assistant", member: ""}, None),
        *(({member: piece}, None) for piece in pieces),
        ({}, completion.finish_reason),
    ]
    shared = {**head, "object": "chat.completion.chunk"}
    asked_usage = {"usage": None} if request.include_usage else {}
    chunks = [
        {**shared, **asked_usage, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]}
        for delta, reason in deltas
    ]
    if request.include_usage:
        chunks.append({**shared, "choices": [], "usage": usage})
    return b"".join(b"data: " + orjson.dumps(chunk) + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"
