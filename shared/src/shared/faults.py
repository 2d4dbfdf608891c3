"""Named places at which a test can make a process die, hang or see a lost answer.

A no-op unless `arm` was called, which services do only in the environment `test`. The registry is closed: a point that is not listed
here cannot be used, and the tests run over all of it.
"""

import asyncio
import os
from dataclasses import dataclass
from enum import StrEnum

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


class Mode(StrEnum):
    """`execute_then_raise` is for points after an operation: it happened, but the caller sees a timeout."""

    EXIT = "exit137"
    HANG = "hang"
    RAISE = "raise"
    EXECUTE_THEN_RAISE = "execute_then_raise"


class InjectedFault(Exception):
    """Raised by a point in mode `raise`."""


@dataclass(slots=True)
class _Armed:
    mode: Mode
    countdown: int


_armed: dict[str, _Armed] = {}


def arm(spec: str) -> None:
    """Arm the points of `spec`, e.g. `generator.after_call=exit137,relay.before_delete=hang@3` (`@3`: at the third pass).

    Raises ValueError for an unknown point or mode.
    """
    _armed.clear()
    for item in filter(None, (part.strip() for part in spec.split(","))):
        name, _, rest = item.partition("=")
        mode, _, count = rest.partition("@")
        if name not in CRASH_POINTS:
            raise ValueError(f"unknown crash point {name!r}")
        if mode == Mode.EXECUTE_THEN_RAISE and ".after_" not in name:
            raise ValueError(f"{name} wraps no operation: mode {mode} needs an `after_` point")
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
    match armed.mode:
        case Mode.EXIT:
            os._exit(137)
        case Mode.HANG:
            await asyncio.Event().wait()
        case Mode.RAISE:
            raise InjectedFault(name)
        case Mode.EXECUTE_THEN_RAISE:
            raise TimeoutError(name)
