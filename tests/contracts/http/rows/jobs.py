"""Refresh and reading jobs: sections 9 and 10."""

from tests.contracts.http.rows.row import ABSENT, MOVIES, PEOPLE, SECONDS, TIME, UUID, Row, invalid, problem

_REFRESH = "POST /api/v1/{type}/{slug}/refresh"
_JOB = "GET /api/v1/jobs/{job}"
_ASYNC = {"Prefer": "respond-async"}
_PRIVATE = {"cache-control": "private, no-cache", "etag": str, "vary": str}

REFRESHES = (
    Row(
        *("9", "the facts are renewed", _REFRESH, 200),
        {"message": str, "slug": "{slug}", "{one}_id": "{id}", "tmdb_id": int, "refreshed_at": TIME},
        {"cache-control": "no-store"},
    ),
    Row(
        *("5", "nobody has to wait", _REFRESH, 202),
        {"job_id": UUID, "status": str, "message": str, "slug": "{slug}", "{one}_id": "{id}", "links.self": str},
        {"location": str, "retry-after": SECONDS, "preference-applied": "respond-async", "cache-control": "no-store"},
        sent=_ASYNC,
    ),
    Row(
        *("5", "a repetition is the first answer", _REFRESH, 202),
        {"job_id": "{refresh_job}"},
        {"idempotent-replayed": "true", "location": "/api/v1/jobs/{refresh_job}"},
        sent={**_ASYNC, "Idempotency-Key": "refresh-of-{type}"},
    ),
    problem(
        *("5", "another request under that key", "POST /api/v1/{type}/{other}/refresh", 422, "idempotency-key-reused"),
        sent={**_ASYNC, "Idempotency-Key": "refresh-of-{type}"},
    ),
    problem("5", "a key that is none", _REFRESH, 400, "idempotency-key-invalid", sent={"Idempotency-Key": "short"}),
    invalid("2", _REFRESH, "more", body={"more": 1}),
    problem("9", "of nothing stored", "POST /api/v1/{type}/{unstored}/refresh", 404, "entity-not-found"),
    problem(
        *("4", "of somebody known from credits only", "POST /api/v1/people/laurence-fishburne/refresh", 404),
        "snapshot-not-found",
        kinds=PEOPLE,
    ),
)

JOBS = (
    Row(
        "8.3",
        "a job that is done",
        _JOB,
        200,
        {
            "job_id": "{job}",
            "kind": "generation",
            "status": "DONE",
            "entity": "{kind}",
            "slug": "{slug}",
            "form": "{form}",
            "locale": "en-US",
            "id": "{id}",
            "entity_id": "{id}",
            "text_id": UUID,
            "{text_id}": UUID,
            "became_default": bool,
            "attempt": int,
            "max_attempts": 3,
            "sequence": int,
            "created_at": TIME,
            "finished_at": TIME,
            "next_attempt_at": None,
            "superseded_by": None,
            "error": None,
            "transitions.0.status": "PENDING",
            "transitions.0.actor": "gateway",
            "transitions.0.sequence": 1,
            "links.entity": "{url}/api/v1/{type}/{slug}",
            "links.cancel": str,
        },
        {**_PRIVATE, "retry-after": ABSENT},
    ),
    Row("10", "it has not changed", _JOB, 304, {}, _PRIVATE, sent={"If-None-Match": "{etag}"}),
    Row(
        *("10", "a wait that ends at once", _JOB, 200, {"status": "DONE"}, {"preference-applied": "wait=30"}),
        sent={"Prefer": "wait=99"},
    ),
    Row(
        *("10", "a wait whose time is up", "GET /api/v1/jobs/{held_job}", 200),
        {"status": "PENDING", "links.entity": ABSENT},
        {"preference-applied": "wait=1", "retry-after": SECONDS},
        sent={"Prefer": "wait=1"},
        kinds=MOVIES,
    ),
    Row(
        *("8.4", "a job that failed", "GET /api/v1/jobs/{failed_job}", 200),
        {
            "status": "FAILED",
            "entity_id": None,
            "error.type": "NOT_FOUND",
            "error.message": str,
            "error.technical_message": str,
            "error.suggested_slugs.0.slug": "the-matrix-1999",
        },
        {"content-language": "pl"},
        MOVIES,
        sent={"Accept-Language": "pl"},
    ),
    problem(
        *("4", "no such job", "GET /api/v1/jobs/00000000-0000-4000-8000-000000000000", 404, "job-not-found"),
        members={"status": "UNKNOWN", "job_id": "00000000-0000-4000-8000-000000000000"},
        kinds=MOVIES,
    ),
    problem(
        "4",
        "no id of a job",
        "GET /api/v1/jobs/x",
        404,
        "job-not-found",
        members={"status": "UNKNOWN", "job_id": "x"},
        kinds=MOVIES,
    ),
    Row(
        *("10", "its steps as a stream", "GET /api/v1/jobs/{job}/events", 200),
        headers={
            "content-type": "text/event-stream; charset=utf-8",
            "x-accel-buffering": "no",
            "cache-control": "no-store",
        },
    ),
    Row("10", "a stream that has ended", "GET /api/v1/jobs/{job}/events?last_event_id=99", 204, kinds=MOVIES),
    invalid("10", "GET /api/v1/jobs/{job}/events?last_event_id=x", "last_event_id", kinds=MOVIES),
    problem(
        "10",
        "cancelled too late",
        "POST /api/v1/jobs/{job}/cancel",
        409,
        "job-already-finished",
        members={"job_status": "DONE"},
        kinds=MOVIES,
    ),
)

ROWS = (*REFRESHES, *JOBS)
