"""Cursors: the place in an order where the next page begins, opaque to clients.

A cursor tells the value that its row is sorted by and the row's id, so that the next page begins behind that row wherever rows are added.
"""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from gateway.read_ports import Position, Sort
from shared import slugs
from shared.entities import KINDS, EntityKind

LONGEST = 1024
LAST_PAGE = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST_TIME = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class Order:
    """What a cursor belongs to: it means nothing in another order."""

    kind: EntityKind
    sort: Sort
    descending: bool

    @property
    def name(self) -> str:
        return f"{KINDS[self.kind].path}.{self.sort}.{'desc' if self.descending else 'asc'}"


@dataclass(frozen=True, slots=True)
class Start:
    """Where a page begins: behind a position, else behind the pages before it."""

    page: int
    after: Position | None = None


def encode(order: Order, start: Start) -> str:
    """URL-safe, and the same for the same place."""
    assert start.after is not None  # noqa: S101 (the first page needs no cursor)
    value = start.after.value
    known = (value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value
    document = orjson.dumps([order.name, start.page, known, str(start.after.id)])
    return base64.urlsafe_b64encode(document).rstrip(b"=").decode()


def decode(order: Order, cursor: str) -> Start:
    """Raises ValueError, with the sentence for the caller, for what `encode` never made of this order."""
    try:
        _, page, known, entity_id = orjson.loads(base64.urlsafe_b64decode(_padded(cursor)))
        start = Start(page, Position(_value(order.sort, known), UUID(entity_id)))
        genuine = type(page) is int and 1 <= page <= LAST_PAGE and encode(order, start) == cursor
    except (ValueError, TypeError, AttributeError, OverflowError):
        genuine, start = False, None
    if not genuine or start is None:
        raise ValueError("Must be the next_cursor of a page in the same order.")
    return start


def _padded(cursor: str) -> bytes:
    if len(cursor) > LONGEST:
        raise ValueError
    return cursor.encode("ascii") + b"=" * (-len(cursor) % 4)


def _value(sort: Sort, known: Any) -> datetime | str | int | None:
    """The value as the database knows it. Raises ValueError for one that it cannot hold."""
    match sort, known:
        case _, bool():
            raise ValueError
        case (("created_at" | "updated_at"), int()) if 0 <= known <= _LAST_TIME:
            return _EPOCH + known * _MICROSECOND
        case "title", str() if slugs.is_slug(known):
            return known
        case "year", (int() | None) if known is None or 0 <= known <= 9999:
            return known
        case _:
            raise ValueError
