"""Puts a published message together from its method, header and body frames."""

from typing import Final

from pamqp.commands import Basic

from embedded_amqp import wire
from embedded_amqp.errors import FRAME_ERROR, PRECONDITION_FAILED, SYNTAX_ERROR, UNEXPECTED_FRAME, AmqpError
from embedded_amqp.messages import Message
from embedded_amqp.properties import Properties

MAX_BODY_BYTES: Final = 16 * 1024 * 1024
# They travel in one frame of 128 KiB, together with what dead-lettering adds.
_MAX_PROPERTIES_BYTES: Final = 96 * 1024


class Content:
    """The content of one `basic.publish`. Frames out of order raise 505, content that is too large 406."""

    def __init__(self, publish: Basic.Publish) -> None:
        self.publish = publish
        self._properties: Properties | None = None
        self._missing_bytes = 0
        self._body = bytearray()

    def header(self, payload: bytes) -> None:
        if self._properties is not None:
            raise AmqpError(UNEXPECTED_FRAME, "expected a content body, got a second content header")
        body_bytes, raw = wire.decode_content_header(payload)
        if len(raw) > _MAX_PROPERTIES_BYTES:
            raise AmqpError(PRECONDITION_FAILED, f"message properties are larger than {_MAX_PROPERTIES_BYTES} bytes")
        try:
            self._properties = Properties.parse(raw)
        except Exception as error:  # see wire.decode_method
            raise AmqpError(SYNTAX_ERROR, f"malformed message properties: {error}") from error
        if body_bytes > MAX_BODY_BYTES:
            detail = f"message size {body_bytes} is larger than configured max size {MAX_BODY_BYTES}"
            raise AmqpError(PRECONDITION_FAILED, detail)
        self._missing_bytes = body_bytes

    def body(self, payload: bytes) -> None:
        if self._properties is None:
            raise AmqpError(UNEXPECTED_FRAME, "expected a content header, got a content body")
        if len(payload) > self._missing_bytes:
            raise AmqpError(FRAME_ERROR, "content body is larger than its header says")
        self._missing_bytes -= len(payload)
        self._body += payload

    def message(self) -> Message | None:
        """None while frames are missing."""
        if self._properties is None or self._missing_bytes:
            return None
        return Message(self.publish.exchange, self.publish.routing_key, self._properties, bytes(self._body))
