"""What a database looks like in which an invariant does not hold, and in which it only seems so."""

from sqlalchemy import text

from shared.db.engine import Database, Transaction

COPY_OF_THE_TEXT = """
INSERT INTO texts (id, entity_id, form, locale, context_tag, origin, text, version, accepted_seq, job_id, archived_at)
SELECT gen_random_uuid(), entity_id, form, locale, context_tag, origin, text, version + 1, accepted_seq + {later}, {job}, now() FROM texts
"""
COPY_OF_THE_WAITING_JOB = """
INSERT INTO jobs (id, kind, entity_kind, slug, requested_slug, form, locale, status, max_attempts, dedupe_key, deadline_at, event_id,
                  event_type, caller)
SELECT gen_random_uuid(), kind, entity_kind, slug, requested_slug, form, locale, 'PROCESSING', 3, dedupe_key, deadline_at, event_id,
       event_type, caller
FROM jobs WHERE status = 'PENDING'
"""
RECORD_OF_THE_COPY = """
INSERT INTO job_transitions (job_id, sequence, to_status, attempt, actor)
SELECT id, 1, 'PENDING', 0, 'tests' FROM jobs WHERE NOT EXISTS (SELECT FROM job_transitions WHERE job_id = jobs.id)
"""
SECOND_DEFAULT = """
INSERT INTO jobs (id, kind, entity_kind, slug, requested_slug, entity_id, form, locale, status, max_attempts, dedupe_key, deadline_at,
                  event_id, event_type, caller, result)
SELECT gen_random_uuid(), kind, entity_kind, slug, requested_slug, entity_id, form, 'de-DE', 'DONE', 3, gen_random_uuid(), deadline_at,
       gen_random_uuid(), event_type, caller, result
FROM jobs WHERE status = 'DONE' AND kind = 'generation'
"""
CALLS = """
INSERT INTO ai_calls (id, job_id, step, attempt, model, prompt_hash, prompt_version, outcome)
SELECT gen_random_uuid(), id, 'write', 1, 'm', 'h', 'v1', outcome
FROM jobs, unnest(ARRAY['ok', 'unknown', 'error', {more}]) AS calls (outcome) WHERE status = 'DONE' AND kind = 'generation'
"""
BOOK = """
INSERT INTO ai_budgets (scope, day, calls, reserved_usd, spent_usd, allowed_calls, allowed_usd)
VALUES ('all', CAST(now() AT TIME ZONE 'UTC' AS date), {calls}, {reserved}, {spent}, {allowed_calls}, {allowed_usd})
"""
PAID_CALLS = """
INSERT INTO ai_calls (id, job_id, step, attempt, model, prompt_hash, prompt_version, outcome, reserved_usd, cost_usd)
SELECT gen_random_uuid(), id, 'write', 1, 'm', 'h', 'v1', outcome, 0.5, CASE outcome WHEN 'ok' THEN 0.125 END
FROM jobs, unnest(ARRAY['ok', 'unknown', 'error', 'throttled']) AS calls (outcome) WHERE status = 'DONE' AND kind = 'generation'
"""
LETTER = """
INSERT INTO dead_letters (id, queue, origin, reason) VALUES (gen_random_uuid(), 'generator.generation-requested', '{origin}', '{reason}')
"""
HONEST = {"calls": 3, "reserved": 0.5, "spent": 0.625, "allowed_calls": 3, "allowed_usd": 1.125}
"""The book of PAID_CALLS."""
PLANTED = [
    ("I1", "1 jobs are past their deadline", ["UPDATE jobs SET deadline_at = now() - interval '31 seconds'"]),
    (
        "I2",
        "1 jobs have more than one text",
        ["ALTER TABLE texts DROP CONSTRAINT uq_texts_job_id", COPY_OF_THE_TEXT.format(later=0, job="job_id")],
    ),
    (
        "I2",
        "1 texts were left by jobs that are not DONE",
        [COPY_OF_THE_TEXT.format(later=0, job="(SELECT id FROM jobs WHERE status = 'PENDING')")],
    ),
    ("I2", "1 DONE generations name a text", ["UPDATE jobs SET result = result - 'text_id' WHERE kind = 'generation'"]),
    ("I3", "1 unique indexes are missing", ["DROP INDEX uq_jobs_active_dedupe_key"]),
    (
        "I3",
        "1 unique indexes are missing",
        ["ALTER TABLE idempotency_keys DROP CONSTRAINT pk_idempotency_keys"],
    ),
    (
        "I3",
        "1 identities have more than one active job",
        ["DROP INDEX uq_jobs_active_dedupe_key", COPY_OF_THE_WAITING_JOB, RECORD_OF_THE_COPY],
    ),
    (
        "I4",
        "1 transitions leave DONE",
        [
            "UPDATE job_transitions SET from_status = 'DONE' WHERE actor = 'tmdb-sync' AND to_status = 'PROCESSING'",
        ],
    ),
    (
        "I4",
        "1 jobs changed after they had ended",
        ["UPDATE jobs SET status = 'PROCESSING', lease_until = now() + interval '30 seconds' WHERE kind = 'refresh'"],
    ),
    ("I4", "1 jobs changed after they had ended", ["UPDATE jobs SET sequence = sequence + 1 WHERE kind = 'refresh'"]),
    (
        "I5",
        "1 texts are shown although one that was accepted later",
        [
            COPY_OF_THE_TEXT.format(later=1, job="(SELECT id FROM jobs WHERE status = 'PENDING')"),
            "UPDATE texts SET job_id = NULL WHERE archived_at IS NULL",
            "UPDATE texts SET job_id = jobs.id FROM jobs WHERE archived_at IS NOT NULL AND status = 'DONE' AND kind = 'generation'",
        ],
    ),
    ("I5", "1 entities were given a default by two jobs", [SECOND_DEFAULT, RECORD_OF_THE_COPY]),
    (
        "I5",
        "1 entities have a default text that is archived",
        ["UPDATE texts SET archived_at = now()"],
    ),
    (
        "I5",
        "1 refreshed entities hold facts that are older",
        ["UPDATE tmdb_snapshots SET fetched_at = fetched_at - interval '1 second'"],
    ),
    ("I6", "3 events have been due for too long", ["UPDATE outbox SET available_at = now() - interval '31 seconds'"]),
    (
        "I6",
        "1 events are refused",
        [
            "UPDATE outbox SET attempts = 5, available_at = now() + interval '1 minute' WHERE type = 'generation.requested'"
        ],
    ),
    ("I7", "1 dead letters have no reason", [LETTER.format(origin="handler", reason="")]),
    ("I8", "1 jobs made more calls", [CALLS.format(more="'unknown'")]),
    *(
        ("I8", sentence, [PAID_CALLS, BOOK.format(**{**HONEST, **wrong})])
        for sentence, wrong in (
            ("1 days of callers, or of all, came to more", {"allowed_calls": 2}),
            ("1 days of callers, or of all, came to more", {"allowed_usd": 1.12}),
            ("1 days of callers, or of all, have other sums", {"calls": 4}),
            ("1 days of callers, or of all, have other sums", {"spent": 0.626}),
            ("1 days of callers, or of all, have other sums", {"reserved": 1}),
        )
    ),
    ("I8", "1 days of callers, or of all, have less than nothing", [BOOK.format(**{**HONEST, "reserved": -0.5})]),
    (
        "I10",
        "1 answers are kept under a key",
        ["UPDATE idempotency_keys SET job_ids = job_ids || gen_random_uuid()"],
    ),
    ("I10", "1 answers are kept under a key", ["UPDATE idempotency_keys SET job_ids = '{}'"]),
    ("I10", "1 keys are taken by requests that accepted nothing", ["UPDATE idempotency_keys SET status = 0"]),
    (
        "I10",
        "1 jobs have no record of their acceptance",
        ["DELETE FROM job_transitions WHERE job_id = (SELECT id FROM jobs WHERE status = 'PENDING')"],
    ),
]
HARMLESS = [
    ["UPDATE jobs SET deadline_at = now() - interval '10 seconds'"],  # the sweep is on its way
    [COPY_OF_THE_TEXT.format(later=-100, job="NULL")],  # a late older text, kept archived
    [CALLS.format(more="'throttled'")],
    [PAID_CALLS, BOOK.format(**HONEST)],
    [
        CALLS.format(more="'throttled'"),
        PAID_CALLS.replace("'ok', 'unknown', 'error', ", ""),
        BOOK.format(calls=0, reserved=0, spent=0, allowed_calls="NULL", allowed_usd="NULL"),
    ],  # calls from before there were budgets
    ["UPDATE outbox SET attempts = 4, available_at = now() - interval '10 seconds'"],
    [LETTER.format(origin="handler", reason="VALIDATION_ERROR")],
    ["UPDATE idempotency_keys SET expires_at = now() - interval '1 second', job_ids = '{}'"],
    ["UPDATE idempotency_keys SET caller = 'admin:token', job_ids = '{}'"],  # a replay of dead letters creates no job
]

