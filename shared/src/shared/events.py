"""The events that cross RabbitMQ: frozen facts and requests, one class each, with their type and version beside them.

They are a public contract. Consumers ignore members they do not know; a new major version gets a new class. Larger data travels by id:
an encoded event is at most 64 KiB (`shared.envelope`).
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared import ids
from shared.entities import ContextTag, EntityKind, Form, Locale
from shared.jobs import FailureType


class Event(BaseModel):
    """Base of all events. `event_id` is stable across republishing and retries."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    version: ClassVar[int] = 1

    event_id: UUID
    occurred_at: datetime
    entity_kind: EntityKind

    @property
    def idempotency_key(self) -> UUID:
        """Equal for two events that say the same thing; what the inbox deduplicates by."""
        return ids.derived_id(self.type, str(self.event_id))

    @property
    def correlation_id(self) -> UUID:
        """What ties an event to the request it belongs to: the job where there is one."""
        return self.event_id


class JobEvent(Event):
    """An event about one job."""

    job_id: UUID
    slug: str

    @property
    def idempotency_key(self) -> UUID:
        return ids.derived_id(self.type, str(self.job_id))

    @property
    def correlation_id(self) -> UUID:
        return self.job_id


class GenerationRequested(JobEvent):
    """A text is wanted. The job row, committed with this event, holds everything else."""

    type: ClassVar[str] = "generation.requested"

    form: Form
    locale: Locale
    context_tag: ContextTag | None = None


class GenerationCompleted(JobEvent):
    """A text was written and is visible; `entity_version` is the first version that shows it."""

    type: ClassVar[str] = "generation.completed"

    requested_slug: str
    form: Form
    locale: Locale
    context_tag: ContextTag
    entity_id: UUID
    entity_version: int
    text_id: UUID
    became_default: bool


class GenerationFailed(JobEvent):
    """A generation ended without a text. `error` is None after a cancellation, whose `reason` is `cancelled` or `superseded`."""

    type: ClassVar[str] = "generation.failed"

    requested_slug: str
    form: Form | None = None
    locale: Locale | None = None
    context_tag: ContextTag | None = None
    error: FailureType | None = None
    reason: str


class RefreshRequested(JobEvent):
    """The facts of a stored entity are to be brought up to date."""

    type: ClassVar[str] = "refresh.requested"

    entity_id: UUID


class RefreshCompleted(JobEvent):
    """The facts are up to date; `entity_version` is the first version that shows them."""

    type: ClassVar[str] = "refresh.completed"

    entity_id: UUID
    entity_version: int
    refreshed_at: datetime


class RefreshFailed(JobEvent):
    """The facts could not be brought up to date; the stored ones remain."""

    type: ClassVar[str] = "refresh.failed"

    entity_id: UUID | None = None
    error: FailureType | None = None
    reason: str


class EntityChanged(Event):
    """A stored entity looks different from `entity_version` on, for a reason other than a completion event.

    `slug` is its slug; when that has just moved, a second event names the former one, which now redirects.
    """

    type: ClassVar[str] = "entity.changed"

    entity_id: UUID
    slug: str
    entity_version: int


EVENTS: tuple[type[Event], ...] = (
    GenerationRequested,
    GenerationCompleted,
    GenerationFailed,
    RefreshRequested,
    RefreshCompleted,
    RefreshFailed,
    EntityChanged,
)
"""Every event there is; the envelope decodes no other."""
