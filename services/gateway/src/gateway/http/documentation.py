"""What the published contract says of each operation beyond its signature."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from gateway.http import schemas
from gateway.http.event_stream import LAST_SEQUENCE
from gateway.http.generation_body import GenerationBody
from gateway.http.problems import MEDIA_TYPE, REGISTRY, Problem
from shared.jobs import JobStatus

_ANYWHERE = (
    "unauthenticated",
    "edge-token-required",
    "proxy-secret-invalid",
    "invalid-request",
    "internal-error",
    "dependency-unavailable",
)
_ADMIN_ANYWHERE = ("forbidden", *(name for name in _ANYWHERE if name != "proxy-secret-invalid"))
_WITH_BODY = ("malformed-json", "payload-too-large", "unsupported-media-type")
_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "schema": {"type": "string"},
    "description": "Of messages: en pl de fr es",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "pattern": r'^([A-Za-z0-9_:.\-]{8,255}|"[A-Za-z0-9_:.\-]{8,255}")$'},
    "description": "Bare or as a quoted string; good for 24 hours",
}
_PREFER = {"name": "Prefer", "in": "header", "schema": {"type": "string"}, "example": "wait=10"}
_SEE_HEADERS = {
    "X-Request-ID": "uuid",
    "X-Correlation-ID": "uuid",
    "X-Trace-ID": "32 hex digits",
    "Cache-Control": "`no-store` unless said otherwise",
}
_SAID = {"Content-Language": "of the sentences"}
_SHARED = {**_SEE_HEADERS, **_SAID}
_SOMETIMES = frozenset({"Content-Location", "Preference-Applied", "Idempotent-Replayed"})
_OF_PROBLEMS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": '`Bearer realm="moviemind"`'},
    409: {"Retry-After": "seconds, while the first request still runs"},
    429: {"Retry-After": "seconds"},
    503: {"Retry-After": "seconds"},
}


@dataclass(frozen=True, slots=True)
class Success:
    """One 2xx or 3xx answer. `optional` are headers that it may lack, beside those that depend on the request everywhere."""

    description: str
    model: type[BaseModel] | Any = None
    headers: Mapping[str, str] | None = None
    content: Mapping[str, Any] | None = None
    optional: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """The first status is the usual one."""

    successes: Mapping[int, Success]
    problems: tuple[str, ...] = ()
    parameters: tuple[Mapping[str, Any], ...] = ()
    body: Mapping[str, Any] | None = None
    needs_key: bool = False
    admin: bool = False


def documented(operation: Operation) -> dict[str, Any]:
    """Arguments of a route's decorator."""
    anywhere = _ADMIN_ANYWHERE if operation.admin else _ANYWHERE
    names = (*anywhere, *(_WITH_BODY if operation.body else ()), *operation.problems)
    extra: dict[str, Any] = {
        "parameters": [_LANGUAGE, *operation.parameters],
        "security": _security(operation),
    }
    if operation.body is not None:
        extra["requestBody"] = operation.body
    return {
        "status_code": next(iter(operation.successes)),
        "response_class": Response,
        "responses": {status: answer(success) for status, success in operation.successes.items()}
        | problem_responses(names),
        "openapi_extra": extra,
    }


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    if operation.admin:
        return [{"adminToken": []}, {"bearer": []}]
    return [{"apiKey": []}, {"bearer": []}, *([] if operation.needs_key else [{}])]


def problem_responses(names: tuple[str, ...]) -> dict[int | str, dict[str, Any]]:
    """Error answers by status, each with an example per registered type."""
    found: dict[int | str, dict[str, Any]] = {}
    for name in names:
        status = REGISTRY[name].status
        examples = found.setdefault(
            status,
            {
                "description": "Problem",
                "headers": _headers(
                    {**_SEE_HEADERS, **_SAID, **_OF_PROBLEMS.get(status, {})}, ("Retry-After",) if status == 409 else ()
                ),
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
            },
        )["content"][MEDIA_TYPE]["examples"]
        examples[name] = {"value": Problem(name).example()}
    for response in found.values():
        response["description"] = ", ".join(response["content"][MEDIA_TYPE]["examples"])
    return found


def answer(success: Success) -> dict[str, Any]:
    """What a route's `responses` say of one status."""
    headers = _headers({**_SEE_HEADERS, **(success.headers or {})}, success.optional)
    response: dict[str, Any] = {"description": success.description, "headers": headers}
    if success.model is not None:
        response["model"] = success.model
    if success.content is not None:
        response["content"] = success.content
    return response


