"""Models of request bodies and parameters, and their errors as the wire shows them."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.http.problems import invalid

MAX_ERRORS = 50


class Body(BaseModel):
    """Base of request bodies: unknown members are refused, strings are trimmed, types are not guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, str_strip_whitespace=True)


class NoMembers(Body):
    """A body that says nothing."""


M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], data: Mapping[str, Any]) -> M:
    """`data` as `model`. Raises 422 `invalid-request` that names each wrong member, at most fifty of them."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        errors: dict[str, list[str]] = {}
        for item in error.errors(include_url=False, include_input=False)[:MAX_ERRORS]:
            name = ".".join(str(part) for part in item["loc"])[:255] or "body"
            errors.setdefault(name, []).append(_sentence(item["type"], item["msg"]))
        raise invalid(errors) from None


def _sentence(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "Unknown member."
    if kind == "missing":
        return "Required."
    message = message.removeprefix("Value error, ")
    return message if message.endswith(".") else f"{message}."
