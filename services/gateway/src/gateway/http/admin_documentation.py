"""What the published contract says of administration."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from gateway.admin_ports import MAX_LETTERS, LetterStatus
from gateway.http.admin_documents import DEFAULT_PER_PAGE, LONGEST, PurgeBody, ReplayBody
from gateway.http.documentation import IDEMPOTENCY_KEY, Operation, Success, json_body
from gateway.http.entity_schemas import Pagination
from gateway.http.lists import LAST_PAGE, MAX_PER_PAGE
from gateway.http.schemas import Shape
from shared.jobs import JobStatus

_REPEATED = {"Idempotent-Replayed": "`true` for a repetition"}
_KEYED = ("idempotency-key-invalid", "idempotency-key-in-use", "idempotency-key-reused")
_AT_MOST = f"At most {MAX_LETTERS}, the oldest first: repeat while it is not 0."


class DeadLetter(Shape):
    id: UUID
    queue: str = Field(description="The work queue it was meant for")
    origin: Literal["handler", "broker"] = Field(description="Who gave up")
    event_id: UUID | None
    event_type: str | None
    job_id: UUID | None
    reason: str
    attempts: int
    parked_at: datetime
    replayed_at: datetime | None
    purged_at: datetime | None


class DeadLetterContent(DeadLetter):
    detail: str
    job_status: JobStatus | None = Field(description="Of its job: a replay changes nothing in one that has ended")
    replayable: bool
    payload: Any = Field(description="JSON, or text when it is none; `null` after a purge. Credentials are `***`")
    headers: dict[str, str] = Field(description="Values of headers that are not ours are `***`")


class DeadLetterPage(Shape):
    data: list[DeadLetter]
    pagination: Pagination


class ReplayedLetter(Shape):
    id: UUID
    event_id: UUID = Field(description="That of the message, or of the letter when the message had none")
    replayed_at: datetime
    job_status: JobStatus | None = Field(description="When it left; a job that has ended stays as it is")


class Replayed(Shape):
    replayed: int


class Purged(Shape):
    purged: int


class AuditEntry(Shape):
    id: UUID
    at: datetime
    actor: str
    action: str
    target: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditPage(Shape):
    data: list[AuditEntry]
    pagination: Pagination


def _parameter(name: str, schema: Mapping[str, Any], description: str = "") -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": dict(schema), "description": description}


_TEXT = {"type": "string", "maxLength": LONGEST}
_PAGING = (
    _parameter("page", {"type": "integer", "minimum": 1, "maximum": LAST_PAGE, "default": 1}),
    _parameter("per_page", {"type": "integer", "minimum": 1, "maximum": MAX_PER_PAGE, "default": DEFAULT_PER_PAGE}),
)

LIST = Operation(
    {200: Success("One page, newest first", DeadLetterPage)},
    parameters=(
        _parameter("queue", _TEXT),
        _parameter("reason", _TEXT),
        _parameter("status", {"type": "string", "enum": list(LetterStatus), "default": LetterStatus.OPEN}),
        *_PAGING,
    ),
    admin=True,
)
SHOW = Operation({200: Success("The letter and what it says", DeadLetterContent)}, problems=("not-found",), admin=True)
REPLAY = Operation(
    {202: Success("On its way back to its queue", ReplayedLetter, _REPEATED)},
    problems=("not-found", "conflict", *_KEYED),
    parameters=(IDEMPOTENCY_KEY,),
    body=json_body({"type": "object", "additionalProperties": False}, required=False, example={}),
    admin=True,
)
REPLAY_MANY = Operation(
    {202: Success(f"How many are on their way. {_AT_MOST}", Replayed, _REPEATED)},
    problems=_KEYED,
    parameters=(IDEMPOTENCY_KEY,),
    body=json_body(ReplayBody.model_json_schema(), required=True, example={"queue": "cache-invalidator.invalidations"}),
    admin=True,
)
PURGE = Operation({204: Success("What it said is gone")}, problems=("not-found",), admin=True)
PURGE_MANY = Operation(
    {200: Success(f"How many were purged, replayed ones included. {_AT_MOST}", Purged, _REPEATED)},
    problems=_KEYED,
    parameters=(IDEMPOTENCY_KEY,),
    body=json_body(
        PurgeBody.model_json_schema(),
        required=True,
        example={"queue": "cache-invalidator.invalidations", "before": "2026-11-20T00:00:00Z"},
    ),
    admin=True,
)
AUDIT = Operation(
    {200: Success("One page, newest first", AuditPage)},
    parameters=(
        *(_parameter(name, _TEXT) for name in ("actor", "action", "target")),
        _parameter("start_date", {"type": "string", "format": "date"}, "From this day on, in UTC"),
        _parameter("end_date", {"type": "string", "format": "date"}, "Up to and with this day"),
        *_PAGING,
    ),
    admin=True,
)
