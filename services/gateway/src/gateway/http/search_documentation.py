"""What the published contract says of searches."""

from typing import Any

from gateway.http import lists, search_queries
from gateway.http.documentation import Operation, Success
from gateway.http.entity_documentation import (
    IF_NONE_MATCH,
    REVALIDATED,
    UNCHANGED,
    Parameter,
    list_parameter,
    query_parameter,
    route,
)
from gateway.http.messages import plural
from gateway.http.schemas import Accepted
from gateway.http.search_schemas import SEARCHES
from gateway.usecases.search_results import DEFAULT_EXTERNAL, DEFAULT_PER_PAGE
from shared.entities import KINDS, EntityKind, Locale, Role, ShowType


def search(kind: EntityKind) -> dict[str, Any]:
    """Arguments of the search route."""
    year = lists.year_parameter(kind)
    years = {"type": "integer", "minimum": KINDS[kind].earliest_year}
    text = {"type": "string", "maxLength": lists.LONGEST_Q}
    upto = {"type": "integer", "minimum": 1, "maximum": search_queries.MAX_HITS}
    sorts = {"type": "string", "enum": list(search_queries.sorts(kind))}
    parameters = [
        query_parameter(
            "q",
            text,
            "Titles, names, and the people of titles; beginnings of words and small typing mistakes are found",
        ),
        *(query_parameter(name, years) for name in (year, f"{year}_from", f"{year}_to")),
        query_parameter("has_text", {"type": "string", "enum": list(Locale)}, "Only what has a text in that locale"),
        query_parameter(
            "source", {"type": "string", "enum": list(search_queries.SOURCES)}, "Search only here, or only TMDb"
        ),
        query_parameter("local_limit", upto, "At most so many stored results"),
        query_parameter("external_limit", upto | {"default": DEFAULT_EXTERNAL}, "At most so many results of TMDb"),
        query_parameter("page", {"type": "integer", "minimum": 1, "maximum": lists.LAST_PAGE}),
        query_parameter(
            "cursor",
            {"type": "string", "maxLength": search_queries.LONGEST_CURSOR},
            "The `next_cursor` of a page, instead of `page`",
        ),
        query_parameter("per_page", upto | {"default": DEFAULT_PER_PAGE}),
        query_parameter("limit", upto, "Use `per_page`") | {"deprecated": True},
        query_parameter(
            "sort", sorts, "By default what is stored comes first, the best match first, then what TMDb has"
        ),
        query_parameter(
            "order", {"type": "string", "enum": ["asc", "desc"]}, "By default `asc` for titles and names, else `desc`"
        ),
        *_own_filters(kind, text),
        IF_NONE_MATCH,
    ]
    operation = Operation(
        {
            200: Success("What is stored, then what TMDb has beside it", SEARCHES[kind], REVALIDATED),
            202: Success(
                "Nothing was found, but it exists under this name and is being written: the job is committed and readable",
                Accepted,
                {"Location": "the job", "Retry-After": "seconds"},
            ),
            304: UNCHANGED,
        },
        problems=("no-results", "quota-exceeded"),
        parameters=tuple(parameters),
    )
    return route(kind, "search", f"Search {plural(kind)}", operation)


def _own_filters(kind: EntityKind, text: dict[str, Any]) -> list[Parameter]:
    names = {"type": "string", "maxLength": lists.LONGEST_Q}
    genre = list_parameter("genre", {"type": "string"}, "Slugs of genres; all of them must fit")
    actor = list_parameter("actor", names, "Names; all of them must fit", most=search_queries.MAX_NAMES)
    match kind:
        case EntityKind.MOVIE:
            return [genre, actor, query_parameter("director", text)]
        case EntityKind.PERSON:
            movie = list_parameter(
                "movie", names, "Slugs of movies; one of them must fit", most=search_queries.MAX_NAMES
            )
            return [
                query_parameter("birthplace", text),
                list_parameter("role", {"type": "string", "enum": list(Role)}),
                movie,
            ]
        case EntityKind.TV_SERIES:
            return [genre, actor]
        case EntityKind.TV_SHOW:
            return [genre, actor, list_parameter("show_type", {"type": "string", "enum": list(ShowType)})]
