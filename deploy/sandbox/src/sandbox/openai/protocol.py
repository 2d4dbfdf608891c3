"""The shapes OpenAI publishes: models, errors, chat requests and completions."""

import re
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from sandbox import wire
from sandbox.shape import as_list, as_number, as_object, as_text, as_whole

MODELS = (
    "gpt-3.5-turbo", "gpt-4", "gpt-4-turbo", "gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano",
    "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-5.1", "gpt-5.2", "o1", "o3", "o3-mini", "o4-mini",
)  # fmt: skip
CREATED = 1_700_000_000
MAX_MESSAGES = 200
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


class ApiError(Exception):
    """An answer with OpenAI's error body `{"error": {"message", "type", "param", "code"}}`."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}

    def response(self, headers: dict[str, str]) -> Response:
        """The answer itself."""
        return wire.json_response(self.body, self.status, headers)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A chat completion as asked for. `schema` is set for json_schema only, `max_tokens` is whichever limit was sent."""

    model: str
    texts: tuple[str, ...]
    response_format: str = "text"
    schema: dict[str, Any] = field(default_factory=dict[str, Any])
    max_tokens: int | None = None
    stream: bool = False
    include_usage: bool = False

    @property
    def prompt(self) -> str:
        """All message texts."""
        return "\n".join(self.texts)


def model_exists(name: str) -> bool:
    """Whether the model, or the model of a dated snapshot, is offered."""
    return _SNAPSHOT.sub("", name) in MODELS


def unknown_model(name: str) -> ApiError:
    """The answer for a model that is not offered."""
    return ApiError(404, f"The model `{name}` does not exist or you do not have access to it.", code="model_not_found")


def parse(body: dict[str, Any]) -> ChatRequest:
    """The request of a body; ApiError 400 or 404 as OpenAI answers it."""
    for name in ("model", "messages"):
        if name not in body:
            raise ApiError(400, f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name)
    model = body["model"]
    if not isinstance(model, str):
        raise _wrong_type("model", "a string")
    if not model_exists(model):
        raise unknown_model(model)
    if body.get("n", 1) not in {None, 1}:
        raise ApiError(400, "The sandbox answers with one choice.", code="invalid_value", param="n")
    temperature = body.get("temperature", 1)
    if temperature is not None and not 0 <= (-1 if as_number(temperature) is None else temperature) <= 2:
        raise ApiError(
            400,
            f"Invalid 'temperature': expected a decimal from 0 to 2, but got {temperature} instead.",
            code="invalid_value",
            param="temperature",
        )
    texts = _texts(body["messages"])
    kind, schema = _format(body.get("response_format"), texts)
    options = as_object(body.get("stream_options")) or {}
    return ChatRequest(
        model,
        texts,
        kind,
        schema,
        _limit(body, model),
        body.get("stream") is True,
        options.get("include_usage") is True,
    )


def message_text(message: object) -> str | None:
    """The text of a message, its parts joined; null when it has none."""
    content = (as_object(message) or {}).get("content")
    parts = as_list(content)
    texts = [as_text(content)] if parts is None else [as_text((as_object(part) or {}).get("text")) for part in parts]
    known = [text for text in texts if text is not None]
    return "".join(known) if known and len(known) == len(texts) else None


def _texts(value: object) -> tuple[str, ...]:
    messages = as_list(value)
    if not messages or len(messages) > MAX_MESSAGES:
        raise _wrong_type("messages", f"an array of 1 to {MAX_MESSAGES} objects")
    found: list[str] = []
    for at, message in enumerate(messages):
        if (as_object(message) or {}).get("role") not in {"system", "developer", "user", "assistant"}:
            raise ApiError(
                400,
                f"Invalid value for 'messages[{at}].role': supported values are 'system', 'assistant', 'user' "
                "and 'developer'.",
                code="invalid_value",
                param=f"messages[{at}].role",
            )
        text = message_text(message)
        if text is None:
            raise _wrong_type(f"messages[{at}].content", "a string or an array of text parts")
        found.append(text)
    return tuple(found)


def _format(value: object, texts: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    if value is None:
        return "text", {}
    asked = as_object(value) or {}
    kind = as_text(asked.get("type"))
    if kind not in {"text", "json_object", "json_schema"}:
        raise ApiError(
            400,
            "Invalid value: 'response_format.type'. Supported values are: 'json_object', 'json_schema', and 'text'.",
            code="invalid_value",
            param="response_format.type",
        )
    if kind == "json_object" and not any("json" in text.lower() for text in texts):
        raise ApiError(
            400,
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
            param="messages",
        )
    return kind, _schema(asked) if kind == "json_schema" else {}


def _schema(value: dict[str, Any]) -> dict[str, Any]:
    named = as_object(value.get("json_schema"))
    if named is None or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(named.get("name", ""))):
        raise ApiError(
            400,
            "Missing required parameter: 'response_format.json_schema.name'.",
            code="missing_required_parameter",
            param="response_format.json_schema.name",
        )
    schema = as_object(named.get("schema", {}))
    if schema is None:
        raise _wrong_type("response_format.json_schema.schema", "an object")
    if named.get("strict") and not _is_strict(schema):
        raise ApiError(
            400,
            f"Invalid schema for response_format '{named['name']}': in strict mode the root is an object whose "
            "'additionalProperties' is false and whose 'required' lists every key in properties.",
            param="response_format",
        )
    return schema


def _is_strict(schema: dict[str, Any]) -> bool:
    properties, required = as_object(schema.get("properties")), as_list(schema.get("required"))
    closed = schema.get("type") == "object" and schema.get("additionalProperties") is False
    return closed and properties is not None and sorted(map(str, required or [])) == sorted(properties)


def _limit(body: dict[str, Any], model: str) -> int | None:
    if body.get("max_tokens") is not None and model.startswith(("o", "gpt-5")):
        raise ApiError(
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            code="unsupported_parameter",
            param="max_tokens",
        )
    name = "max_completion_tokens" if body.get("max_completion_tokens") is not None else "max_tokens"
    limit = body.get(name)
    if limit is None:
        return None
    if (as_whole(limit) or 0) < 1:
        raise ApiError(
            400,
            f"Invalid '{name}': integer below minimum value. Expected a value >= 1, but got {limit} instead.",
            code="integer_below_min_value",
            param=name,
        )
    return limit


def _wrong_type(param: str, expected: str) -> ApiError:
    return ApiError(400, f"Invalid type for '{param}': expected {expected}.", code="invalid_type", param=param)


def tokens(text: str) -> int:
    """How many tokens a text counts: four characters each, rounded up, at least one."""
    return max(1, -(-len(text) // 4))
