"""The responses API (https://platform.openai.com/docs/api-reference/responses): how it is asked and what it answers."""

import time
from typing import Any

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
    wrong_type,
)
from sandbox.openai.completion import Completion, TextApi
from sandbox.openai.errors import ApiError
from sandbox.shape import as_list, as_object, as_text

FORMAT = FormatPlace("text.format", None, "input")
MIN_OUTPUT_TOKENS = 16
_MOVED = {
    "response_format": "text.format",
    "messages": "input",
    "max_completion_tokens": "max_output_tokens",
    "max_tokens": "max_output_tokens",
}


def _texts(body: dict[str, Any]) -> list[str]:
    """Every text of a request that was not checked yet."""
    given = as_text(body.get("input"))
    parts = [given] if given else [message_text(message) for message in as_list(body.get("input")) or []]
    return [text for text in (as_text(body.get("instructions")), *parts) if text]


def _wants_schema(body: dict[str, Any]) -> bool:
    """Whether a request asks for structured outputs."""
    return (as_object((as_object(body.get("text")) or {}).get("format")) or {}).get("type") == "json_schema"


def _parse(body: dict[str, Any]) -> Asked:
    """The request of a body; ApiError 400 or 404 as OpenAI answers it."""
    for old, new in _MOVED.items():
        if old in body:
            raise ApiError(
                400,
                f"Unsupported parameter: '{old}'. In the Responses API, this parameter has moved to '{new}'. Try again with the new "
                "parameter. See the API documentation for more information: "
                "https://platform.openai.com/docs/api-reference/responses/create.",
                code="unsupported_parameter",
                param=old,
            )
    require(body, "model", "input")
    model = read_model(body)
    check_temperature(body)
    if body.get("stream"):
        raise ApiError(400, "The sandbox streams chat completions only.", code="unsupported_value", param="stream")
    instructions = body.get("instructions")
    if instructions is not None and not isinstance(instructions, str):
        raise wrong_type("instructions", "a string")
    given = body["input"]
    found = (given,) if isinstance(given, str) else read_messages(given, "input")
    format_ = (as_object(body.get("text")) or {}).get("format")
    kind, schema = FORMAT.read(format_, found, model)
    limit = read_limit(body, "max_output_tokens", MIN_OUTPUT_TOKENS)
    return Asked(
        api="responses",
        model=model,
        texts=(instructions, *found) if instructions else found,
        response_format=kind,
        schema=schema,
        max_tokens=limit,
        echo={
            "instructions": instructions,
            "max_output_tokens": limit,
            "metadata": as_object(body.get("metadata")) or {},
            "previous_response_id": None,
            "store": body.get("store", True),
            "temperature": body.get("temperature", 1.0),
            "text": {"format": format_ or {"type": "text"}, "verbosity": "medium"},
            "top_p": body.get("top_p", 1.0),
        },
    )


def _answer(asked: Asked, completion: Completion, request_id: str) -> dict[str, Any]:
    """The response: `completed`, `incomplete` with its reason, or `failed` with an error of the model."""
    number = request_id.removeprefix("req_")
    reason = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(completion.finish_reason)
    status = "failed" if completion.broken else "incomplete" if reason else "completed"
    error = {"code": "server_error", "message": "The model failed to generate a response."}
    prompt, written = completion.prompt_tokens(asked), completion.written_tokens
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": int(time.time()),  # noqa: TID251 -- the protocol carries the provider's own clock
        "status": status,
        "background": False,
        "error": error if completion.broken else None,
        "incomplete_details": {"reason": reason} if reason else None,
        "model": asked.model,
        "output": [] if completion.broken else _output(asked, completion, number),
        "parallel_tool_calls": True,
        "reasoning": {"effort": "medium" if reasons(asked.model) else None, "summary": None},
        "service_tier": "default",
        "tool_choice": "auto",
        "tools": [],
        "truncation": "disabled",
        "usage": {
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": prompt + written,
        },
        "user": None,
        **asked.echo,
    }


def _output(asked: Asked, completion: Completion, number: str) -> list[dict[str, Any]]:
    part: dict[str, Any] = (
        {"type": "refusal", "refusal": completion.refusal}
        if completion.refusal
        else {"type": "output_text", "annotations": [], "logprobs": [], "text": completion.content}
    )
    message = {
        "id": f"msg_{number}",
        "type": "message",
        "status": "completed" if completion.finish_reason == "stop" else "incomplete",
        "role": "assistant",
        "content": [part] if completion.refusal or completion.content else [],
    }
    thought: dict[str, Any] = {"id": f"rs_{number}", "type": "reasoning", "summary": []}
    return [thought, message] if reasons(asked.model) else [message]


API = TextApi("responses", _texts, _wants_schema, _parse, _answer)
