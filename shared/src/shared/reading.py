"""Tolerant reading of provider JSON: a member that is absent, null or of another type is empty, never an error.

Inside `noted`, what was there in another form is written down by its path, so that a provider's change of form is seen.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from typing import Any, TypeVar, cast

Json = Mapping[str, Any]
A = TypeVar("A")

_MAX_PATHS = 50


class Drift:
    """Members of one document that were there in another form, by path: `videos.results[].key`. At most 50 are kept."""

    def __init__(self, document: object) -> None:
        # an id is its object's as long as the object lives: the document, held here, holds all its parts
        self._document = document
        self._paths: dict[int, str] = {id(document): ""}
        self._found: dict[str, None] = {}

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(self._found)

    def place(self, parent: object, name: str, child: object) -> None:
        """`child` was read from the member `name` of `parent`."""
        self._paths[id(child)] = self._path(parent, name)

    def found(self, parent: object, name: str) -> None:
        """The member `name` of `parent` has another form."""
        if len(self._found) < _MAX_PATHS:
            self._found[self._path(parent, name)] = None

    def _path(self, parent: object, name: str) -> str:
        above = self._paths.get(id(parent), "?")
        return f"{above}.{name}" if above and name != "[]" else f"{above}{name}"


_drift: ContextVar[Drift | None] = ContextVar("drift", default=None)


@contextmanager
def noted(document: object) -> Generator[Drift]:
    """What is read of `document` inside, and had another form, is in the `paths` of the result."""
    drift = Drift(document)
    token = _drift.set(drift)
    try:
        yield drift
    finally:
        _drift.reset(token)


def odd(document: object, name: str) -> None:
    """Note that a member has another form: for readers that know more of it than its type."""
    if (drift := _drift.get()) is not None:
        drift.found(document, name)


def text(document: Json, *names: str) -> str | None:
    """The first of the members that is a non-blank string."""
    for name in names:
        value = document.get(name)
        if isinstance(value, str):
            # PostgreSQL stores no NUL
            if stripped := value.replace("\0", "").strip():
                return stripped
        elif value is not None:
            odd(document, name)
    return None


def integer(document: Json, name: str) -> int | None:
    """A whole number, also when it is written `7.0`."""
    value = document.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1:
        return int(value)
    if value is not None:
        odd(document, name)
    return None


def real(document: Json, name: str) -> float:
    """A number, else 0."""
    value = document.get(name)
    if isinstance(value, int | float):
        return float(value)
    if value is not None:
        odd(document, name)
    return 0.0


def boolean(document: Json, name: str) -> bool | None:
    """A truth value."""
    value = document.get(name)
    if isinstance(value, bool):
        return value
    if value is not None:
        odd(document, name)
    return None


def day(document: Json, name: str) -> date | None:
    """An ISO 8601 date."""
    if (written := text(document, name)) is None:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        odd(document, name)
        return None


def moment(document: Json, name: str) -> datetime | None:
    """An ISO 8601 date with time and offset, in UTC; one without an offset means nothing."""
    if (written := text(document, name)) is None:
        return None
    try:
        at = datetime.fromisoformat(written)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    odd(document, name)
    return None


def year(document: Json, name: str) -> int | None:
    """The year of a date, also of one without month and day; years before 1800 are nobody's."""
    first = (text(document, name) or "")[:4]
    return int(first) if first.isascii() and first.isdigit() and int(first) >= 1800 else None


def member(document: Json, name: str) -> Json:
    """An object."""
    value = document.get(name)
    if not isinstance(value, dict):
        if value is not None:
            odd(document, name)
        return {}
    if (drift := _drift.get()) is not None:
        drift.place(document, name, cast("object", value))
    return cast("Json", value)


def items(document: Json, name: str) -> list[Json]:
    """The objects of an array."""
    value = document.get(name)
    if isinstance(value, list):
        return _objects(document, f"{name}[]", cast("list[object]", value))
    if value is not None:
        odd(document, name)
    return []


def objects(array: list[object]) -> list[Json]:
    """The objects of a document that is an array."""
    return _objects(array, "[]", array)


def numbers(document: Json, name: str) -> list[int]:
    """The integers of an array."""
    return _of_type(document, name, int)


def texts(document: Json, name: str) -> list[str]:
    """The strings of an array."""
    return _of_type(document, name, str)


def _objects(parent: object, name: str, array: list[object]) -> list[Json]:
    found = [cast("Json", item) for item in array if isinstance(item, dict)]
    if len(found) < len(array):
        odd(parent, name)
    if (drift := _drift.get()) is not None:
        for item in found:
            drift.place(parent, name, item)
    return found


def _of_type(document: Json, name: str, type_: type[A]) -> list[A]:
    value = document.get(name)
    if not isinstance(value, list):
        if value is not None:
            odd(document, name)
        return []
    array = cast("list[object]", value)
    found = [item for item in array if isinstance(item, type_)]
    if len(found) < len(array):
        odd(document, f"{name}[]")
    return found
