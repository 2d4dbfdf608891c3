"""The parts of the public API's answers that the commands read. Members they do not need are kept as they came."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

TERMINAL = frozenset({"DONE", "FAILED", "CANCELLED"})


class Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class Accepted(Document):
    job_id: str
    status: str
    slug: str
    locale: str | None = None
    message: str = ""


class AcceptedMany(Document):
    jobs: tuple[Accepted, ...]


class Failure(Document):
    type: str
    message: str
    technical_message: str = ""
    user_message: str = ""
    suggested_slugs: tuple[dict[str, Any], ...] = ()


class Transition(Document):
    sequence: int
    status: str
    at: datetime
    attempt: int
    actor: str
    reason: str | None = None


class Job(Document):
    job_id: str
    kind: str
    status: str
    entity: str
    slug: str
    form: str | None = None
    locale: str | None = None
    context_tag: str | None = None
    text_id: str | None = None
    attempt: int
    max_attempts: int
    created_at: datetime
    finished_at: datetime | None = None
    error: Failure | None = None
    transitions: tuple[Transition, ...] = ()

    @property
    def terminal(self) -> bool:
        return self.status in TERMINAL


class WrittenText(Document):
    id: str
    locale: str
    context_tag: str | None = None
    origin: str | None = None
    ai_model: str | None = None
    text: str


class Options(Document):
    """What a name may mean."""

    options: tuple[dict[str, Any], ...]


class Found(Document):
    """A page of a search."""

    results: tuple[dict[str, Any], ...]
    total: int
    local_count: int
    external_count: int
    external_status: str


class Refreshed(Document):
    slug: str
    refreshed_at: datetime
    tmdb_id: int
    message: str = ""


class Problem(Document):
    """RFC 9457, as far as it is shown."""

    title: str = ""
    detail: str = ""
    errors: dict[str, tuple[str, ...]] = {}
    suggested_slugs: tuple[dict[str, Any], ...] = ()
