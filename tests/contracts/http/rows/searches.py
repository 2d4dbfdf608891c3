"""Search: section 9.1."""

from collections.abc import Mapping
from typing import Any

from tests.contracts.http.rows.row import ABSENT, MOVIES, PEOPLE, SHOWS, TITLES, Row, invalid, problem

_SEARCH = "GET /api/v1/{type}/search"
_LOCAL = f"{_SEARCH}?source=local"
_REVALIDATED = {"cache-control": "public, no-cache", "etag": str}
_NOTHING: Mapping[str, Any] = {
    "results": [],
    "total": 0,
    "local_count": 0,
    "external_count": 0,
    "match_type": "none",
    "confidence": 0,
}

ROWS = (
    Row(
        "9.1",
        "what is stored, without a word",
        _SEARCH,
        200,
        {
            "results.0.source": "local",
            "results.0.entity_type": "{kind}",
            "results.0.slug": str,
            "results.0.{title}": str,
            "results.0.has_{text}": bool,
            "results.0.overview": str | None,
            "external_status": "off",
            "external_count": 0,
            "pagination": ABSENT,
            "confidence": float,
            **{f"facets.{name}": list for name in ("type", "decade", "locale")},
        },
        _REVALIDATED,
    ),
    Row(
        *("9.1", "local first, then the catalogue", f"{_SEARCH}?q={{word}}", 200),
        {"results.0.source": "local", "external_status": "ok", "results.0.slug": "{slug}", "total": int},
    ),
    Row(
        "9.1",
        "external results lead to a detail",
        "GET /api/v1/movies/search?q=toy+story",
        200,
        {
            "results.0.source": "external",
            "results.0.needs_creation": True,
            "results.0.suggested_slug": str,
            "results.0.release_year": int,
            "local_count": 0,
            "external_status": "ok",
            "match_type": "ambiguous",
            "confidence": float,
            "results.0.slug": ABSENT,
            "results.0.created_at": ABSENT,
        },
        kinds=MOVIES,
    ),
    Row(
        *("9.1", "one result of that title is exact", f"{_LOCAL}&q={{named}}&local_limit=1", 200),
        {"match_type": "exact", "confidence": 1.0, "results.0.{title}": "{named}", "external_status": "off"},
        kinds=(*PEOPLE, *SHOWS),
    ),
    Row(
        *("9.1", "a letter too few", "GET /api/v1/movies/search?source=local&q=matrx", 200),
        {"results.0.slug": str, "results.1": dict, "results.2": dict, "local_count": 3, "match_type": "ambiguous"},
        kinds=MOVIES,
    ),
    Row(
        "9.1",
        "one result of another title is partial",
        f"{_LOCAL}&q=reloaded",
        200,
        {"match_type": "partial", "confidence": 0.7, "total": 1},
        kinds=MOVIES,
    ),
    Row(
        *("9.1", "pages when asked for", f"{_LOCAL}&page=2&per_page=1", 200),
        {
            "results.0": dict,
            "results.1": ABSENT,
            "pagination.page": 2,
            "pagination.current_page": 2,
            "pagination.total": int,
        },
    ),
    Row(
        "9.1",
        "limit is an old name of per_page",
        f"{_LOCAL}&page=1&limit=1",
        200,
        {"pagination.per_page": 1, "results.1": ABSENT},
    ),
    invalid("9.1", f"{_SEARCH}?page=1&cursor=x", "cursor"),
    problem("9.1", "nothing found", f"{_LOCAL}&q=qwrtzpsdfg", 404, "no-results", members=_NOTHING),
    Row(
        "9.1",
        "nothing found without a word",
        f"{_LOCAL}&genre=western",
        200,
        {**_NOTHING, "facets": dict},
        kinds=TITLES,
    ),
    Row(
        *("9.1", "the catalogue is away", f"{_SEARCH}?q={{named}}", 200),
        {"results.0.source": "local", "external_status": "unavailable", "external_count": 0},
        at="no-catalogue",
    ),
    Row("9.1", "an actor", f"{_LOCAL}&actor=Keanu+Reeves", 200, {"local_count": 3}, kinds=MOVIES),
    Row("9.1", "a director", f"{_LOCAL}&director=wachowski", 200, {"local_count": 3}, kinds=MOVIES),
    Row(
        "9.1",
        "a birthplace",
        f"{_LOCAL}&birthplace=beirut",
        200,
        {"results.0.slug": "keanu-reeves", "total": 1},
        kinds=PEOPLE,
    ),
    Row("9.1", "a part in a film", f"{_LOCAL}&movie=the-matrix-1999&role=DIRECTOR", 200, {"total": 2}, kinds=PEOPLE),
    Row("9.1", "a type of show", f"{_LOCAL}&show_type=GAME_SHOW", 200, {"results.0": dict}, kinds=SHOWS),
    Row(
        "9.1",
        "years and a genre",
        f"{_LOCAL}&year_from=1999&year_to=2003&genre=science-fiction",
        200,
        {"local_count": 3},
        kinds=MOVIES,
    ),
    Row("9.1", "a text in a locale", f"{_LOCAL}&has_text=pl-PL", 200, {"results.0.slug": "{slug}", "total": 1}),
    Row(
        "9.1",
        "a sort orders all",
        f"{_LOCAL}&sort=release_year&order=asc",
        200,
        {"results.0.slug": "jaws-1975"},
        kinds=MOVIES,
    ),
    Row(
        "9.1",
        "facets count all matches",
        f"{_LOCAL}&page=1&per_page=1&q=dune",
        200,
        {"facets.type": [{"value": "MOVIE", "count": 2}]},
        kinds=MOVIES,
    ),
    invalid(
        *("9.1", f"{_SEARCH}?source=x&sort=x&order=x&has_text=x&local_limit=0&external_limit=101&per_page=0"),
        *("source", "sort", "order", "has_text", "local_limit", "external_limit", "per_page"),
    ),
    invalid("9.1", f"{_SEARCH}?year=1887&director={'x' * 256}", "year", "director", kinds=MOVIES),
    invalid("9.1", f"{_SEARCH}?birth_year=1799&role=x", "birth_year", "role", kinds=PEOPLE),
    invalid("9.1", f"{_SEARCH}?show_type=x", "show_type", kinds=SHOWS),
    Row(
        *("5", "an unchanged search is 304", f"{_LOCAL}&q={{word}}", 304),
        headers=_REVALIDATED,
        sent={"If-None-Match": "{etag}"},
    ),
)
