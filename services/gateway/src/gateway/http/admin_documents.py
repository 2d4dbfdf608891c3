"""Administration on the wire: what may be asked, and what is answered."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.config import JsonDict
from starlette.datastructures import QueryParams

from gateway.admin_ports import (
    MAX_LETTERS,
    AuditEntry,
    AuditFilter,
    AuditPage,
    ByCause,
    ByIds,
    Letter,
    LetterContent,
    LetterFilter,
    LetterPage,
    LetterStatus,
    Sent,
)
from gateway.http import redaction
from gateway.http.job_documents import moment
from gateway.http.lists import LAST_PAGE, MAX_PER_PAGE, pagination
from gateway.http.problems import Problem
from gateway.http.queries import Query
from gateway.http.validation import Body
from gateway.ports import Answer

DEFAULT_PER_PAGE = 50
LONGEST = 255
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _uuid(value: Any) -> UUID:
    if isinstance(value, str) and _UUID.fullmatch(value):
        return UUID(value)
    raise ValueError("Must be a UUID.")


def _moment(value: Any) -> datetime:
    sentence = "Must be a time as in RFC 3339, such as 2026-11-20T00:00:00Z."
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError(sentence)
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(sentence) from None


def day(value: str) -> date:
    """A day as in RFC 3339. Raises ValueError with the sentence for the caller."""
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("Must be a day such as 2026-11-20.")


_Id = Annotated[UUID, BeforeValidator(_uuid), WithJsonSchema({"type": "string", "format": "uuid"})]
_Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
_Name = Annotated[str, Field(min_length=1, max_length=LONGEST)]


_BY_IDS: JsonDict = {
    "required": ["ids"],
    "properties": {"ids": {"type": "array"}, "queue": {"type": "null"}, "reason": {"type": "null"}},
}
_BY_CAUSE: JsonDict = {
    "properties": {"ids": {"type": "null"}},
    "anyOf": [
        {"required": ["queue"], "properties": {"queue": {"type": "string"}}},
        {"required": ["reason"], "properties": {"reason": {"type": "string"}}},
    ],
}


class ReplayBody(Body):
    """Which letters: `ids`, or those with a `queue`, a `reason` or both."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [_BY_IDS, _BY_CAUSE]})

    ids: Annotated[list[_Id] | None, Field(min_length=1, max_length=MAX_LETTERS)] = None
    queue: _Name | None = None
    reason: _Name | None = None

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> "ReplayBody":
        if (self.ids is None) == (self.queue is None and self.reason is None):
            raise ValueError("Name ids, or a queue, a reason or both.")
        return self

    @property
    def which(self) -> ByIds | ByCause:
        return ByIds(tuple(self.ids)) if self.ids is not None else ByCause(self.queue, self.reason)


class PurgeBody(Body):
    """Every letter of `queue` that was parked before that time."""

    queue: _Name
    before: _Moment


def letter_id(value: str) -> UUID:
    """The id in a path. Raises `not-found` for what is not a UUID."""
    if not _UUID.fullmatch(value):
        raise Problem("not-found")
    return UUID(value)


def letter_filter(parameters: QueryParams) -> LetterFilter:
    """The list asked for. Raises `invalid-request` naming every wrong parameter."""
    query = Query(parameters)
    status = query.choice("status", list(LetterStatus)) or LetterStatus.OPEN
    queue, reason = query.text("queue", LONGEST), query.text("reason", LONGEST)
    page, per_page = _paging(query)
    query.check()
    return LetterFilter(queue, reason, LetterStatus(status), page, per_page)


def audit_filter(parameters: QueryParams) -> AuditFilter:
    """The same for the audit."""
    query = Query(parameters)
    actor, action, target = (query.text(name, LONGEST) for name in ("actor", "action", "target"))
    start, end = query.parsed("start_date", day), query.parsed("end_date", day)
    if start and end and end < start:
        query.wrong("end_date", "Must not be before start_date.")
    page, per_page = _paging(query)
    query.check()
    return AuditFilter(actor, action, target, start, end, page, per_page)


def _paging(query: Query) -> tuple[int, int]:
    page, per_page = query.integer("page", 1, LAST_PAGE), query.integer("per_page", 1, MAX_PER_PAGE)
    return page or 1, per_page or DEFAULT_PER_PAGE


def letter_page(found: LetterPage, asked: LetterFilter) -> dict[str, Any]:
    return {
        "data": [letter_body(letter) for letter in found.letters],
        "pagination": pagination(asked.page, asked.per_page, found.total),
    }


def letter_body(letter: Letter) -> dict[str, Any]:
    return {
        "id": str(letter.id),
        "queue": letter.queue,
        "origin": letter.origin,
        "event_id": str(letter.event_id) if letter.event_id else None,
        "event_type": redaction.text(letter.event_type) if letter.event_type else None,
        "job_id": str(letter.job_id) if letter.job_id else None,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "parked_at": moment(letter.parked_at),
        "replayed_at": moment(letter.replayed_at) if letter.replayed_at else None,
        "purged_at": moment(letter.purged_at) if letter.purged_at else None,
    }


def content_body(content: LetterContent) -> dict[str, Any]:
    """A letter with what it says; nothing that looks like a credential is shown."""
    purged = content.letter.purged_at is not None
    return letter_body(content.letter) | {
        "detail": redaction.text(content.detail),
        "job_status": content.job_status,
        "replayable": content.exact and content.letter.replayed_at is None and not purged,
        "payload": None if purged else redaction.payload(content.body),
        "headers": redaction.headers(content.headers),
    }


def replayed_one(sent: Sent) -> Answer:
    body = {
        "id": str(sent.id),
        "event_id": str(sent.event_id),
        "replayed_at": moment(sent.replayed_at),
        "job_status": sent.job_status,
    }
    return Answer(202, body)


def replayed_many(count: int) -> Answer:
    return Answer(202, {"replayed": count})


def purged_many(count: int) -> Answer:
    return Answer(200, {"purged": count})


def audit_page(found: AuditPage, asked: AuditFilter) -> dict[str, Any]:
    return {
        "data": [_entry(entry) for entry in found.entries],
        "pagination": pagination(asked.page, asked.per_page, found.total),
    }


def _entry(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "at": moment(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "before": entry.before,
        "after": entry.after,
    }
