"""What administration needs of the outside world, and the values that cross that line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from gateway.ports import Answer, IdempotencyKey, KeyInUse, KeyReused, Replayed
from shared.jobs import JobStatus

MAX_LETTERS = 500
"""So many letters one request replays or purges, the oldest first: one short transaction."""


class LetterStatus(StrEnum):
    OPEN = "open"
    REPLAYED = "replayed"
    PURGED = "purged"


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter. `origin` says who gave up: `handler` or `broker`; ids are None where the message named none."""

    id: UUID
    queue: str
    origin: str
    event_id: UUID | None
    event_type: str | None
    job_id: UUID | None
    reason: str
    attempts: int
    parked_at: datetime
    replayed_at: datetime | None
    purged_at: datetime | None


@dataclass(frozen=True, slots=True)
class LetterContent:
    """All of a letter. `exact` is False for a body that is shown escaped or cut: it can be no event, and is not sent again."""

    letter: Letter
    detail: str
    headers: Mapping[str, str]
    body: str
    exact: bool
    job_status: JobStatus | None


@dataclass(frozen=True, slots=True)
class LetterFilter:
    queue: str | None
    reason: str | None
    status: LetterStatus
    page: int
    per_page: int


@dataclass(frozen=True, slots=True)
class LetterPage:
    letters: tuple[Letter, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ByIds:
    ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class ByCause:
    """Every open letter of a queue, of a reason, or of both."""

    queue: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter that is on its way back to its queue. `job_status` is that of its job when it left; a final one stays."""

    id: UUID
    event_id: UUID
    replayed_at: datetime
    job_status: JobStatus | None


@dataclass(frozen=True, slots=True)
class UnknownLetter:
    pass


@dataclass(frozen=True, slots=True)
class NotOpen:
    """It was replayed or purged before."""


@dataclass(frozen=True, slots=True)
class NotExact:
    """Its body was no text that an event can be."""


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants a change, and under which key it is repeated."""

    actor: str
    key: IdempotencyKey | None = None

    @property
    def caller(self) -> str:
        """Whose the key is: no caller of the product has such a name, and no invariant asks for the jobs behind its answer."""
        return f"admin:{self.actor}"


Repeated = Replayed | KeyReused | KeyInUse


class DeadLetters(Protocol):
    """Every change is one transaction with its audit entries and the stored answer. All raise Unavailable("postgres")."""

    async def page(self, asked: LetterFilter) -> LetterPage:
        """One page, newest first; one past the end is empty, with the true total."""
        ...

    async def get(self, letter_id: UUID) -> LetterContent | None: ...

    async def replay(
        self, letter_id: UUID, order: Order, render: Callable[[Sent], Answer]
    ) -> Answer | Repeated | UnknownLetter | NotOpen | NotExact:
        """Put an open letter back into the outbox, for its own queue and under its own event id, and close it."""
        ...

    async def replay_many(
        self, which: ByIds | ByCause, order: Order, render: Callable[[int], Answer]
    ) -> Answer | Repeated:
        """The same for up to `MAX_LETTERS` of `which`; those that cannot be replayed are passed over."""
        ...

    async def purge(self, letter_id: UUID, order: Order) -> bool:
        """Erase what the letter says; False for an unknown one. Purging twice changes nothing."""
        ...

    async def purge_many(
        self, queue: str, before: datetime, order: Order, render: Callable[[int], Answer]
    ) -> Answer | Repeated:
        """Erase up to `MAX_LETTERS` letters of `queue` that were parked before that time, replayed ones included."""
        ...


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: UUID
    at: datetime
    actor: str
    action: str
    target: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Whole UTC days, both included."""

    actor: str | None
    action: str | None
    target: str | None
    start: date | None
    end: date | None
    page: int
    per_page: int


@dataclass(frozen=True, slots=True)
class AuditPage:
    entries: Sequence[AuditEntry]
    total: int


class Audit(Protocol):
    async def page(self, asked: AuditFilter) -> AuditPage:
        """One page, newest first. Raises Unavailable("postgres")."""
        ...
