"""What the gateway's use cases need of the outside world, and the values that cross that line."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from shared.entities import ContextTag, EntityKind, Form, Locale
from shared.jobs import Failure, JobKind, JobStatus, Result


@dataclass(frozen=True, slots=True)
class EntityRef:
    """A stored entity, as far as accepting work for it goes. `slug` is canonical."""

    id: UUID
    kind: EntityKind
    slug: str
    default_text_id: UUID | None
    version: int
    tmdb_id: int | None


class EntityIndex(Protocol):
    async def resolve(self, kind: EntityKind, slug: str) -> EntityRef | None:
        """The stored entity that `slug` names: canonical, former, or (without a year) the newest whose title part is equal."""
        ...

    async def by_id(self, kind: EntityKind, entity_id: UUID) -> EntityRef | None: ...


@dataclass(frozen=True, slots=True)
class TextRef:
    """A current text, as far as writing it anew goes."""

    entity: EntityRef
    form: Form
    locale: Locale
    context_tag: ContextTag


class TextIndex(Protocol):
    async def text(self, text_id: UUID) -> TextRef | None:
        """The current text with this id; None for one that is archived, and for none. Raises Unavailable("postgres")."""
        ...


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to accept, or to join when its `dedupe_key` has an active one. `slug` is canonical when `entity_id` is set."""

    kind: JobKind
    entity_kind: EntityKind
    slug: str
    requested_slug: str
    dedupe_key: UUID
    entity_id: UUID | None = None
    form: Form | None = None
    locale: Locale | None = None
    context_tag: ContextTag | None = None
    baseline_text_id: UUID | None = None
    confidence: float | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class AcceptedJob:
    """The stored state of a job right after its acceptance; `created` is False when an active job was joined."""

    job_id: UUID
    status: JobStatus
    created: bool
    new: NewJob


ANONYMOUS = "ip:"
"""What the identity of a caller without a key begins with; its network follows."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many generations one caller without a key may start within any `window_s` seconds."""

    limit: int
    window_s: float


TEN_AN_HOUR = Budget(limit=10, window_s=3600)


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer as stored under an idempotency key."""

    status: int
    body: Mapping[str, Any]
    location: str | None = None


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """Jobs and their events are committed."""

    jobs: tuple[AcceptedJob, ...]
    answer: Answer


@dataclass(frozen=True, slots=True)
class Replayed:
    """The key was used before with the same request: its stored answer and jobs."""

    job_ids: tuple[UUID, ...]
    answer: Answer


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The key was used before with another request."""


@dataclass(frozen=True, slots=True)
class KeyInUse:
    """The first request with the key is still running after two seconds."""


@dataclass(frozen=True, slots=True)
class OverBudget:
    """Nothing was stored: the caller's budget is used up. A unit is free again `retry_after_s` whole seconds from now, not earlier."""

    retry_after_s: int


Acceptance = Accepted | Replayed | KeyReused | KeyInUse
Render = Callable[[tuple[AcceptedJob, ...]], Answer]


@dataclass(frozen=True, slots=True)
class Transition:
    sequence: int
    status: JobStatus
    at: datetime
    attempt: int
    actor: str
    reason: str | None
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class JobView:
    """The stored state of one job; nothing in it is guessed."""

    id: UUID
    kind: JobKind
    entity_kind: EntityKind
    slug: str
    requested_slug: str
    entity_id: UUID | None
    form: Form | None
    locale: Locale | None
    context_tag: ContextTag | None
    confidence: float | None
    status: JobStatus
    attempt: int
    max_attempts: int
    sequence: int
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    next_attempt_at: datetime | None
    deadline_at: datetime
    result: Result | None
    error: Failure | None
    superseded_by: UUID | None
    transitions: tuple[Transition, ...]


class StoredJobs(Protocol):
    async def get(self, job_id: UUID) -> JobView | None:
        """The job as it is stored now; None for an unknown one. Raises Unavailable("postgres")."""
        ...


class JobStore(StoredJobs, Protocol):
    async def accept(
        self, jobs: Sequence[NewJob], caller: str, render: Render, key: IdempotencyKey | None = None
    ) -> Acceptance:
        """Accept all of `jobs` or none, in one transaction with their events, callers, transitions and the stored answer.

        A job whose identity is active is joined; `force` supersedes it. Raises Unavailable("postgres").
        """
        ...

    async def accept_anonymous(self, new: NewJob, caller: str, render: Render) -> Accepted | OverBudget:
        """Join the active job of the identity, at no cost; else start one, as long as the caller's budget lasts.

        One unit is one generation that a caller without a key started and that is committed: whatever ends otherwise costs nothing.
        Exact however many ask at the same time, in however many processes. `caller` begins with ANONYMOUS. Raises
        Unavailable("postgres").
        """
        ...

    async def active(self, dedupe_key: UUID) -> JobView | None: ...

    async def cancel(self, job_id: UUID, caller: str) -> "Cancellation": ...


@dataclass(frozen=True, slots=True)
class Cancelled:
    job: JobView


@dataclass(frozen=True, slots=True)
class Detached:
    """Other callers are left: only this one leaves, the job goes on."""

    job: JobView


@dataclass(frozen=True, slots=True)
class AlreadyFinished:
    job: JobView


@dataclass(frozen=True, slots=True)
class NotACaller:
    pass


@dataclass(frozen=True, slots=True)
class UnknownJob:
    pass


Cancellation = Cancelled | Detached | AlreadyFinished | NotACaller | UnknownJob


class Cache(Protocol):
    async def ensure_invalidated(self, kind: EntityKind, slug: str, version: int) -> bool:
        """After True no response older than `version` is served from the cache; False while Redis is away."""
        ...


class Watch(Protocol):
    """One waiter's eye on one job."""

    async def changed(self, timeout_s: float) -> None:
        """Return when the job may have changed since the last call, when `timeout_s` has passed, or at once when waiting was ended."""
        ...

    @property
    def ended(self) -> bool:
        """Whether this process is shutting down: the waiter should answer with the present state."""
        ...


class JobEvents(Protocol):
    """Tells waiters that a job changed. Losing a hint costs latency only: watched jobs are also polled in the store."""

    def watch(self, job_id: UUID) -> AbstractContextManager[Watch]:
        """Watch from now on: whoever reads the job afterwards misses no later change."""
        ...


class StoredAnswers(Protocol):
    async def replay(self, caller: str, key: IdempotencyKey) -> Replayed | KeyReused | None:
        """What an earlier request left under the key; None when it left nothing yet. Raises Unavailable("postgres")."""
        ...


class Flags(Protocol):
    def enabled(self, name: str) -> bool:
        """Whether the feature `name` is on; an unknown name is off."""
        ...


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An API key as stored; `owner` stays the same when the key is regenerated."""

    id: UUID
    owner: UUID
    expires_at: datetime | None
    revoked: bool


class ApiKeys(Protocol):
    async def find(self, key: str) -> StoredKey | None:
        """The key, active or not, compared in constant time; None for an unknown one. Raises Unavailable("postgres")."""
        ...
