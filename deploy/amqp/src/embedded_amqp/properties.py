"""The property list of a message, kept as the bytes that arrived.

Consumers get exactly what the publisher sent; where the broker must add a header, the others keep their encoding.
Decoding and encoding again would turn doubles into floats and fail on strings that are not UTF-8.
Layout: AMQP 0-9-1 specification, section 4.2.6.1.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pamqp import decode, encode
from pamqp.common import FieldTable, FieldValue

# (name, width): a width in bytes, or how the length is prefixed. The first field is flagged by bit 15.
_SHORTSTR: Final = -1
_TABLE: Final = -2
_FIELDS: Final = (
    ("content_type", _SHORTSTR),
    ("content_encoding", _SHORTSTR),
    ("headers", _TABLE),
    ("delivery_mode", 1),
    ("priority", 1),
    ("correlation_id", _SHORTSTR),
    ("reply_to", _SHORTSTR),
    ("expiration", _SHORTSTR),
    ("message_id", _SHORTSTR),
    ("timestamp", 8),
    ("type", _SHORTSTR),
    ("user_id", _SHORTSTR),
    ("app_id", _SHORTSTR),
    ("cluster_id", _SHORTSTR),
)
_UNUSED_FLAGS: Final = 0b11
_PERSISTENT: Final = b"\x02"


def _end_of_field(raw: bytes, start: int, width: int) -> int:
    if width == _SHORTSTR:
        end = start + 1 + raw[start]
        raw[start + 1 : end].decode()
    elif width == _TABLE:
        end = start + 4 + int.from_bytes(raw[start : start + 4])
    else:
        end = start + width
    if end > len(raw):
        raise ValueError("a property is cut off")
    return end


def _split(raw: bytes) -> dict[str, bytes]:
    (flags,) = struct.unpack_from(">H", raw)
    if flags & _UNUSED_FLAGS:
        raise ValueError("unknown property flags")
    fields: dict[str, bytes] = {}
    start = 2
    for index, (name, width) in enumerate(_FIELDS):
        if flags & (0x8000 >> index):
            end = _end_of_field(raw, start, width)
            fields[name] = raw[start:end]
            start = end
    if start != len(raw):
        raise ValueError("bytes after the last property")
    return fields


def _join(fields: Mapping[str, bytes]) -> bytes:
    flags = sum(0x8000 >> index for index, (name, _) in enumerate(_FIELDS) if name in fields)
    return struct.pack(">H", flags) + b"".join(fields[name] for name, _ in _FIELDS if name in fields)


def _entries(table: bytes) -> dict[str, tuple[bytes, FieldValue]]:
    """Each entry of an encoded table: its own bytes and its value."""
    entries: dict[str, tuple[bytes, FieldValue]] = {}
    start = 4
    while start < len(table):
        value_at = start + 1 + table[start]
        consumed, value = decode.embedded_value(table[value_at:])
        end = value_at + consumed
        if consumed == 0 or end > len(table):
            raise ValueError("a header is cut off")
        entries[table[start + 1 : value_at].decode()] = (table[start:end], value)
        start = end
    return entries


def encode_table(table: FieldTable) -> bytes:
    """Raises ValueError for what can be received but not written: strings that are not UTF-8, doubles beyond a float."""
    try:
        return encode.field_table(table)
    except (TypeError, OverflowError, struct.error) as error:
        raise ValueError(str(error)) from error


@dataclass(frozen=True)
class Properties:
    """Immutable. Use `parse` for bytes from outside: it raises ValueError unless every field is well-formed."""

    raw: bytes

    @classmethod
    def parse(cls, raw: bytes) -> "Properties":
        properties = cls(raw)
        if "headers" in properties._fields:
            properties._headers  # noqa: B018 - decoded now, so that nothing can fail later
        return properties

    @cached_property
    def _fields(self) -> dict[str, bytes]:
        return _split(self.raw)

    @cached_property
    def _headers(self) -> dict[str, tuple[bytes, FieldValue]]:
        return _entries(self._fields.get("headers", b"\0\0\0\0"))

    @property
    def persistent(self) -> bool:
        return self._fields.get("delivery_mode") == _PERSISTENT

    @property
    def headers(self) -> FieldTable:
        return {name: value for name, (_, value) in self._headers.items()}

    def text(self, name: str) -> str | None:
        """A short-string property, None when absent."""
        field = self._fields.get(name)
        return None if field is None else field[1:].decode()

    def with_text(self, name: str, value: str) -> "Properties":
        return Properties(_join({**self._fields, name: encode.short_string(value)}))

    def without(self, name: str) -> "Properties":
        return Properties(_join({key: field for key, field in self._fields.items() if key != name}))

    def with_headers(self, added: FieldTable) -> "Properties":
        """These headers set or replaced; raises ValueError like `encode_table`."""
        kept = [entry for name, (entry, _) in self._headers.items() if name not in added]
        table = b"".join([*kept, encode_table(added)[4:]])
        return Properties(_join({**self._fields, "headers": len(table).to_bytes(4) + table}))
