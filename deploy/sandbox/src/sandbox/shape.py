"""Reads foreign JSON without trusting it: each function gives the typed value, or null when it is something else."""

from typing import Any, cast


def as_object(value: object) -> dict[str, Any] | None:
    """`value` if it is a JSON object."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[Any] | None:
    """`value` if it is a JSON array."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def as_text(value: object) -> str | None:
    """`value` if it is a JSON string."""
    return value if isinstance(value, str) else None


def as_whole(value: object) -> int | None:
    """`value` if it is a whole JSON number; Python's booleans are integers, JSON's are not."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def as_number(value: object) -> float | None:
    """`value` if it is a JSON number."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