A_MONTH = [
    """
    INSERT INTO jobs (id, kind, entity_kind, slug, requested_slug, form, locale, context_tag, status, max_attempts, sequence, dedupe_key,
                      deadline_at, event_id, event_type, caller, created_at)
    SELECT gen_random_uuid(), 'generation', 'MOVIE', 's' || n, 's' || n, 'DESCRIPTION', 'en-US', 'DEFAULT', 'DONE', 3, 3,
           gen_random_uuid(), now(), gen_random_uuid(), 'generation.requested', 'c', now() - n * interval '2 minutes'
    FROM generate_series(1, 20000) AS n
    """,
    """
    INSERT INTO job_transitions (job_id, sequence, from_status, to_status, attempt, actor)
    SELECT jobs.id, n, (ARRAY[NULL, 'PENDING', 'PROCESSING'])[n], (ARRAY['PENDING', 'PROCESSING', 'DONE'])[n], 1, 'tests'
    FROM jobs, generate_series(1, 3) AS n
    """,
    """
    INSERT INTO entities (id, kind, slug, title, title_slug, updated_at)
    SELECT id, 'MOVIE', slug, slug, slug, created_at FROM jobs
    """,
    """
    INSERT INTO texts (id, entity_id, form, locale, context_tag, origin, text, version, accepted_seq, job_id)
    SELECT gen_random_uuid(), id, form, locale, context_tag, 'GENERATED', 'A text.', 1, accepted_seq, id FROM jobs
    """,
    "UPDATE jobs SET result = jsonb_build_object('text_id', texts.id) FROM texts WHERE texts.job_id = jobs.id",
    """
    INSERT INTO ai_calls (id, job_id, step, attempt, model, prompt_hash, prompt_version, outcome)
    SELECT gen_random_uuid(), id, 'write', 1, 'm', 'h', 'v1', 'ok' FROM jobs
    """,
    """
    INSERT INTO idempotency_keys (caller, key, fingerprint, job_ids, status, body, created_at, expires_at)
    SELECT 'c', id::text, 'f', ARRAY[id], 202, '{}', created_at, created_at + interval '1 day' FROM jobs
    """,
    "ANALYZE",
]
"""20 000 finished jobs, with everything they leave."""


async def plant(database: Database, *statements: str) -> None:
    """Run `statements` in one transaction, as nobody in production may."""

    async def work(tx: Transaction) -> None:
        for statement in statements:
            await tx.execute(text(statement))

    await database.run(work)
