"""What both of OpenAI's text APIs share about a request: model, texts, format and limit."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.openai.errors import ApiError, no_schema, unknown_model
from sandbox.shape import as_list, as_number, as_object, as_text, as_whole

MODELS = (
    "gpt-3.5-turbo", "gpt-4", "gpt-4-turbo", "gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano",
    "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-5.1", "gpt-5.2", "o1", "o3", "o3-mini", "o4-mini",
    "sandbox-bad", "sandbox-bad-50",
)  # fmt: skip
"""`sandbox-bad` gets every answer wrong on purpose; `sandbox-bad-N`, N from 0 to 99, is right in N of 100."""
MAX_MESSAGES = 200
_BAD_MODEL = re.compile(r"sandbox-bad(?:-(\d{1,2}))?")
_WITHOUT_SCHEMA = {"gpt-3.5-turbo", "gpt-4", "gpt-4-turbo"}
_WITHOUT_JSON = {"gpt-4"}
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_ROLES = {"system", "developer", "user", "assistant"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A text as asked for. `schema` is set for json_schema only, `echo` holds what the answer of the responses API repeats."""

    api: str
    model: str
    texts: tuple[str, ...]
    response_format: str = "text"
    schema: dict[str, Any] = field(default_factory=dict[str, Any])
    max_tokens: int | None = None
    stream: bool = False
    include_usage: bool = False
    echo: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def prompt(self) -> str:
        """All texts."""
        return "\n".join(self.texts)

    @property
    def bad_share(self) -> int | None:
        """How many of 100 answers of this model are wrong on purpose; null for the other models."""
        bad = _BAD_MODEL.fullmatch(self.model.rpartition("/")[2])
        return 100 - int(bad.group(1) or 0) if bad else None


def tokens(text: str) -> int:
    """How many tokens a text counts: four characters each, rounded up, at least one."""
    return max(1, -(-len(text) // 4))


def model_exists(name: str) -> bool:
    """Whether the model, or the model of a dated snapshot, is offered."""
    return _SNAPSHOT.sub("", name) in MODELS or bool(_BAD_MODEL.fullmatch(name))


def reasons(model: str) -> bool:
    """Whether the model thinks before it speaks."""
    return model.rpartition("/")[2].startswith(("o1", "o3", "o4", "gpt-5"))


def read_model(body: dict[str, Any]) -> str:
    """The model asked for; ApiError when it is no string or not offered."""
    model = body["model"]
    if not isinstance(model, str):
        raise wrong_type("model", "a string")
    if not model_exists(model.rpartition("/")[2]):
        raise unknown_model(model)
    return model


def require(body: dict[str, Any], *names: str) -> None:
    """ApiError for the first member that is missing."""
    for name in names:
        if name not in body:
            raise ApiError(400, f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name)


def check_temperature(body: dict[str, Any]) -> None:
    """ApiError when the temperature is no number from 0 to 2."""
    temperature = body.get("temperature", 1)
    if temperature is not None and not 0 <= (-1 if as_number(temperature) is None else temperature) <= 2:
        raise ApiError(
            400,
            f"Invalid 'temperature': expected a decimal from 0 to 2, but got {temperature} instead.",
            code="invalid_value",
            param="temperature",
        )


def message_text(message: object) -> str | None:
    """The text of a message, its parts joined; null when it has none."""
    content = (as_object(message) or {}).get("content")
    parts = as_list(content)
    texts = [as_text(content)] if parts is None else [as_text((as_object(part) or {}).get("text")) for part in parts]
    known = [text for text in texts if text is not None]
    return "".join(known) if known and len(known) == len(texts) else None


def read_messages(value: object, name: str) -> tuple[str, ...]:
    """The texts of a list of messages; ApiError names the message that does not fit."""
    messages = as_list(value)
    if not messages or len(messages) > MAX_MESSAGES:
        raise wrong_type(name, f"an array of 1 to {MAX_MESSAGES} objects")
    found: list[str] = []
    for at, message in enumerate(messages):
        if (as_object(message) or {}).get("role") not in _ROLES:
            raise ApiError(
                400,
                f"Invalid value for '{name}[{at}].role': supported values are 'system', 'assistant', 'user' and 'developer'.",
                code="invalid_value",
                param=f"{name}[{at}].role",
            )
        text = message_text(message)
        if text is None:
            raise wrong_type(f"{name}[{at}].content", "a string or an array of text parts")
        found.append(text)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class FormatPlace:
    """Where an API keeps its format: the parameter's name, the member around the schema, and what the texts are called."""

    param: str
    schema_member: str | None
    texts: str

    def read(self, value: object, texts: Iterable[str], model: str) -> tuple[str, dict[str, Any]]:
        """The kind of format and its schema; ApiError as OpenAI answers it, also for models that lack the kind."""
        if value is None:
            return "text", {}
        asked = as_object(value) or {}
        kind = as_text(asked.get("type"))
        if kind not in {"text", "json_object", "json_schema"}:
            raise ApiError(
                400,
                f"Invalid value: '{self.param}.type'. Supported values are: 'json_object', 'json_schema', and 'text'.",
                code="invalid_value",
                param=f"{self.param}.type",
            )
        name = _SNAPSHOT.sub("", model.rpartition("/")[2])
        if (kind == "json_schema" and name in _WITHOUT_SCHEMA) or (kind == "json_object" and name in _WITHOUT_JSON):
            raise no_schema(kind, self.param)
        if kind == "json_object" and not any("json" in text.lower() for text in texts):
            raise ApiError(
                400,
                f"'{self.texts}' must contain the word 'json' in some form, to use '{self.param}' of type 'json_object'.",
                param=self.texts,
            )
        return kind, self._schema(asked) if kind == "json_schema" else {}

    def _schema(self, value: dict[str, Any]) -> dict[str, Any]:
        place = f"{self.param}.{self.schema_member}" if self.schema_member else self.param
        named = as_object(value.get(self.schema_member)) if self.schema_member else value
        if named is None or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(named.get("name", ""))):
            raise ApiError(
                400,
                f"Missing required parameter: '{place}.name'.",
                code="missing_required_parameter",
                param=f"{place}.name",
            )
        schema = as_object(named.get("schema", {}))
        if schema is None:
            raise wrong_type(f"{place}.schema", "an object")
        if named.get("strict") and not _is_strict(schema):
            raise ApiError(
                400,
                f"Invalid schema for response_format '{named['name']}': in strict mode the root is an object whose "
                "'additionalProperties' is false and whose 'required' lists every key in properties.",
                param=self.param,
            )
        return schema


def read_limit(body: dict[str, Any], name: str, low: int = 1) -> int | None:
    """A limit of tokens; ApiError below `low`."""
    limit = body.get(name)
    if limit is None:
        return None
    if (as_whole(limit) or 0) < low:
        raise ApiError(
            400,
            f"Invalid '{name}': integer below minimum value. Expected a value >= {low}, but got {limit} instead.",
            code="integer_below_min_value",
            param=name,
        )
    return limit


def wrong_type(param: str, expected: str) -> ApiError:
    """A member of another type."""
    return ApiError(400, f"Invalid type for '{param}': expected {expected}.", code="invalid_type", param=param)


def _is_strict(schema: dict[str, Any]) -> bool:
    properties, required = as_object(schema.get("properties")), as_list(schema.get("required"))
    closed = schema.get("type") == "object" and schema.get("additionalProperties") is False
    return closed and properties is not None and sorted(map(str, required or [])) == sorted(properties)
