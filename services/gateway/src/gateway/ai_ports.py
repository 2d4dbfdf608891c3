"""What operating AI calls needs of the outside world: the switch, the books of the day, and what is measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from shared.entities import EntityKind


@dataclass(frozen=True, slots=True)
class SwitchState:
    """Whether calls to models are stopped. All members are None while they are not."""

    stopped_at: datetime | None = None
    stopped_by: str | None = None
    reason: str | None = None


class AiSwitch(Protocol):
    """The switch of all workers. Both changes are compare-and-set with their audit entry; a switch that is there already stays as it is.

    All raise Unavailable("postgres").
    """

    async def state(self) -> SwitchState: ...

    async def stop(self, actor: str, reason: str) -> SwitchState:
        """Once this returns, no call begins in any worker."""
        ...

    async def resume(self, actor: str, reason: str) -> SwitchState: ...


@dataclass(frozen=True, slots=True)
class Book:
    """One day of one caller, or of all. Limits are the caps that a worker named last, None for none."""

    scope: str
    calls: int = 0
    refused: int = 0
    reserved_usd: Decimal = Decimal(0)
    spent_usd: Decimal = Decimal(0)
    limit_calls: int | None = None
    limit_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Books:
    """Today's books: of everything, and of the callers who spent most. Budgets renew at `renews_at`."""

    day: date
    renews_at: datetime
    everything: Book
    callers: tuple[Book, ...]


class AiBooks(Protocol):
    async def today(self) -> Books:
        """By the database's clock, in UTC. Raises Unavailable("postgres")."""
        ...


class Grouping(StrEnum):
    """What a row of a metric is about."""

    DATA_FORMAT = "data_format"
    MODEL = "model"
    LOCALE = "locale"
    CONTEXT_TAG = "context_tag"


@dataclass(frozen=True, slots=True)
class MetricsFilter:
    """Whole UTC days, both included."""

    kind: EntityKind | None
    start: date
    end: date
    grouping: Grouping


@dataclass(frozen=True, slots=True)
class Figures:
    """The calls of one group. Averages and percentiles are None when nothing was measured; times are of answers, in milliseconds.

    `unparsed` answers were not in the format asked for. `errors` are calls without an answer that was taken; `codes` says why, and how
    often.
    """

    name: str | None
    requests: int
    answered: int
    unparsed: int
    errors: int
    avg_prompt_tokens: float | None
    avg_completion_tokens: float | None
    avg_tokens: float | None
    total_tokens: int
    cost_usd: Decimal | None
    avg_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    error_ms: float | None
    failed_kinds: Sequence[str]
    codes: Mapping[str, int]


class AiMetrics(Protocol):
    async def figures(self, asked: MetricsFilter) -> Sequence[Figures]:
        """One row per group that has calls, at most a hundred, by name. Raises Unavailable("postgres")."""
        ...
