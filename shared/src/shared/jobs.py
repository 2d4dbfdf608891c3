"""Jobs: states, the one transition table, identities, failures and the backoff ladder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared import ids
from shared.entities import ContextTag, EntityKind, Form, Locale


class JobKind(StrEnum):
    GENERATION = "generation"
    REGENERATION = "regeneration"
    REFRESH = "refresh"


class JobStatus(StrEnum):
    """PENDING → PROCESSING → DONE | FAILED | CANCELLED, with RETRYING between attempts."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    RETRYING = "RETRYING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def terminal(self) -> bool:
        return self in TERMINAL


ACTIVE = frozenset({JobStatus.PENDING, JobStatus.PROCESSING, JobStatus.RETRYING})
TERMINAL = frozenset({JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED})
_STOPPED = frozenset({JobStatus.FAILED, JobStatus.CANCELLED})
TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = MappingProxyType(
    {
        JobStatus.PENDING: _STOPPED | {JobStatus.PROCESSING},
        # PROCESSING → PROCESSING is the takeover of an attempt whose lease ended
        JobStatus.PROCESSING: _STOPPED | {JobStatus.PROCESSING, JobStatus.RETRYING, JobStatus.DONE},
        JobStatus.RETRYING: _STOPPED | {JobStatus.PROCESSING},
        JobStatus.DONE: frozenset(),
        JobStatus.FAILED: frozenset(),
        JobStatus.CANCELLED: frozenset(),
    }
)


def state_diagram() -> str:
    """The transition table as a Mermaid state diagram; the documentation shows exactly this."""
    lines = ["stateDiagram-v2", "    [*] --> PENDING"]
    lines += [
        f"    {source} --> {target}" for source in JobStatus for target in JobStatus if target in TRANSITIONS[source]
    ]
    lines += [f"    {status} --> [*]" for status in JobStatus if status.terminal]
    return "\n".join(lines) + "\n"


class FailureType(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    AI_API_ERROR = "AI_API_ERROR"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    TIMEOUT = "TIMEOUT"
    RATE_LIMITED = "RATE_LIMITED"
    BUDGET_EXHAUSTED = "BUDGET_EXHAUSTED"
    UNKNOWN_ERROR = "UNKNOWN_ERROR"


class Suggestion(BaseModel):
    """A near match that can be asked for instead; `slug` works in a GET."""

    model_config = ConfigDict(frozen=True)

    slug: str
    title: str
    year: int | None = None
    director: str | None = None


class Failure(BaseModel):
    """Why a job failed: stored once, shown in the reader's language. `technical_message` holds no secret, prompt or upstream body."""

    model_config = ConfigDict(frozen=True)

    type: FailureType
    technical_message: str
    suggestions: tuple[Suggestion, ...] = ()


class Result(BaseModel):
    """What a DONE job left behind. `entity_version` is the cache version whose invalidation must precede saying DONE."""

    model_config = ConfigDict(frozen=True)

    entity_id: UUID
    slug: str
    entity_version: int
    text_id: UUID | None = None
    context_tag: ContextTag | None = None
    became_default: bool | None = None
    tmdb_id: int | None = None
    refreshed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What a generation is about. One active job per identity; no tag and `DEFAULT` are different identities."""

    kind: EntityKind
    slug: str
    form: Form
    locale: Locale
    context_tag: ContextTag | None

    @property
    def dedupe_key(self) -> UUID:
        return ids.derived_id("generation", self.kind, self.slug, self.form, self.locale, self.context_tag or "")


def refresh_dedupe_key(entity_id: UUID) -> UUID:
    """The identity of a refresh: concurrent refreshes of one entity share a job."""
    return ids.derived_id("refresh", str(entity_id))


@dataclass(frozen=True, slots=True)
class Attempt:
    """The right to work on a job once, and everything the job says about the work.

    Every write of the attempt compares `(status = PROCESSING, number, token)`. `seconds_left` is the time to the job's deadline at the
    claim.
    """

    job_id: UUID
    kind: JobKind
    number: int
    max_attempts: int
    token: UUID
    seconds_left: float
    accepted_seq: int
    created_at: datetime
    entity_kind: EntityKind
    slug: str
    requested_slug: str
    entity_id: UUID | None = None
    form: Form | None = None
    locale: Locale | None = None
    context_tag: ContextTag | None = None
    baseline_text_id: UUID | None = None

    @property
    def last(self) -> bool:
        return self.number >= self.max_attempts


@dataclass(frozen=True, slots=True)
class Suspect:
    """A job whose attempts, all but one, ended with their worker. Its last one is claimed with nothing beside it, so that a job that
    kills its worker cannot use up its neighbours' attempts too.
    """


class AttemptPolicy(BaseModel):
    """How often and how long a job is tried. The ladder's last step repeats."""

    model_config = ConfigDict(frozen=True)

    max_attempts: int = 3
    ladder_s: tuple[float, ...] = (20.0, 60.0, 180.0)
    lease_s: float = 30.0
    deadline_s: float = 600.0


def retry_delay(attempt: int, ladder_s: Sequence[float], rand: float) -> float:
    """Seconds to wait after `attempt` (1-based) failed: between half and all of its step in `ladder_s`, the last step repeating.

    `rand` is in [0, 1). An empty ladder switches backoff off. "Equal jitter" of the AWS Architecture Blog, Exponential Backoff and
    Jitter, 2015.
    """
    if not ladder_s:
        return 0.0
    step = ladder_s[min(max(attempt, 1), len(ladder_s)) - 1]
    return step / 2 + step / 2 * rand
