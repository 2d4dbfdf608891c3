"""What the published contract says of each operation beyond its signature."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from gateway.http import schemas
from gateway.http.generation_body import GenerationBody
from gateway.http.problems import MEDIA_TYPE, REGISTRY, Problem

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
    "schema": {"type": "string", "minLength": 8, "maxLength": 257},
    "description": "8 to 255 of `A-Z a-z 0-9 _ - : .`, bare or as a quoted string; good for 24 hours",
}
_PREFER = {"name": "Prefer", "in": "header", "schema": {"type": "string"}, "example": "wait=10"}
_SEE_HEADERS = {"X-Request-ID": "uuid", "X-Correlation-ID": "uuid", "X-Trace-ID": "32 hex digits"}


@dataclass(frozen=True, slots=True)
class Success:
    """One 2xx or 3xx answer."""

    description: str
    model: type[BaseModel] | Any = None
    headers: Mapping[str, str] | None = None
    media_type: str | None = None


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
        "responses": {status: _success(success) for status, success in operation.successes.items()}
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
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
            },
        )["content"][MEDIA_TYPE]["examples"]
        examples[name] = {"value": Problem(name).example()}
    for response in found.values():
        response["description"] = ", ".join(response["content"][MEDIA_TYPE]["examples"])
    return found


def _success(success: Success) -> dict[str, Any]:
    headers = {**_SEE_HEADERS, **(success.headers or {})}
    response: dict[str, Any] = {
        "description": success.description,
        "headers": {name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()},
    }
    if success.model is not None:
        response["model"] = success.model
    if success.media_type is not None:
        response["content"] = {success.media_type: {"schema": {"type": "string"}}}
    return response


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
        ),
        200: Success(
            "`Prefer: wait` and the job ended in time",
            schemas.Job | schemas.AcceptedMany,
            {"Content-Location": "the job", "Preference-Applied": "what was honoured of Prefer"},
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
JOB = Operation(
    successes={
        200: Success(
            "The stored state",
            schemas.Job,
            {"ETag": "strong", "Retry-After": "seconds, until the job has ended", "Preference-Applied": "wait=N"},
        ),
        304: Success("As `If-None-Match` says; with `Prefer: wait` after that time", headers={"ETag": "strong"}),
    },
    problems=("job-not-found",),
    parameters=(_PREFER, {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}, "example": '"3-en"'}),
)
EVENTS = Operation(
    successes={
        200: Success("A stream of transitions; it ends after the last one", media_type="text/event-stream"),
        204: Success("The client already has the last event"),
    },
    problems=("job-not-found", "temporary-reduced-capacity"),
    parameters=({"name": "Last-Event-ID", "in": "header", "schema": {"type": "integer", "minimum": 0}},),
)
CANCEL = Operation(
    successes={200: Success("Cancelled, or left to its other callers (`detached`)", schemas.Job)},
    problems=("forbidden", "job-not-found", "job-already-finished"),
    body=json_body({"type": "object", "additionalProperties": False}, required=False, example={}),
)


def complete(document: dict[str, Any], server: str) -> dict[str, Any]:
    """The framework's document with what it does not know: the error shape, the ways to authenticate, the server."""
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = schemas.Problem.model_json_schema()
    components["securitySchemes"] = {
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "adminToken": {"type": "apiKey", "in": "header", "name": "X-Admin-Token"},
    }
    return document | {"servers": [{"url": server}]}
