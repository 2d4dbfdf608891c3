"""The orders of a search, and cursors: opaque names of a place in one of them."""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from gateway.read_ports import Sort
from shared import search

_LONGEST = 4096
_LARGEST = 2**31 - 1
_SLUG = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Order:
    """A total order of matches: by `keys`, SQL expressions over a document, then by its id, all in one direction.

    `types` are those of the keys on the way through a cursor.
    """

    name: str
    keys: tuple[str, ...]
    types: tuple[type, ...]
    descending: bool = False

    @property
    def direction(self) -> str:
        return "DESC" if self.descending else "ASC"


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which hit a page begins, and the corrections that the search was made with."""

    keys: tuple[Any, ...]
    id: UUID
    meant: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


RELEVANCE = Order("match", ("tier", "-popularity"), (int, float))
"""Unknown years come last in both directions."""
_COLUMNS: Mapping[Sort, tuple[tuple[str, str], type]] = {
    "created_at": (("created_at", "created_at"), datetime),
    "updated_at": (("updated_at", "updated_at"), datetime),
    "title": (("title_slug", "title_slug"), str),
    "year": (("coalesce(year, 32767)", "coalesce(year, -32768)"), int),
}
_SORTED: Mapping[tuple[Sort, bool], Order] = {
    (sort, descending): Order(f"{sort}-{'desc' if descending else 'asc'}", (keys[descending],), (type_,), descending)
    for sort, (keys, type_) in _COLUMNS.items()
    for descending in (False, True)
}


def order_of(sort: Sort | None, *, descending: bool) -> Order:
    return RELEVANCE if sort is None else _SORTED[sort, descending]


def encode(order: Order, place: Place) -> str:
    keys = [key.isoformat() if isinstance(key, datetime) else key for key in place.keys]
    document = [order.name, *keys, place.id.hex, *([place.meant] if place.meant else [])]
    packed = json.dumps(document, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode(order: Order, cursor: str) -> Place:
    """The place in `order` that `cursor` names. Raises ValueError for anything that `encode` did not make for this order."""
    if len(cursor) > _LONGEST:
        raise ValueError("too long")
    try:
        document = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        name, *keys, identifier = document[: len(order.keys) + 2]
        if name != order.name:
            raise ValueError("of another order")
        given = tuple(_key(type_, key) for type_, key in zip(order.types, keys, strict=True))
        return Place(given, UUID(hex=identifier), _meant(document[len(order.keys) + 2 :]))
    except (LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError("no cursor") from error


def _key(type_: type, key: Any) -> Any:
    if type_ is datetime:
        return datetime.fromisoformat(key).astimezone(UTC)
    if type_ is float and type(key) in {int, float}:
        return float(key)
    if type(key) is not type_ or (type_ is int and abs(key) > _LARGEST) or (type_ is str and not _SLUG.fullmatch(key)):
        raise ValueError("no cursor")
    return key


def _meant(rest: Sequence[Any]) -> Mapping[str, Sequence[str]]:
    if not rest:
        return {}
    [given] = rest
    if len(given) > 2 * search.MAX_WORDS or any(
        search.corrections(word, others) != others for word, others in given.items()
    ):
        raise ValueError("no cursor")
    return given
