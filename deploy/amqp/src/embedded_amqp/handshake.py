"""The rules of the connection handshake: what is offered, who may log in, which limits are agreed."""

import hmac
from dataclasses import dataclass
from typing import Final

from pamqp.commands import Connection
from pamqp.common import FieldTable

from embedded_amqp.errors import ACCESS_REFUSED, COMMAND_INVALID, NOT_ALLOWED, AmqpError
from embedded_amqp.wire import FRAME_MAX, FRAME_MIN

CHANNEL_MAX: Final = 2047
_HEARTBEAT_S: Final = 60


@dataclass(frozen=True, slots=True)
class Credentials:
    user: str
    password: str

    def check(self, response: str | bytes) -> str:
        """The user of a SASL PLAIN response (RFC 4616); raises 403. Takes the same time for every wrong password."""
        raw = response.encode() if isinstance(response, str) else response
        _, user, password = [*raw.split(b"\0"), b"", b""][:3]
        right_user = hmac.compare_digest(user, self.user.encode())
        right_password = hmac.compare_digest(password, self.password.encode())
        if not (right_user and right_password):
            raise AmqpError(ACCESS_REFUSED, "Login was refused using authentication mechanism PLAIN")
        return self.user


@dataclass(frozen=True, slots=True)
class Client:
    """Who logged in, and which notifications it asked for."""

    user: str
    wants_cancel_notify: bool
    wants_blocked: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """`heartbeat_s` is 0 when the client wants none."""

    frame_max: int
    channel_max: int
    heartbeat_s: int


def start() -> Connection.Start:
    capabilities: FieldTable = {
        "publisher_confirms": True,
        "exchange_exchange_bindings": True,
        "basic.nack": True,
        "consumer_cancel_notify": True,
        "connection.blocked": True,
        "authentication_failure_close": True,
        "per_consumer_qos": True,
        "direct_reply_to": True,
    }
    return Connection.Start(0, 9, {"product": "embedded-amqp", "capabilities": capabilities}, "PLAIN", "en_US")


def log_in(method: Connection.StartOk, credentials: Credentials) -> Client:
    if method.mechanism != "PLAIN":
        raise AmqpError(COMMAND_INVALID, f"unknown authentication mechanism '{method.mechanism}'")
    capabilities = method.client_properties.get("capabilities")
    wanted = capabilities if isinstance(capabilities, dict) else {}
    return Client(
        user=credentials.check(method.response),
        wants_cancel_notify=wanted.get("consumer_cancel_notify") is True,
        wants_blocked=wanted.get("connection.blocked") is True,
    )


def tune() -> Connection.Tune:
    return Connection.Tune(CHANNEL_MAX, FRAME_MAX, _HEARTBEAT_S)


def agree(method: Connection.TuneOk) -> Limits:
    """The client may lower the limits, not raise them (0 means: no limit); raises 530."""
    for name, value, minimum, maximum in (
        ("frame_max", method.frame_max, FRAME_MIN, FRAME_MAX),
        ("channel_max", method.channel_max, 1, CHANNEL_MAX),
    ):
        if not minimum <= value <= maximum:
            raise AmqpError(NOT_ALLOWED, f"negotiated {name} = {value} is not between {minimum} and {maximum}")
    return Limits(method.frame_max, method.channel_max, method.heartbeat)


def check_virtual_host(method: Connection.Open) -> None:
    if method.virtual_host != "/":
        raise AmqpError(NOT_ALLOWED, f"vhost {method.virtual_host} not found")
