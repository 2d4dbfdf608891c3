"""Tolerant reading of provider JSON: a member that is absent, null or of another type is empty, never an error."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any, cast

Json = Mapping[str, Any]


def text(document: Json, *names: str) -> str | None:
    """The first of the members that is a non-blank string."""
    for name in names:
        value = document.get(name)
        # PostgreSQL stores no NUL
        if isinstance(value, str) and (stripped := value.replace("\0", "").strip()):
            return stripped
    return None


def integer(document: Json, name: str) -> int | None:
    """A whole number, also when it is written `7.0`."""
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value)


def real(document: Json, name: str) -> float:
    """A number, else 0."""
    value = document.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def day(document: Json, name: str) -> date | None:
    """An ISO 8601 date."""
    with suppress(ValueError):
        return date.fromisoformat(text(document, name) or "")
    return None


def year(document: Json, name: str) -> int | None:
    """The year of a date, also of one without month and day; years before 1800 are nobody's."""
    first = (text(document, name) or "")[:4]
    return int(first) if first.isascii() and first.isdigit() and int(first) >= 1800 else None


def member(document: Json, name: str) -> Json:
    """An object."""
    value = document.get(name)
    return cast("Json", value) if isinstance(value, dict) else {}


def items(document: Json, name: str) -> list[Json]:
    """The objects of an array."""
    value = document.get(name)
    found = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("Json", item) for item in found if isinstance(item, dict)]


def numbers(document: Json, name: str) -> list[int]:
    """The integers of an array."""
    value = document.get(name)
    found = cast("list[object]", value) if isinstance(value, list) else []
    return [item for item in found if isinstance(item, int)]
