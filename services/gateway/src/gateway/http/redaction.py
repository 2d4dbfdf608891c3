"""What an administrator sees of a message: everything but what looks like, or is named like, a credential."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

HIDDEN = "***"
MAX_DEPTH = 32
_SHOWN = re.compile(r"cloudEvents_\w+|idempotency-key|traceparent|tracestate|x-attempt", re.IGNORECASE)
_NAMED_SECRET = re.compile(r"authorization|password|secret|api[_-]?key|token|cookie|credential", re.IGNORECASE)
# every alternative takes what it has looked at, so that a hostile text costs no more than its length
_SECRET = re.compile(
    r"mm_[\w-]{20,}|whsec_[\w+/=-]{16,}|sk-[\w-]{16,}|eyJ[\w-]{20,}[\w.-]*|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|(?<=api_key=)[^&\s\"]+|(?<=bearer )[\w.~+/=-]{8,}",
    re.IGNORECASE,
)


class _TooDeep(Exception):
    """JSON that nobody reads as JSON."""


def headers(sent: Mapping[str, str]) -> dict[str, str]:
    """The names of all headers, and the values of those that our events have."""
    return {name: text(value) if _SHOWN.fullmatch(name) else HIDDEN for name, value in sent.items()}


def payload(body: str) -> Any:
    """The JSON value in `body`, or `body` itself when it is none."""
    try:
        return _redacted(orjson.loads(body), 0)
    except (orjson.JSONDecodeError, _TooDeep):
        return text(body)


def text(value: str) -> str:
    return _SECRET.sub(HIDDEN, value)


def _redacted(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise _TooDeep
    match value:
        case str():
            return text(value)
        case list():
            items: list[Any] = value  # pyright: ignore[reportUnknownVariableType] (JSON)
            return [_redacted(item, depth + 1) for item in items]
        case dict():
            members: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType] (JSON)
            return {
                text(name): HIDDEN if _NAMED_SECRET.search(name) else _redacted(item, depth + 1)
                for name, item in members.items()
            }
        case _:
            return value
