"""What the published contract says of the routes of entities."""

from typing import Any

from gateway.http import entity_schemas as schemas
from gateway.http import lists
from gateway.http.documentation import Operation, Success, documented
from gateway.http.problems import MEDIA_TYPE, Problem
from gateway.http.schemas import Accepted
from shared.entities import KINDS, EntityKind, Locale

Parameter = dict[str, Any]
_REVALIDATED = {"ETag": "strong", "Cache-Control": "`public, no-cache`"}
_UNCHANGED = Success("As `If-None-Match` says", headers=_REVALIDATED)
_IF_NONE_MATCH: Parameter = {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}}


def listing(kind: EntityKind) -> dict[str, Any]:
    """Arguments of the list route."""
    names, year = KINDS[kind], lists.year_parameter(kind)
    years = {"type": "integer", "minimum": names.earliest_year}
    parameters = [
        _query("page", {"type": "integer", "minimum": 1, "maximum": lists.LAST_PAGE, "default": 1}),
        _query(
            "per_page",
            {"type": "integer", "minimum": 1, "maximum": lists.MAX_PER_PAGE, "default": lists.DEFAULT_PER_PAGE},
        ),
        _query("sort", {"type": "string", "enum": list(lists.sorts(kind)), "default": "created_at"}),
        _query(
            "order", {"type": "string", "enum": ["asc", "desc"]}, f"By default `asc` for `{names.title}`, else `desc`"
        ),
        _query(
            "q", {"type": "string", "maxLength": lists.LONGEST_Q}, "Part of the title; case and accents do not matter"
        ),
        *(_query(name, years) for name in (year, f"{year}_from", f"{year}_to")),
        _list("include", {"type": "string", "enum": list(lists.includes(kind))}),
        _IF_NONE_MATCH,
    ]
    if kind is not EntityKind.PERSON:
        parameters.append(_list("genre", {"type": "string"}, "Slugs of genres; all of them must fit"))
    page = Success("One page of what is stored", schemas.PAGES[kind], _REVALIDATED)
    operation = Operation({200: page, 304: _UNCHANGED}, parameters=tuple(parameters))
    return _route(kind, "list", f"List {_plural(kind)}", operation)


def detail(kind: EntityKind) -> dict[str, Any]:
    """Arguments of the detail route."""
    names = KINDS[kind]
    shown = Success(
        f"The {names.label}, with all its current texts",
        schemas.DETAILS[kind],
        _REVALIDATED | {"Content-Location": "its own address, when another spelling was asked for"},
    )
    operation = Operation(
        {
            200: shown,
            202: Success(
                "The wanted text is being written: the job is committed and readable",
                Accepted,
                {"Location": "the job", "Retry-After": "seconds"},
            ),
            300: Success("Several match: choose one", schemas.Choices),
            301: Success("A former slug", headers={"Location": "the canonical one, query kept"}),
            304: _UNCHANGED,
        },
        problems=(
            "invalid-slug",
            "entity-not-found",
            "year-mismatch",
            "text-not-found",
            "selection-not-found",
        ),
        parameters=(
            _slug(),
            _query("locale", {"type": "string", "enum": list(Locale)}, "Selects the text of that locale"),
            _query(names.text_id_member, {"type": "string", "format": "uuid"}, "Selects that text"),
            _query("slug", {"type": "string"}, "The option chosen from a 300"),
            _IF_NONE_MATCH,
        ),
    )
    return _route(kind, "read", f"Read a {names.label}", operation)


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
            {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "minLength": 8, "maxLength": 257}},
        ),
        body={
            "required": False,
            "content": {
                "application/json": {"schema": {"type": "object", "additionalProperties": False}, "example": {}}
            },
        },
    )
    return _route(kind, "refresh", f"Renew the facts of a {names.label}", operation)


def _route(kind: EntityKind, verb: str, summary: str, operation: Operation) -> dict[str, Any]:
    names, route = KINDS[kind], documented(operation)
    for response in route["responses"].values():
        for name, example in response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}).items():
            example["value"] = Problem(name, kind=kind).example()
    return route | {
        "operation_id": f"{verb}_{names.path.replace('-', '_')}",
        "summary": summary,
        "tags": [_plural(kind)[0].upper() + _plural(kind)[1:]],
    }


def _plural(kind: EntityKind) -> str:
    return KINDS[kind].path.replace("tv-", "TV ")


def _slug() -> Parameter:
    return {"name": "slug", "in": "path", "required": True, "schema": {"type": "string"}, "example": "the-matrix-1999"}


def _query(name: str, schema: dict[str, Any], description: str = "") -> Parameter:
    found: Parameter = {"name": name, "in": "query", "schema": schema}
    return found | ({"description": description} if description else {})


def _list(name: str, items: dict[str, Any], description: str = "") -> Parameter:
    return _query(name, {"type": "array", "items": items, "maxItems": 50}, description) | {"explode": False}
