"""Request bodies: bounded, uncompressed, strict JSON. Nothing a caller sends here can end in a 500."""

import asyncio
import json
import math
from collections.abc import Iterable
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request

from gateway.http.problems import Problem, invalid

MAX_BYTES = 64 * 1024
MAX_DEPTH = 32
READ_S = 10.0
"""A body that arrives slower than this is refused."""
_MAX_DIGITS = 40
_LONGEST_NAME = 255


async def read(request: Request) -> bytes:
    """The whole body, at most 64 KiB. Raises the problems 413, 415 and, for a body that does not arrive in time, 400."""
    headers = request.headers
    length = headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 10 or int(length) > MAX_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(READ_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise Problem("malformed-json") from None
    if body and not _is_json(headers):
        raise Problem("unsupported-media-type")
    return bytes(body)


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; of a repeated name the last counts.

    Raises 400 for what is not JSON in UTF-8, and 422 for what JSON allows and we do not: another type than an object, NUL, lone
    surrogates, numbers that are not finite or have more than 40 digits, more than 32 levels.
    """
    try:
        value: Any = json.loads(body.decode("utf-8"), parse_int=_integer, parse_float=_number, parse_constant=_constant)
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise Problem("malformed-json") from None
    except RecursionError:
        raise _refused("", "Nested too deeply.") from None
    if not isinstance(value, dict):
        raise _refused("", "Must be an object.")
    document: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType] (JSON)
    _check(document)
    return document


def _is_json(headers: Headers) -> bool:
    media_type, _, parameters = headers.get("content-type", "").lower().partition(";")
    charset = parameters.replace(" ", "").replace('"', "")
    return (
        media_type.strip() == "application/json"
        and charset in {"", "charset=utf-8"}
        and headers.get("content-encoding", "identity").strip().lower() in {"", "identity"}
    )


def _check(root: Any) -> None:
    """Look at every value without recursion."""
    waiting: list[tuple[str, Any, int]] = [("", root, 1)]
    while waiting:
        name, value, depth = waiting.pop()
        if isinstance(value, str):
            _check_text(name, value)
        elif isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                raise _refused(name, "Nested too deeply.")
            for key, item in _items(value):  # pyright: ignore[reportUnknownArgumentType] (JSON)
                _check_text(name, key)
                waiting.append((f"{name}.{key}".lstrip(".")[:_LONGEST_NAME], item, depth + 1))


def _items(value: dict[str, Any] | list[Any]) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, dict) else ((str(index), item) for index, item in enumerate(value))


def _check_text(name: str, text: str) -> None:
    if "\x00" in text:
        raise _refused(name, "Contains a NUL character.")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise _refused(name, "Contains half of a surrogate pair.")


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _refused("", "Contains a number with too many digits.")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _refused("", "Contains a number that is not finite.")
    return number


def _constant(_name: str) -> float:
    raise _refused("", "Contains a number that is not finite.")


def _refused(name: str, message: str) -> Problem:
    return invalid({name or "body": [message]})


def _too_large() -> Problem:
    return Problem("payload-too-large", values={"limit": MAX_BYTES}, headers={"Connection": "close"})
