"""Reading one entity: sections 9, 9.2 and 5, and what sections 2, 3 and 4 say of every request."""

from tests.contracts.http.rows.row import (
    ABSENT,
    MOVIES,
    PEOPLE,
    SECONDS,
    TIME,
    TITLES,
    UUID,
    Row,
    invalid,
    problem,
)

_ONE = "GET /api/v1/{type}/{slug}"
_NEW = "GET /api/v1/{type}/{unstored}"
_REVALIDATED = {"cache-control": "public, no-cache", "etag": str}
_ACCEPTED = {"job_id": UUID, "confidence": float, "links.self": str, "links.events": str, "links.cancel": str}
_QUEUED = {"location": str, "retry-after": SECONDS, "cache-control": "no-store"}
_NO_TEXT = "00000000-0000-4000-8000-000000000000"

DECISIONS = (
    Row("9.2 row 1", "a chosen slug that is stored is that entity", f"{_NEW}?slug={{slug}}", 200, {"slug": "{slug}"}),
    Row(
        "9.2 row 1",
        "a chosen candidate is queued",
        "GET /api/v1/{type}/{several}?slug={option}",
        202,
        {**_ACCEPTED, "slug": "{option}", "existing_id": ABSENT},
        _QUEUED,
        TITLES,
    ),
    problem(
        *("9.2 row 1", "a choice that is no candidate", "GET /api/v1/{type}/{several}?slug={one_more}"),
        *(404, "selection-not-found"),
        kinds=TITLES,
    ),
    Row(
        *("9.2 row 2", "a former slug moves, with its query", "GET /api/v1/{type}/{former}?locale=pl-PL", 301),
        headers={
            "location": "/api/v1/{type}/{slug}?locale=pl-PL",
            "cache-control": "public, max-age=60",
            "etag": ABSENT,
        },
    ),
    problem("9.2 row 3", "an id of no text", f"{_ONE}?{{text_id}}={_NO_TEXT}", 404, "text-not-found"),
    Row(
        "9.2 row 4",
        "any text will do",
        _ONE,
        200,
        {
            "id": UUID,
            "slug": "{slug}",
            "{title}": "{named}",
            "default_{text}.id": UUID,
            "{texts}_count": int,
            "{texts}": list,
            "selected_{text}": ABSENT,
            "locale": "en-US",
            "{title}_localized": str,
            "tagline": str | None,
            "summary": str | None,
            "synopsis": str | None,
            "tmdb_id": ABSENT,
            "created_at": TIME,
            "updated_at": TIME,
            "_links.self.href": "{url}/api/v1/{type}/{slug}",
            "_links.generate.method": "POST",
            "_links.generate.body": {"entity_type": "{kind}", "slug": "{slug}"},
            "_links.refresh.method": "POST",
            "_links.related.href": "{url}/api/v1/{type}/{slug}/related",
        },
        {**_REVALIDATED, "content-type": "application/json"},
    ),
    Row(
        *("9.2 row 4", "the text of a locale", f"{_ONE}?locale=pl_pl", 200),
        {"locale": "pl-PL", "selected_{text}.locale": "pl-PL", "selected_{text}.origin": str},
    ),
    Row(
        *("9.2 row 4", "an id wins over a locale", f"{_ONE}?locale=pl-PL&{{text_id}}={{default_text}}", 200),
        {"selected_{text}.id": "{default_text}", "selected_{text}.locale": "en-US"},
    ),
    Row(
        *("9.2 row 5", "an active job is joined", "GET /api/v1/{type}/{held}", 202),
        *({**_ACCEPTED, "job_id": "{held_job}", "status": "PENDING"}, _QUEUED),
    ),
    Row(
        *("9.2 row 6", "generation is off: what is there", f"{_ONE}?locale=fr-FR", 200),
        *({"selected_{text}": None, "{texts}": list}, _REVALIDATED),
        at="no-generation",
    ),
    Row(
        *("9.2 row 7", "a missing text is queued", f"{_ONE}?locale=es-ES", 202),
        *({**_ACCEPTED, "existing_id": "{id}", "{text_id}": "{default_text}", "locale": "es-ES"}, _QUEUED),
    ),
    problem("9.2 row 8", "generation is off", _NEW, 404, "entity-not-found", at="no-generation"),
    problem(
        *("9.2 row 9", "a hostile slug", "GET /api/v1/{type}/%3Cscript%3E", 400, "invalid-slug"),
        members={"reason": str, "confidence": int | float, "slug": str, "error": "Invalid slug format"},
    ),
    problem(
        *("9.2 row 9", "an implausible slug", "GET /api/v1/{type}/xxxxxxxxxxxxxxxx", 400, "invalid-slug"),
        members={"reason": "implausible"},
    ),
    Row(
        *("9.2 row 10", "nobody verifies: the job has to", "GET /api/v1/{type}/an-unheard-of-title-2001", 202),
        *(_ACCEPTED, _QUEUED),
        at="no-verification",
    ),
    problem(
        *("9.2 row 10", "the catalogue is away", "GET /api/v1/{type}/another-unheard-of-title-2001", 503),
        "dependency-unavailable",
        members={"dependency": "tmdb", "retry_after": int},
        headers={"retry-after": SECONDS},
        at="no-catalogue",
    ),
    Row(
        *("9.2 row 11", "one match is queued", f"{_NEW}?locale=de-DE", 202),
        {**_ACCEPTED, "slug": "{unstored}", "locale": "de-DE", "existing_id": ABSENT, "confidence_level": str},
        _QUEUED,
    ),
    Row(
        "9.2 row 11",
        "several matches are offered",
        "GET /api/v1/{type}/{several}",
        300,
        {
            "error": str,
            "message": str,
            "hint": str,
            "slug": "{several}",
            "options.1": dict,
            "count": int,
            "options.0.{title}": str,
            "options.0.overview": str | None,
            "options.0.{year}": int,
            "options.0.select_url": str,
        },
        {"content-type": "application/json", "cache-control": "no-store", "content-language": "en", "etag": ABSENT},
        TITLES,
    ),
    problem(
        *("9.2 row 12", "only another year", "GET /api/v1/{type}/{elsewhen}", 404, "year-mismatch"),
        members={"found.{title}": str, "found.year": int, "slug": "{elsewhen}", "error": "{label} not found"},
        kinds=TITLES,
    ),
    problem(
        *("9.2 row 12", "none, but something near", "GET /api/v1/{type}/{near}", 404, "entity-not-found"),
        members={"suggested_slugs.0.slug": str, "slug": "{near}", "error": "{label} not found"},
    ),
)

