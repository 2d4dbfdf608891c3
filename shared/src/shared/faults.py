"""Named places at which a test can make a process die, hang or see a lost answer.

A no-op unless `arm` was called, which services do only in the environment `test`. The registry is closed: a point that is not listed
here cannot be used, and the tests run over all of it, in every mode it has.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import MappingProxyType

from shared.errors import Unavailable

CRASH_POINTS = frozenset(
    {
        "gateway.before_insert",
        "gateway.before_commit",
        "gateway.after_commit",
        "relay.after_select",
        "relay.after_confirm",
        "relay.before_delete",
        "relay.before_commit",
        "consumer.after_delivery",
        "consumer.after_claim",
        "consumer.before_commit",
        "consumer.before_ack",
        "generator.before_call",
        "generator.after_call",
        "generator.after_checkpoint",
        "sync.before_call",
        "sync.after_call",
        "invalidator.before_delete",
        "invalidator.after_delete",
    }
)


LOST_ANSWERS: Mapping[str, Callable[[], Exception]] = MappingProxyType(
    {
        "gateway.after_commit": partial(Unavailable, "postgres"),
        "relay.after_select": partial(Unavailable, "postgres"),
        "relay.after_confirm": partial(Unavailable, "rabbitmq"),
        "consumer.after_claim": partial(Unavailable, "postgres"),
        "generator.after_call": TimeoutError,
        "generator.after_checkpoint": partial(Unavailable, "postgres"),
        "sync.after_call": partial(Unavailable, "tmdb"),
        "invalidator.after_delete": partial(Unavailable, "redis"),
    }
)
"""The points right after an operation, and what its caller is told when the operation happened and its answer got lost."""


class Mode(StrEnum):
    """`execute_then_raise` is for the points of `LOST_ANSWERS`."""

    EXIT = "exit137"
    HANG = "hang"
    RAISE = "raise"
    EXECUTE_THEN_RAISE = "execute_then_raise"


class InjectedFault(Exception):
    """Raised by a point in mode `raise`: an error that nobody expects, so nobody handles it."""


@dataclass(slots=True)
class _Armed:
    mode: Mode
    countdown: int


_armed: dict[str, _Armed] = {}


def modes(name: str) -> tuple[Mode, ...]:
    """The modes that the point has."""
    return tuple(mode for mode in Mode if mode is not Mode.EXECUTE_THEN_RAISE or name in LOST_ANSWERS)


def witness(name: str, mode: str) -> str:
    """The line on stderr that a point leaves before it acts: proof that the process came by."""
    return f"fault.injected point={name} mode={mode}"


def arm(spec: str) -> None:
    """Arm the points of `spec`, e.g. `generator.after_call=exit137,relay.before_delete=hang@3` (`@3`: at the third pass).

    Raises ValueError for an unknown point, and for a mode that the point does not have.
    """
    _armed.clear()
    for item in filter(None, (part.strip() for part in spec.split(","))):
        name, _, rest = item.partition("=")
        mode, _, count = rest.partition("@")
        if name not in CRASH_POINTS:
            raise ValueError(f"unknown crash point {name!r}")
        if Mode(mode) not in modes(name):
            raise ValueError(f"{name} follows no operation: it has no mode {mode}")
        _armed[name] = _Armed(Mode(mode), int(count or 1))


async def crash_point(name: str) -> None:
    """Do what the test asked for at this point; nothing in production."""
    if not _armed:
        return
    armed = _armed.get(name)
    if armed is None:
        return
    armed.countdown -= 1
    if armed.countdown != 0:
        return
    os.write(2, f"{witness(name, armed.mode)}\n".encode())  # unbuffered: `exit137` flushes nothing
    match armed.mode:
        case Mode.EXIT:
            os._exit(137)
        case Mode.HANG:
            await asyncio.Event().wait()
        case Mode.RAISE:
            raise InjectedFault(name)
        case Mode.EXECUTE_THEN_RAISE:
            lost = LOST_ANSWERS[name]()
            raise lost
