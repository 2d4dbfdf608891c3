import socket

import pytest

from moviemind.errors import CliError
from moviemind.supervisor.ports import HOST, reserve, reserve_any, reserve_gateway


def test_a_reserved_port_is_nobody_elses_until_its_release() -> None:
    first = reserve_any()

    assert reserve(first.port) is None
    first.release()
    again = reserve(first.port)

    assert again is not None
    again.release()


def test_a_wanted_port_in_use_is_a_clear_error() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(CliError, match=f"port {port} is in use") as raised:
            reserve_gateway(port, None)

    assert "--port" in raised.value.hint


def test_a_default_port_in_use_becomes_the_next_free_one() -> None:
    taken = reserve_any()

    chosen = reserve_gateway(None, taken.port)

    assert chosen.port > taken.port
    chosen.release()
    taken.release()


def test_ports_lie_below_those_of_outgoing_connections() -> None:
    reservations = [reserve_any() for _ in range(50)]

    assert len({reservation.port for reservation in reservations}) == 50
    assert all(20_000 <= reservation.port < 32_000 for reservation in reservations)
    for reservation in reservations:
        reservation.release()
