"""Lists and many entities at once: sections 7 and 9."""

from tests.contracts.http.rows.row import ABSENT, MOVIES, PEOPLE, TITLES, UUID, Row, invalid, problem

_LIST = "GET /api/v1/{type}"
_BULK = "POST /api/v1/{type}/bulk"
_REVALIDATED = {"cache-control": "public, no-cache", "etag": str}
_TOO_MANY = ",".join(f"title-{number}" for number in range(51))

LISTS = (
    Row(
        *("7", "a page of what is stored", _LIST, 200),
        {
            "data.0.id": UUID,
            "data.0.slug": str,
            "data.0.{title}": str,
            "data.0._links.self.href": str,
            "data.0.{texts}": ABSENT,
            "data.0.default_{text}_id": str | None,
            "data.0.{texts}_count": int,
            "pagination.current_page": 1,
            "pagination.per_page": 50,
            "pagination.has_previous_page": False,
            "pagination.total": int,
            "pagination.next_cursor": str | None,
        },
        _REVALIDATED,
    ),
    Row(
        *("7", "the second page of one each", f"{_LIST}?page=2&per_page=1", 200),
        {
            "data.0": dict,
            "data.1": ABSENT,
            "pagination.current_page": 2,
            "pagination.per_page": 1,
            "pagination.has_next_page": True,
            "pagination.has_previous_page": True,
            "pagination.next_cursor": str,
        },
    ),
    Row(
        *("7", "a page past the end is empty, its totals true", f"{_LIST}?page=100000", 200),
        {"data": [], "pagination.total": int, "pagination.has_next_page": False, "pagination.current_page": 100000},
    ),
    Row("7", "a cursor is a page", f"{_LIST}?per_page=1&cursor={{cursor}}", 200, {"data.0.id": UUID, "data.1": ABSENT}),
    invalid("7", f"{_LIST}?page=1&cursor={{cursor}}", "cursor"),
    invalid("7", f"{_LIST}?cursor=x", "cursor"),
    invalid(
        "7", f"{_LIST}?page=0&per_page=101&sort=x&order=x&include=x", "page", "per_page", "sort", "order", "include"
    ),
    invalid("7", f"{_LIST}?page=x&per_page=0", "page", "per_page"),
    invalid("9", f"{_LIST}?year=1887&year_from=x&year_to=3000", "year", "year_from", "year_to", kinds=TITLES),
    invalid("9", f"{_LIST}?birth_year=1799&birth_year_to=3000", "birth_year", "birth_year_to", kinds=PEOPLE),
    Row(
        *("7", "titles ascend", "GET /api/v1/movies?sort=title&year_to=1990", 200),
        {"data.0.slug": "dune-1984", "data.1.slug": "jaws-1975"},
        kinds=MOVIES,
    ),
    Row(
        *("7", "years descend", "GET /api/v1/movies?sort=release_year&q=dune", 200),
        {"data.0.slug": "dune-2021", "data.1.slug": "dune-1984", "data.2": ABSENT, "pagination.total": 2},
        kinds=MOVIES,
    ),
    Row(
        "7",
        "unless asked otherwise",
        "GET /api/v1/movies?sort=release_year&order=asc",
        200,
        {"data.0.slug": "jaws-1975"},
        kinds=MOVIES,
    ),
    Row("9", "q finds a title", f"{_LIST}?q={{word}}&sort={{title}}", 200, {"data.0": dict, "pagination.total": int}),
    Row("9", "q finds people of a title", "GET /api/v1/movies?q=keanu", 200, {"data.0": dict}, kinds=MOVIES),
    Row("7", "% and _ are plain characters", f"{_LIST}?q=%25", 200, {"data": [], "pagination.total": 0}),
    Row("7", "filters are joined by and", f"{_LIST}?genre={{genre}},western", 200, {"data": []}, kinds=TITLES),
    Row(
        *("9", "a year and a genre", "GET /api/v1/movies?year=1999&genre=science-fiction&genre[]=action", 200),
        {"data.0.slug": "the-matrix-1999", "data.1": ABSENT},
        kinds=MOVIES,
    ),
    Row(
        *("9", "years of birth", "GET /api/v1/people?birth_year_from=1964&birth_year_to=1964", 200),
        {"data.0.slug": "keanu-reeves", "data.1": ABSENT},
        kinds=PEOPLE,
    ),
    Row("9", "texts on demand", f"{_LIST}?include={{texts}}&q={{word}}", 200, {"data.0.{texts}": list}),
    Row("5", "an unchanged list is 304", _LIST, 304, {}, _REVALIDATED, sent={"If-None-Match": "{etag}"}),
)

BULK = (
    Row(
        *("9", "many at once, in their order", "GET /api/v1/{type}?slugs={other},No-Such-Thing,{slug},{other}", 200),
        {
            "data.0.slug": "{other}",
            "data.1.slug": "{slug}",
            "data.2": ABSENT,
            "not_found": ["No-Such-Thing"],
            "count": 2,
            "requested_count": 4,
            "data.0.people": ABSENT,
            "data.0.movies": ABSENT,
        },
        _REVALIDATED,
    ),
    Row(
        *("9", "the same by POST", _BULK, 200),
        {"data.0.slug": "{slug}", "data.1": ABSENT, "count": 1, "requested_count": 2, "not_found": ["{unstored}"]},
        {"cache-control": "no-store"},
        body={"slugs": ["{slug}", "{unstored}"]},
    ),
    Row("9", "a former slug is resolved", f"{_BULK}", 200, {"data.0.slug": "{slug}"}, body={"slugs": ["{former}"]}),
    Row(
        *("9", "credits when they are named", _BULK, 200),
        {"data.0.people": list, "data.0.descriptions": list, "data.0.genres": list},
        body={"slugs": ["{slug}"], "include": ["people", "descriptions", "genres"]},
        kinds=TITLES,
    ),
    Row(
        "5",
        "an unchanged answer is 304",
        "GET /api/v1/{type}?slugs={slug}",
        304,
        {},
        _REVALIDATED,
        sent={"If-None-Match": "{etag}"},
    ),
    invalid("9", _BULK, "slugs", body={"slugs": []}),
    invalid("9", _BULK, "slugs", body={}),
    invalid("9", _BULK, "slugs", body={"slugs": [f"title-{number}" for number in range(51)]}),
    invalid("9", _BULK, "include.0", body={"slugs": ["{slug}"], "include": ["x"]}),
    invalid("9", _BULK, "slugs.1", body={"slugs": ["{slug}", ""]}),
    invalid("2", _BULK, "more", body={"slugs": ["{slug}"], "more": 1}),
    invalid("9", f"GET /api/v1/{{type}}?slugs={_TOO_MANY}", "slugs"),
    problem(
        "2",
        "a body that is not JSON",
        _BULK,
        400,
        "malformed-json",
        body=b"{",
        sent={"Content-Type": "application/json"},
    ),
    problem(
        "2", "another media type", _BULK, 415, "unsupported-media-type", body=b"{}", sent={"Content-Type": "text/plain"}
    ),
    problem(
        "2",
        "a body over 64 KiB",
        _BULK,
        413,
        "payload-too-large",
        body=b" " * 65537,
        sent={"Content-Type": "application/json"},
    ),
)

ROWS = (*LISTS, *BULK)
