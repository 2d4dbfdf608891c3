"""Protocol errors: one exception type whose code decides whether the channel or the whole connection is closed.

Codes are those of the AMQP 0-9-1 specification, section 1.2; the texts follow RabbitMQ's wording.
"""

from typing import Final

NO_ROUTE: Final = 312
CONNECTION_FORCED: Final = 320
ACCESS_REFUSED: Final = 403
NOT_FOUND: Final = 404
RESOURCE_LOCKED: Final = 405
PRECONDITION_FAILED: Final = 406
FRAME_ERROR: Final = 501
SYNTAX_ERROR: Final = 502
COMMAND_INVALID: Final = 503
CHANNEL_ERROR: Final = 504
UNEXPECTED_FRAME: Final = 505
RESOURCE_ERROR: Final = 506
NOT_ALLOWED: Final = 530
NOT_IMPLEMENTED: Final = 540
INTERNAL_ERROR: Final = 541

_NAMES: Final = {
    320: "CONNECTION_FORCED",
    403: "ACCESS_REFUSED",
    404: "NOT_FOUND",
    405: "RESOURCE_LOCKED",
    406: "PRECONDITION_FAILED",
    501: "FRAME_ERROR",
    502: "SYNTAX_ERROR",
    503: "COMMAND_INVALID",
    504: "CHANNEL_ERROR",
    505: "UNEXPECTED_FRAME",
    506: "RESOURCE_ERROR",
    530: "NOT_ALLOWED",
    540: "NOT_IMPLEMENTED",
    541: "INTERNAL_ERROR",
}
_REPLY_TEXT_BYTES: Final = 255


class AmqpError(Exception):
    """The peer broke a rule. Codes from 500 close its connection, the others only the channel it used."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(f"{_NAMES[code]} - {detail}")
        self.code = code

    @property
    def closes_connection(self) -> bool:
        return self.code >= FRAME_ERROR

    @property
    def reply_text(self) -> str:
        """The message, cut to what a short string can carry."""
        return str(self).encode()[:_REPLY_TEXT_BYTES].decode(errors="ignore")


def not_found(kind: str, name: str) -> AmqpError:
    return AmqpError(NOT_FOUND, f"no {kind} '{name}' in vhost '/'")


def inequivalent(argument: str, kind: str, name: str, received: object, current: object) -> AmqpError:
    detail = f"inequivalent arg '{argument}' for {kind} '{name}' in vhost '/': "
    return AmqpError(PRECONDITION_FAILED, f"{detail}received '{received}' but current is '{current}'")
