"""The rows of the database in memory, with the columns that something reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.entities import ContextTag, EntityKind, Facts, Form, Locale, Origin
from shared.events import Event, GenerationRequested, JobEvent, RefreshRequested
from shared.jobs import Failure, JobKind, JobStatus, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    id: UUID
    kind: JobKind
    entity_kind: EntityKind
    slug: str
    requested_slug: str
    dedupe_key: UUID
    event_id: UUID
    accepted_seq: int
    max_attempts: int
    deadline_at: datetime
    created_at: datetime
    updated_at: datetime
    caller: str = ""
    entity_id: UUID | None = None
    form: Form | None = None
    locale: Locale | None = None
    context_tag: ContextTag | None = None
    confidence: float | None = None
    baseline_text_id: UUID | None = None
    status: JobStatus = JobStatus.PENDING
    attempt: int = 0
    sequence: int = 1
    lease_token: UUID | None = None
    lease_until: datetime | None = None
    next_attempt_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: Result | None = None
    error: Failure | None = None
    superseded_by: UUID | None = None

    @property
    def event(self) -> JobEvent:
        """The event that asked for the job, with the id it has always had."""
        if self.kind is JobKind.REFRESH and self.entity_id is not None:
            return RefreshRequested(
                event_id=self.event_id, occurred_at=self.created_at, entity_kind=self.entity_kind, job_id=self.id,
                slug=self.slug, entity_id=self.entity_id,
            )  # fmt: skip
        if self.form is None or self.locale is None:
            raise AssertionError("a job asks for a refresh or for a text")
        return GenerationRequested(
            event_id=self.event_id, occurred_at=self.created_at, entity_kind=self.entity_kind, job_id=self.id,
            slug=self.slug, form=self.form, locale=self.locale, context_tag=self.context_tag,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class TransitionRow:
    job_id: UUID
    sequence: int
    from_status: JobStatus | None
    to_status: JobStatus
    attempt: int
    actor: str
    reason: str | None
    next_attempt_at: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What is stored under a caller's key."""

    fingerprint: str
    expires_at: datetime
    status: int = 0
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    location: str | None = None
    job_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """`attempt` travels with a row that is addressed to one queue; `refused` counts how often the broker did not take it."""

    seq: int
    event: Event
    target_queue: str
    available_at: datetime
    attempt: int | None = None
    refused: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    queue: str
    reason: str
    event_id: UUID | None = None
    job_id: UUID | None = None
    headers: Mapping[str, Any] = field(default_factory=dict[str, Any])
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class EntityRow:
    """`complete` is False for a person known from credits only."""

    id: UUID
    slug: str
    facts: Facts
    created_at: datetime
    updated_at: datetime
    complete: bool = True
    version: int = 1
    default_text_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class TextRow:
    """`current` says that no later text has its slot; a source that was written on the way to a translation is no job's."""

    id: UUID
    entity_id: UUID
    form: Form
    locale: Locale
    context_tag: ContextTag
    text: str
    ai_model: str
    version: int
    accepted_seq: int
    job_id: UUID | None
    created_at: datetime
    updated_at: datetime
    current: bool = True
    origin: Origin = Origin.GENERATED

    @property
    def slot(self) -> tuple[UUID, Form, Locale, ContextTag]:
        return self.entity_id, self.form, self.locale, self.context_tag


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call to a model; `answer` is raw, `cost_usd` None while it is not known."""

    id: UUID
    job_id: UUID
    attempt: int
    prompt_hash: str
    step: str = "write"
    outcome: str = "unknown"
    answer: str | None = None
    started_at: datetime | None = None
    reserved_usd: Decimal = Decimal(0)
    cost_usd: Decimal | None = None
    problems: tuple[str, ...] | None = None

    @property
    def charged_usd(self) -> Decimal:
        """What the budgets count it as."""
        if self.outcome == "throttled":
            return Decimal(0)
        return self.reserved_usd if self.cost_usd is None else self.cost_usd