PARAMETERS = (
    invalid("9", f"{_ONE}?locale=x&{{text_id}}=x", "locale", "{text_id}"),
    Row("9", "an empty value is none, an unknown parameter nothing", f"{_ONE}?locale=&{{text_id}}=&x=y", 200),
    Row(
        *("8.2", "a spelling shows the canonical address", "GET /api/v1/{type}/{short}?locale=en-US", 200),
        {"slug": "{slug}"},
        {"content-location": "/api/v1/{type}/{slug}?locale=en-US"},
        TITLES,
    ),
    Row(
        *("8.2", "a name of several stored entities names the others", "GET /api/v1/movies/dune", 200),
        {
            "slug": "dune-2021",
            "_meta.ambiguous": True,
            "_meta.message": str,
            "_meta.alternatives.0.slug": "dune-1984",
            "_meta.alternatives.0.release_year": 1984,
            "_meta.alternatives.0.url": "{url}/api/v1/movies/dune-1984",
        },
        kinds=MOVIES,
    ),
    Row(
        *("8.2", "a film", _ONE, 200),
        {
            "release_year": 1999,
            "director": str,
            "genres": ["Action", "Science Fiction"],
            "director_localized": str,
            "people.0.role": str,
            "people.0.character_name": str | None,
            "_links.people.0.href": str,
        },
        kinds=MOVIES,
    ),
    Row(
        *("8.2", "a person", _ONE, 200),
        {
            "birth_date": "1964-09-02",
            "birthplace": str,
            "movies.0.title": str,
            "_links.movies.0.href": str,
            "genres": ABSENT,
        },
        kinds=PEOPLE,
    ),
)

CONDITIONS = (
    Row("5", "a known tag is 304 without a body", _ONE, 304, {}, _REVALIDATED, sent={"If-None-Match": "{etag}"}),
    Row("5", "a weak tag matches as well", _ONE, 304, {}, _REVALIDATED, sent={"If-None-Match": 'W/{etag}, "x"'}),
    Row("5", "another tag is 200", _ONE, 200, {"slug": "{slug}"}, _REVALIDATED, sent={"If-None-Match": '"x"'}),
    Row("2", "HEAD is GET without a body", "HEAD /api/v1/{type}/{slug}", 200, {}, _REVALIDATED),
    Row("2", "HEAD queues nothing", "HEAD /api/v1/{type}/{one_more}", 404, {}, {"cache-control": "no-store"}),
)

EVERYWHERE = (
    Row(
        *("2", "every answer says who it is", _ONE, 200),
        headers={
            "x-request-id": "0b3c39a5-5ee0-4c61-9d69-0d3a7dd7b7f6",
            "x-correlation-id": UUID,
            "x-trace-id": str,
            "x-content-type-options": "nosniff",
            "x-frame-options": "SAMEORIGIN",
            "vary": ABSENT,
            "referrer-policy": "strict-origin-when-cross-origin",
            "access-control-allow-origin": "*",
        },
        sent={"X-Request-ID": "0b3c39a5-5ee0-4c61-9d69-0d3a7dd7b7f6", "X-Correlation-ID": "no-uuid"},
    ),
    problem(
        *("3", "a wrong key is never downgraded", _ONE, 401, "unauthenticated"),
        members={"message": "Invalid API key", "error": "Unauthorized"},
        headers={"www-authenticate": 'Bearer realm="moviemind"'},
        sent={"X-API-Key": "mm_" + "x" * 43},
    ),
    problem(
        *("4", "problems speak the reader's language", _NEW, 404, "entity-not-found"),
        members={"title": str, "status": 404, "instance": str, "detail": str, "message": str},
        headers={"content-language": "pl"},
        sent={"Accept-Language": "pl;q=0.9, xx"},
        at="no-generation",
    ),
    problem("4", "no such route", "GET /api/v1/{type}/{slug}/nothing", 404, "not-found"),
    problem(
        *("4", "another method", "DELETE /api/v1/{type}/{slug}", 405, "method-not-allowed"),
        headers={"allow": "GET, HEAD"},
    ),
)

ROWS = (*DECISIONS, *PARAMETERS, *CONDITIONS, *EVERYWHERE)
