"""What the published contract says of lists and bulk reads."""

from typing import Any

from gateway.http import bulk_schemas, cursors, lists
from gateway.http import entity_schemas as schemas
from gateway.http.documentation import Operation, Success, json_body
from gateway.http.entity_documentation import (
    IF_NONE_MATCH,
    REVALIDATED,
    UNCHANGED,
    list_parameter,
    query_parameter,
    route,
)
from gateway.http.messages import plural
from shared.entities import KINDS, EntityKind

_NEVER_QUEUES = "What is not stored is in `not_found`: nothing is looked up elsewhere and no job is started"


def listing(kind: EntityKind) -> dict[str, Any]:
    """Arguments of the list route."""
    names, year = KINDS[kind], lists.year_parameter(kind)
    years = {"type": "integer", "minimum": names.earliest_year}
    found_in = "names and the titles of a person" if kind is EntityKind.PERSON else "titles, credited people and genres"
    parameters = [
        query_parameter(
            "q",
            {"type": "string", "maxLength": lists.LONGEST_Q},
            f"Beginnings of words in {found_in}, all of which must be found; case and accents do not matter",
        ),
        *(query_parameter(name, years) for name in (year, f"{year}_from", f"{year}_to")),
        query_parameter("sort", {"type": "string", "enum": list(lists.sorts(kind)), "default": "created_at"}),
        query_parameter(
            "order", {"type": "string", "enum": ["asc", "desc"]}, f"By default `asc` for `{names.title}`, else `desc`"
        ),
        query_parameter("page", {"type": "integer", "minimum": 1, "maximum": lists.LAST_PAGE, "default": 1}),
        query_parameter(
            "cursor",
            {"type": "string", "maxLength": cursors.LONGEST},
            "`next_cursor` of a page in the same order, instead of `page`: nothing is repeated or skipped while entities are added",
        ),
        query_parameter(
            "per_page",
            {"type": "integer", "minimum": 1, "maximum": lists.MAX_PER_PAGE, "default": lists.DEFAULT_PER_PAGE},
        ),
        _include(kind),
        list_parameter(
            "slugs",
            {"type": "string"},
            f"These instead of a page, in this order; only `include` counts beside it. {_NEVER_QUEUES}",
            most=lists.MAX_SLUGS,
        ),
        IF_NONE_MATCH,
    ]
    if kind is not EntityKind.PERSON:
        parameters.append(list_parameter("genre", {"type": "string"}, "Slugs of genres; all of them must fit"))
    answers = schemas.PAGES[kind] | bulk_schemas.BULKS[kind]
    page = Success("One page of what is stored; with `slugs` what they name", answers, REVALIDATED)
    operation = Operation({200: page, 304: UNCHANGED}, parameters=tuple(parameters))
    return route(kind, "list", f"List {plural(kind)}", operation)


def bulk(kind: EntityKind) -> dict[str, Any]:
    """Arguments of the bulk route."""
    schema = lists.BulkBody.model_json_schema()
    schema["properties"]["slugs"] |= {"minItems": 1, "maxItems": lists.MAX_SLUGS}
    schema["properties"]["include"]["items"] = {"type": "string", "enum": list(lists.includes(kind))}
    example = {"slugs": ["the-matrix-1999", "heat-1995"], "include": [lists.includes(kind)[0]]}
    operation = Operation(
        {200: Success(f"What the slugs name, in their order. {_NEVER_QUEUES}", bulk_schemas.BULKS[kind])},
        body=json_body(schema, required=True, example=example),
    )
    return route(kind, "read_many", f"Read several {plural(kind)}", operation)


def _include(kind: EntityKind) -> dict[str, Any]:
    return list_parameter("include", {"type": "string", "enum": list(lists.includes(kind))})
