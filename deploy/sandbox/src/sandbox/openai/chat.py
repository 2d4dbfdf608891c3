"""Chat completions (https://platform.openai.com/docs/api-reference/chat): how they are asked for and what they look like."""

import time
from typing import Any

import orjson

from sandbox.openai.asked import (
    Asked,
    FormatPlace,
    check_temperature,
    message_text,
    read_limit,
    read_messages,
    read_model,
    reasons,
    require,
)
from sandbox.openai.completion import Completion, TextApi
from sandbox.openai.errors import ApiError
from sandbox.shape import as_list, as_object

FINGERPRINT = "fp_sandbox01"
FORMAT = FormatPlace("response_format", "json_schema", "messages")
_CHUNK_CHARACTERS = 64


def _texts(body: dict[str, Any]) -> list[str]:
    """Every text of a request that was not checked yet."""
    return [text for message in as_list(body.get("messages")) or [] if (text := message_text(message))]


def _wants_schema(body: dict[str, Any]) -> bool:
    """Whether a request asks for structured outputs."""
    return (as_object(body.get("response_format")) or {}).get("type") == "json_schema"


def _parse(body: dict[str, Any]) -> Asked:
    """The request of a body; ApiError 400 or 404 as OpenAI answers it."""
    require(body, "model", "messages")
    model = read_model(body)
    if body.get("n", 1) not in {None, 1}:
        raise ApiError(400, "The sandbox answers with one choice.", code="invalid_value", param="n")
    check_temperature(body)
    found = read_messages(body["messages"], "messages")
    kind, schema = FORMAT.read(body.get("response_format"), found, model)
    return Asked(
        api="chat",
        model=model,
        texts=found,
        response_format=kind,
        schema=schema,
        max_tokens=_limit(body, model),
        stream=body.get("stream") is True,
        include_usage=(as_object(body.get("stream_options")) or {}).get("include_usage") is True,
    )


def _answer(asked: Asked, completion: Completion, request_id: str) -> dict[str, Any]:
    """The completion as one JSON body."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": completion.content,
        "refusal": completion.refusal,
        "annotations": [],
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": completion.finish_reason}
    return {**_head(asked, request_id), "choices": [choice], "usage": _usage(asked, completion)}


def events(asked: Asked, completion: Completion, request_id: str) -> bytes:
    """The completion as server-sent events."""
    member, text = ("refusal", completion.refusal) if completion.refusal else ("content", completion.content or "")
    pieces = [text[at : at + _CHUNK_CHARACTERS] for at in range(0, len(text or ""), _CHUNK_CHARACTERS)] if text else []
    deltas: list[tuple[dict[str, Any], str | None]] = [
        ({"role": "assistant", member: ""}, None),
        *(({member: piece}, None) for piece in pieces),
        ({}, completion.finish_reason),
    ]
    shared = {**_head(asked, request_id), "object": "chat.completion.chunk"}
    asked_usage = {"usage": None} if asked.include_usage else {}
    chunks = [
        {**shared, **asked_usage, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]}
        for delta, reason in deltas
    ]
    if asked.include_usage:
        chunks.append({**shared, "choices": [], "usage": _usage(asked, completion)})
    return b"".join(b"data: " + orjson.dumps(chunk) + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


def _head(asked: Asked, request_id: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{request_id.removeprefix('req_')[-29:]}",
        "object": "chat.completion",
        "created": int(time.time()),  # noqa: TID251 -- the protocol carries the provider's own clock
        "model": asked.model,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }


def _usage(asked: Asked, completion: Completion) -> dict[str, Any]:
    prompt, written = completion.prompt_tokens(asked), completion.written_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": written,
        "total_tokens": prompt + written,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _limit(body: dict[str, Any], model: str) -> int | None:
    if body.get("max_tokens") is not None and reasons(model):
        raise ApiError(
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            code="unsupported_parameter",
            param="max_tokens",
        )
    name = "max_completion_tokens" if body.get("max_completion_tokens") is not None else "max_tokens"
    return read_limit(body, name)


API = TextApi("chat", _texts, _wants_schema, _parse, _answer)
