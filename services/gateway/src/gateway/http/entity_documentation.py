"""What the published contract says of the routes of entities."""

from typing import Any

from gateway.http import entity_schemas as schemas
from gateway.http.documentation import IDEMPOTENCY_KEY, Operation, Success, documented
from gateway.http.messages import plural
from gateway.http.problems import MEDIA_TYPE, Problem
from gateway.http.schemas import Accepted
from shared.entities import KINDS, EntityKind, Locale

Parameter = dict[str, Any]
REVALIDATED = {"ETag": "strong", "Cache-Control": "`public, no-cache`"}
UNCHANGED = Success("As `If-None-Match` says", headers=REVALIDATED)
IF_NONE_MATCH: Parameter = {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}}


def detail(kind: EntityKind) -> dict[str, Any]:
    """Arguments of the detail route."""
    names = KINDS[kind]
    shown = Success(
        f"The {names.label}, with all its current texts",
        schemas.DETAILS[kind],
        REVALIDATED | {"Content-Location": "its own address, when another spelling was asked for"},
    )
    operation = Operation(
        {
            200: shown,
            202: Success(
                "The wanted text is being written: the job is committed and readable",
                Accepted,
                {"Location": "the job", "Retry-After": "seconds"},
            ),
            300: Success("Several match: choose one", schemas.Choices, {"Content-Language": "of the sentences"}),
            301: Success(
                "A former slug",
                headers={"Location": "the canonical one, query kept", "Cache-Control": "`public, max-age=60`"},
            ),
            304: UNCHANGED,
        },
        problems=(
            "invalid-slug",
            "entity-not-found",
            "year-mismatch",
            "text-not-found",
            "selection-not-found",
            "quota-exceeded",
        ),
        parameters=(
            slug_parameter(),
            query_parameter("locale", {"type": "string", "enum": list(Locale)}, "Selects the text of that locale"),
            query_parameter(names.text_id_member, {"type": "string", "format": "uuid"}, "Selects that text"),
            query_parameter("slug", {"type": "string"}, "The option chosen from a 300"),
            IF_NONE_MATCH,
        ),
    )
    return route(kind, "read", f"Read a {names.label}", operation)


def refresh(kind: EntityKind) -> dict[str, Any]:
    """Arguments of the refresh route."""
    names = KINDS[kind]
    applied = {"Preference-Applied": "what was honoured of Prefer", "Idempotent-Replayed": "`true` for a repetition"}
    operation = Operation(
        {
            200: Success("The facts are up to date, and every later read shows them", schemas.Refreshed, applied),
            202: Success(
                "Not in time: the job goes on",
                schemas.RefreshAccepted,
                applied | {"Location": "the job", "Retry-After": "seconds"},
            ),
        },
        problems=(
            "idempotency-key-invalid",
            "entity-not-found",
            "snapshot-not-found",
            "conflict",
            "idempotency-key-in-use",
            "idempotency-key-reused",
            "upstream-failed",
        ),
        parameters=(
            {"name": "Prefer", "in": "header", "schema": {"type": "string"}, "example": "respond-async"},
            IDEMPOTENCY_KEY,
        ),
        body={
            "required": False,
            "content": {
                "application/json": {"schema": {"type": "object", "additionalProperties": False}, "example": {}}
            },
        },
    )
    return route(kind, "refresh", f"Renew the facts of a {names.label}", operation)


def route(kind: EntityKind, verb: str, summary: str, operation: Operation) -> dict[str, Any]:
    names, route = KINDS[kind], documented(operation)
    for response in route["responses"].values():
        for name, example in response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}).items():
            example["value"] = Problem(name, kind=kind).example()
    return route | {
        "operation_id": f"{verb}_{names.path.replace('-', '_')}",
        "summary": summary,
        "tags": [plural(kind)[0].upper() + plural(kind)[1:]],
    }


def slug_parameter() -> Parameter:
    return {"name": "slug", "in": "path", "required": True, "schema": {"type": "string"}, "example": "the-matrix-1999"}


def query_parameter(name: str, schema: dict[str, Any], description: str = "") -> Parameter:
    found: Parameter = {"name": name, "in": "query", "schema": schema}
    return found | ({"description": description} if description else {})


def list_parameter(name: str, items: dict[str, Any], description: str = "", *, most: int = 50) -> Parameter:
    """A query parameter of several values."""
    return query_parameter(name, {"type": "array", "items": items, "maxItems": most}, description) | {"explode": False}
