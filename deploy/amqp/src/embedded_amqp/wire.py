"""AMQP 0-9-1 framing: bytes to frames and back. Specification section 4.2; methods are coded by pamqp.

Deliveries are coded here: they are most of the traffic, and the properties of a message travel as they came.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pamqp import commands, frame
from pamqp.base import Frame as Method

from embedded_amqp.errors import COMMAND_INVALID, FRAME_ERROR, SYNTAX_ERROR, UNEXPECTED_FRAME, AmqpError
from embedded_amqp.messages import Message

PROTOCOL_HEADER: Final = b"AMQP\x00\x00\x09\x01"
HEARTBEAT: Final = b"\x08\x00\x00\x00\x00\x00\x00\xce"
FRAME_MAX: Final = 131072
FRAME_MIN: Final = 4096

METHOD: Final = 1
HEADER: Final = 2
BODY: Final = 3
HEARTBEAT_TYPE: Final = 8

_OVERHEAD: Final = 8  # type, channel and size in front, one octet behind
_END: Final = 0xCE
_BASIC: Final = 60
_ENVELOPE: Final = struct.Struct(">BHI")
_CONTENT: Final = struct.Struct(">HHQ")


@dataclass(frozen=True, slots=True)
class Frame:
    type: int
    channel: int
    payload: bytes


def next_frame(buffer: bytearray, start: int, frame_max: int) -> Frame | None:
    """The frame at `start`, None while it is incomplete; raises 501 as soon as it cannot become one."""
    if len(buffer) - start < _ENVELOPE.size:
        return None
    kind, channel, size = _ENVELOPE.unpack_from(buffer, start)
    if kind not in {METHOD, HEADER, BODY, HEARTBEAT_TYPE}:
        raise AmqpError(FRAME_ERROR, f"unknown frame type {kind}")
    if size > frame_max - _OVERHEAD:
        raise AmqpError(FRAME_ERROR, f"frame of {size} bytes is larger than the negotiated {frame_max}")
    end = start + _ENVELOPE.size + size
    if len(buffer) <= end:
        return None
    if buffer[end] != _END:
        raise AmqpError(FRAME_ERROR, f"frame ends with {buffer[end]} instead of {_END}")
    return Frame(kind, channel, bytes(buffer[start + _ENVELOPE.size : end]))


def frame_length(received: Frame) -> int:
    return len(received.payload) + _OVERHEAD


def decode_method(payload: bytes) -> Method:
    """Raises 502 for arguments that cannot be read and 503 for a method that does not exist."""
    index = int.from_bytes(payload[:4])
    kind: type[Method] | None = commands.INDEX_MAPPING.get(index)
    if len(payload) < 4 or kind is None:
        raise AmqpError(COMMAND_INVALID, f"unknown method {index >> 16}.{index & 0xFFFF}")
    method = kind.__new__(kind)  # the initialiser would fill in defaults, and warn about deprecated methods
    try:
        method.unmarshal(payload[4:])
        method.validate()
    except Exception as error:  # the decoder meets hostile bytes; whatever it raises means they are malformed
        raise AmqpError(SYNTAX_ERROR, f"malformed {method.name}: {error}") from error
    return method


def decode_content_header(payload: bytes) -> tuple[int, bytes]:
    """The size of the body and the encoded properties; raises 505 when the header is for another class."""
    if len(payload) < _CONTENT.size + 2:
        raise AmqpError(SYNTAX_ERROR, "content header is cut off")
    class_id, _, body_bytes = _CONTENT.unpack_from(payload)
    if class_id != _BASIC:
        raise AmqpError(UNEXPECTED_FRAME, f"content header for class {class_id}")
    return body_bytes, payload[_CONTENT.size :]


def encode_method(channel: int, method: Method) -> bytes:
    return frame.marshal(method, channel)


def _frame(kind: int, channel: int, payload: bytes) -> bytes:
    return b"%b%b\xce" % (_ENVELOPE.pack(kind, channel, len(payload)), payload)


def _short(text: str) -> bytes:
    raw = text.encode()
    return b"%c%b" % (len(raw), raw)


def _content(channel: int, message: Message, properties: bytes, frame_max: int) -> Iterator[bytes]:
    body = message.body
    yield _frame(HEADER, channel, _CONTENT.pack(_BASIC, 0, len(body)) + properties)
    step = frame_max - _OVERHEAD
    for start in range(0, len(body), step):
        yield _frame(BODY, channel, body[start : start + step])


@dataclass(frozen=True, slots=True)
class Envelope:
    """How one channel writes messages: with these properties instead of the message's own, split at `frame_max`."""

    channel: int
    frame_max: int

    def deliver(self, consumer_tag: str, tag: int, redelivered: bool, message: Message, properties: bytes) -> bytes:
        head = struct.pack(">HH", _BASIC, 60) + _short(consumer_tag) + struct.pack(">QB", tag, redelivered)
        return self._write(head + _short(message.exchange) + _short(message.routing_key), message, properties)

    def get_ok(self, tag: int, redelivered: bool, message: Message, properties: bytes, left: int) -> bytes:
        head = struct.pack(">HHQB", _BASIC, 71, tag, redelivered)
        place = _short(message.exchange) + _short(message.routing_key) + struct.pack(">I", left)
        return self._write(head + place, message, properties)

    def returned(self, code: int, text: str, message: Message) -> bytes:
        head = struct.pack(">HHH", _BASIC, 50, code) + _short(text)
        place = _short(message.exchange) + _short(message.routing_key)
        return self._write(head + place, message, message.properties.raw)

    def _write(self, method: bytes, message: Message, properties: bytes) -> bytes:
        content = _content(self.channel, message, properties, self.frame_max)
        return b"".join([_frame(METHOD, self.channel, method), *content])
