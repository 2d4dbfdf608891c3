"""Free ports on the loopback interface."""

import secrets
import socket
from dataclasses import dataclass

from moviemind.errors import CliError

HOST = "127.0.0.1"
# below the range from which Linux, macOS and Windows take the ports of outgoing connections: such a connection could
# occupy the port of a child while it is being restarted
_FIRST, _LAST = 20_000, 32_000
_TRIES = 200


@dataclass(frozen=True, slots=True)
class Reservation:
    """A port that nobody else can take until `release`, right before the process that will listen on it starts."""

    port: int
    _socket: socket.socket

    def release(self) -> None:
        self._socket.close()


def reserve(port: int) -> Reservation | None:
    """The given port, or None when somebody listens on it."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # a port with connections in TIME_WAIT is free for a server; only another listener makes it taken
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(1)
    except OSError:
        listener.close()
        return None
    return Reservation(port, listener)


def reserve_any() -> Reservation:
    """Some free port. Raises `CliError` when none is found."""
    for _ in range(_TRIES):
        reservation = reserve(_FIRST + secrets.randbelow(_LAST - _FIRST))
        if reservation is not None:
            return reservation
    raise CliError(f"found no free port between {_FIRST} and {_LAST}", "Close some programs that listen on ports.")


def reserve_gateway(wanted: int | None, default: int | None) -> Reservation:
    """`wanted` or an error; without a wish `default` or the next free one above it; without either any free one."""
    if wanted is not None:
        reservation = reserve(wanted)
        if reservation is None:
            raise CliError(
                f"port {wanted} is in use or not allowed", "Choose another one with --port, or leave --port out."
            )
        return reservation
    for port in () if default is None else range(default, default + _TRIES):
        reservation = reserve(port)
        if reservation is not None:
            return reservation
    return reserve_any()
