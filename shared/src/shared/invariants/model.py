"""What an invariant is, what it is checked against, and what a check can find."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from redis.asyncio import Redis

from shared.db.engine import Database

SAMPLES = 10
COUNT_LIMIT = 1000
"""A check stops counting here: more says nothing new and costs time."""
DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class QueueState:
    """What a broker tells without its management interface. Messages that are delivered and not yet acked are in neither number."""

    ready: int
    consumers: int


class Broker(Protocol):
    async def states(self, names: Collection[str]) -> Mapping[str, QueueState]:
        """The state of each queue of `names` that exists. Raises Unavailable("rabbitmq")."""
        ...


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How long something that passes by itself may last, in seconds, before it is a violation."""

    overdue_s: float = 30.0
    """Past the deadline of a job: the sweep comes every 5 s."""
    unsent_s: float = 300.0
    """A waiting job whose message cannot be seen: a worker may hold it unacked while others run, and the broker does not say so."""
    due_s: float = 30.0
    """An event that is due: the relay needs milliseconds, and the gateway's readiness says degraded after the same time."""
    stale_s: float = 60.0
    """A cached body of an older version: its invalidation is on its way."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What can be looked at. Rows count when their job, key or entity belongs to the last `window_s` seconds.

    A statement that takes longer than `timeout_s` is cancelled.
    """

    database: Database
    broker: Broker | None = None
    redis: "Redis | None" = None
    window_s: float = DAY_S
    timeout_s: float = 15.0
    tolerance: Tolerance = field(default_factory=Tolerance)


class Unchecked(Exception):
    """A check could not be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question to one store. `find` returns a name for each violation, at most COUNT_LIMIT, or raises Unchecked.

    `says` completes the sentence that starts with the number of violations.
    """

    says: str
    find: Callable[[Evidence], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Invariant:
    """A sentence that holds whatever fails. Without `checks` it is shown by tests only: `shown_by` names them."""

    id: str
    title: str
    means: str
    """What it means for callers and operators when it does not hold."""
    checks: tuple[Check, ...] = ()
    shown_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Violation:
    """`count` stops at COUNT_LIMIT, `samples` at SAMPLES."""

    invariant: str
    sentence: str
    count: int
    samples: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.invariant}: {self.sentence}: {', '.join(self.samples)}"


@dataclass(frozen=True, slots=True)
class Result:
    """What was found about one invariant. `unchecked` says why a part of it could not be looked at."""

    invariant: Invariant
    violations: tuple[Violation, ...]
    unchecked: tuple[str, ...]

    @property
    def checked(self) -> bool:
        """Whether every part of it was looked at, and so whether no violation means that it holds."""
        return not self.unchecked

    @property
    def holds(self) -> bool:
        return self.checked and not self.violations
