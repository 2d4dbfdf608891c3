"""What the published contract says of related entities, collections and comparisons."""

from collections.abc import Iterable
from typing import Any

from gateway.http import related_queries as queries
from gateway.http import related_schemas as schemas
from gateway.http.documentation import Operation, Success
from gateway.http.entity_documentation import (
    IF_NONE_MATCH,
    REVALIDATED,
    UNCHANGED,
    list_parameter,
    query_parameter,
    route,
    slug_parameter,
)
from gateway.http.messages import plural
from gateway.related_ports import DEFAULT_RELATED, MAX_RELATED
from shared.entities import KINDS, EntityKind, Role


def related(kind: EntityKind) -> dict[str, Any]:
    """Arguments of the route of related entities."""
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_RELATED, "default": DEFAULT_RELATED}
    if kind is EntityKind.PERSON:
        types: Iterable[str] = queries.PEOPLE_TYPES
        role = {"type": "string", "enum": list(Role)}
        only = query_parameter(
            "collaborator_role", role, "What a collaborator did; without it, anything but what the person did"
        )
    else:
        types = queries.TITLE_TYPES
        only = list_parameter("genre", {"type": "string"}, "Slugs of genres; all of them must fit")
    parameters = (
        slug_parameter(),
        query_parameter("type", {"type": "string", "enum": list(types), "default": "all"}),
        only,
        query_parameter("limit", limit),
        IF_NONE_MATCH,
    )
    found = Success("What is stored and related to it, best first", schemas.RELATED[kind], REVALIDATED)
    operation = Operation({200: found, 304: UNCHANGED}, problems=("entity-not-found",), parameters=parameters)
    return route(kind, "read_related", f"Read what is related to a {KINDS[kind].label}", operation)


def collection() -> dict[str, Any]:
    """Arguments of the route of collections, which only movies have."""
    found = Success("Its stored movies, in the order of their release", schemas.MovieCollection, REVALIDATED)
    problems = ("entity-not-found", "collection-not-found")
    operation = Operation({200: found, 304: UNCHANGED}, problems=problems, parameters=(slug_parameter(), IF_NONE_MATCH))
    return route(EntityKind.MOVIE, "read_collection", "Read the collection of a movie", operation)


def comparison(kind: EntityKind) -> dict[str, Any]:
    """Arguments of the route of comparisons."""
    slugs = (query_parameter(name, {"type": "string"}) | {"required": True} for name in ("slug1", "slug2"))
    found = Success("What they have in common", schemas.COMPARISONS[kind], REVALIDATED)
    operation = Operation(
        {200: found, 304: UNCHANGED}, problems=("entity-not-found",), parameters=(*slugs, IF_NONE_MATCH)
    )
    return route(kind, "compare", f"Compare two {plural(kind)}", operation)