def _headers(texts: Mapping[str, str], optional: Collection[str] = ()) -> dict[str, Any]:
    return {
        name: {"$ref": f"#/components/headers/{name}"}
        if _SHARED.get(name) == text
        else _header(text, required=name not in _SOMETIMES and name not in optional)
        for name, text in texts.items()
    }


def _header(text: str, *, required: bool) -> dict[str, Any]:
    return {"description": text, "schema": {"type": "string"}} | ({"required": True} if required else {})


def json_body(schema: Mapping[str, Any], *, required: bool, example: Any) -> dict[str, Any]:
    """A request body."""
    return {"required": required, "content": {"application/json": {"schema": schema, "example": example}}}


GENERATE = Operation(
    successes={
        202: Success(
            "Accepted: the job is committed and readable",
            schemas.Accepted | schemas.AcceptedMany,
            {
                "Location": "the job, when there is one",
                "Retry-After": "seconds",
                "Idempotent-Replayed": "`true` for a repetition",
                "Preference-Applied": "what was honoured of Prefer",
            },
            optional=("Location",),
        ),
        200: Success(
            "`Prefer: wait` and the job ended in time",
            schemas.Job | schemas.AcceptedMany,
            {
                "Content-Location": "the job",
                "Idempotent-Replayed": "`true` for a repetition",
                "Preference-Applied": "what was honoured of Prefer",
                **_SAID,
            },
        ),
    },
    problems=(
        "idempotency-key-invalid",
        "invalid-slug",
        "feature-not-available",
        "entity-not-found",
        "idempotency-key-in-use",
        "idempotency-key-reused",
    ),
    parameters=(IDEMPOTENCY_KEY, _PREFER),
    body=json_body(
        GenerationBody.model_json_schema(),
        required=True,
        example={"entity_type": "MOVIE", "slug": "the-matrix-1999", "locale": "en-US", "context_tag": "modern"},
    ),
    needs_key=True,
)
_JOB_HEADERS = {
    "ETag": "strong",
    "Cache-Control": "`private, no-cache`",
    "Vary": "what the document depends on",
    "Preference-Applied": "wait=N",
}
_UNTIL_THEN = {"Retry-After": "seconds, until the job has ended"}
JOB = Operation(
    successes={
        200: Success(
            "The stored state",
            schemas.Job,
            {**_JOB_HEADERS, **_SAID, **_UNTIL_THEN},
            optional=("Retry-After",),
        ),
        304: Success("As `If-None-Match` says; with `Prefer: wait` after that time", headers=_JOB_HEADERS),
    },
    problems=("job-not-found",),
    parameters=(_PREFER, {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}, "example": '"3-en"'}),
)
_EVENT = {
    "description": "One event",
    "type": "object",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "Its `sequence`"},
        "event": {"enum": [status.lower() for status in JobStatus]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/JobEvent"},
        },
    },
}
EVENTS = Operation(
    successes={
        200: Success(
            "A stream of transitions; it ends after the last one",
            headers={"X-Accel-Buffering": "`no`"},
            content={"text/event-stream": {"schema": _EVENT}},
        ),
        204: Success("The client already has the last event"),
    },
    problems=("job-not-found", "temporary-reduced-capacity"),
    parameters=tuple(
        {"name": name, "in": place, "schema": {"type": "integer", "minimum": 0, "maximum": LAST_SEQUENCE}}
        for name, place in (("Last-Event-ID", "header"), ("last_event_id", "query"))
    ),
)
CANCEL = Operation(
    successes={
        200: Success(
            "Cancelled, or left to its other callers (`detached`)",
            schemas.Job,
            {**_SAID, **_UNTIL_THEN},
            optional=("Retry-After",),
        )
    },
    problems=("forbidden", "job-not-found", "job-already-finished"),
    body=json_body({"type": "object", "additionalProperties": False}, required=False, example={}),
)


def complete(document: dict[str, Any], server: str) -> dict[str, Any]:
    """The framework's document with what it does not know: the error shape, the ways to authenticate, the server."""
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = schemas.Problem.model_json_schema()
    components["schemas"]["JobEvent"] = schemas.JobEvent.model_json_schema(ref_template="#/components/schemas/{model}")
    del components["schemas"]["JobEvent"]["$defs"]
    components["headers"] = {name: _header(text, required=True) for name, text in _SHARED.items()}
    components["securitySchemes"] = {
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "adminToken": {"type": "apiKey", "in": "header", "name": "X-Admin-Token"},
    }
    return document | {"servers": [{"url": server}]}
