"""The shapes of answers, for the published contract; answers themselves are built in `job_documents` and compared with these in tests."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.entities import ContextTag, EntityKind, Form, Locale
from shared.jobs import FailureType, JobStatus

Level = Literal["high", "medium", "low", "very_low"]


class Shape(BaseModel):
    """Compatible changes add members: clients ignore what they do not know."""

    model_config = ConfigDict(frozen=True)


class JobLinks(Shape):
    self: str
    events: str
    cancel: str
    entity: str = Field(default="", description="Once the entity exists")


class Accepted(Shape):
    """One accepted generation. Optional members are absent, not null, when they say nothing."""

    job_id: UUID
    status: JobStatus
    message: str = Field(description="English, informative only")
    slug: str = Field(description="As requested, normalised")
    locale: Locale
    confidence: float = Field(ge=0, le=1)
    confidence_level: Level
    context_tag: ContextTag = Field(default=ContextTag.DEFAULT, description="When the request named one")
    form: Form = Field(default=Form.DESCRIPTION, description="When it is not the default form")
    existing_id: UUID | None = Field(default=None, description="When the entity is stored")
    description_id: UUID | None = Field(default=None, description="With existing_id: the default text at acceptance")
    bio_id: UUID | None = Field(default=None, description="The same for people")
    links: JobLinks


class Transition(Shape):
    sequence: int = Field(ge=1)
    status: JobStatus
    at: datetime
    attempt: int
    actor: str
    reason: str | None
    next_attempt_at: datetime | None = Field(default=None, description="For RETRYING only")


class Suggestion(Shape):
    slug: str
    title: str = Field(default="", description="Titles")
    name: str = Field(default="", description="People")
    release_year: int | None = None
    first_air_year: int | None = None
    birth_year: int | None = None
    director: str = Field(default="", description="Movies, when known")


class Failure(Shape):
    type: FailureType
    message: str
    technical_message: str
    user_message: str = Field(description="In the language of Accept-Language")
    suggested_slugs: list[Suggestion] = Field(default=[], description="At most 5; each works in a GET")


class Job(Shape):
    """One document for every kind of job and entity."""

    job_id: UUID
    kind: Literal["generation", "regeneration", "refresh"]
    status: JobStatus
    entity: EntityKind
    slug: str
    requested_slug: str
    confidence: float | None
    confidence_level: Level | None
    form: Form | None
    locale: Locale | None
    context_tag: ContextTag | None
    id: UUID | None
    entity_id: UUID | None
    text_id: UUID | None
    description_id: UUID | None = Field(default=None, description="Titles: equal to text_id")
    bio_id: UUID | None = Field(default=None, description="People: equal to text_id")
    became_default: bool | None
    attempt: int
    max_attempts: int
    sequence: int
    created_at: datetime
    updated_at: datetime
    deadline_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    next_attempt_at: datetime | None
    superseded_by: UUID | None
    error: Failure | None
    transitions: list[Transition]
    links: JobLinks
    detached: bool = Field(default=False, description="Cancel only: you left, others still wait")


class AcceptedMany(Shape):
    """Several distinct context tags: one job each. `jobs` holds `Job` documents once all have ended."""

    job_ids: list[UUID]
    status: JobStatus
    message: str
    slug: str
    context_tags: list[ContextTag]
    locale: Locale
    jobs: list[Accepted] | list[Job]


class JobEvent(Transition):
    """What an event of a stream carries as `data`."""

    job_id: UUID
    job: Job | None = Field(default=None, description="With the last event")


class Problem(Shape):
    """RFC 9457. `detail` and `message` are the same sentence, in the language of Accept-Language; further members depend on the type."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    title: str
    status: int | Literal["UNKNOWN"] = Field(description='The HTTP status; `"UNKNOWN"` for `job-not-found`')
    detail: str
    instance: str
    error: str
    message: str
    errors: dict[str, list[str]] = Field(default={}, description="`invalid-request` only")
