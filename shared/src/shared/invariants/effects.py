"""What jobs leave behind: one text each, in the order of acceptance."""

from shared.invariants.statements import statement, unique_indexes

ONE_TEXT_INDEX = unique_indexes("uq_texts_job_id")
SEVERAL_TEXTS = statement(
    "jobs have more than one text",
    """
    SELECT texts.job_id FROM jobs JOIN texts ON texts.job_id = jobs.id
    WHERE jobs.created_at >= now() - make_interval(secs => :window_s)
    GROUP BY texts.job_id HAVING count(*) > 1
    """,
)
TEXT_OF_NO_RESULT = statement(
    "texts were left by jobs that are not DONE",
    """
    SELECT texts.id FROM jobs JOIN texts ON texts.job_id = jobs.id
    WHERE jobs.created_at >= now() - make_interval(secs => :window_s) AND jobs.status <> 'DONE'
    """,
)
RESULT_WITHOUT_TEXT = statement(
    "DONE generations name a text that does not exist, or none",
    """
    SELECT jobs.id FROM jobs LEFT JOIN texts ON texts.id = CAST(jobs.result ->> 'text_id' AS uuid)
    WHERE jobs.created_at >= now() - make_interval(secs => :window_s)
      AND jobs.kind IN ('generation', 'regeneration') AND jobs.status = 'DONE' AND texts.id IS NULL
    """,
)

OLDER_TEXT_SHOWN = statement(
    "texts are shown although one that was accepted later is stored for the same place",
    """
    SELECT shown.id FROM jobs
    JOIN texts AS newer ON newer.job_id = jobs.id
    JOIN texts AS shown ON (shown.entity_id, shown.form, shown.locale, shown.context_tag)
      = (newer.entity_id, newer.form, newer.locale, newer.context_tag)
    WHERE jobs.created_at >= now() - make_interval(secs => :window_s)
      AND shown.archived_at IS NULL AND newer.accepted_seq > shown.accepted_seq
    """,
)
SHARED_BASELINE = statement(
    "entities were given a default by two jobs that had both seen the same one before",
    """
    SELECT jobs.entity_id FROM jobs
    WHERE jobs.created_at >= now() - make_interval(secs => :window_s)
      AND jobs.status = 'DONE' AND jobs.result ->> 'became_default' = 'true'
    GROUP BY jobs.entity_id, jobs.baseline_text_id
    HAVING count(DISTINCT (jobs.form, jobs.locale, jobs.result ->> 'context_tag')) > 1
    """,
)
"""Within one place (form, locale, tag) a newer text succeeds the older one whatever its job had seen."""
DEFAULT_NOT_SHOWN = statement(
    "entities have a default text that is archived, or of another entity, or gone",
    """
    SELECT entities.id FROM entities LEFT JOIN texts ON texts.id = entities.default_text_id
    WHERE entities.kind IN ('MOVIE', 'PERSON', 'TV_SERIES', 'TV_SHOW')
      AND entities.updated_at >= now() - make_interval(secs => :window_s)
      AND entities.default_text_id IS NOT NULL
      AND (texts.id IS NULL OR texts.entity_id <> entities.id OR texts.archived_at IS NOT NULL)
    """,
)
"""The kinds are named because the index on `updated_at` begins with them."""
FACTS_WENT_BACK = statement(
    "refreshed entities hold facts that are older than the refresh",
    """
    SELECT jobs.id FROM jobs LEFT JOIN tmdb_snapshots ON tmdb_snapshots.entity_id = jobs.entity_id
    WHERE jobs.created_at >= now() - make_interval(secs => :window_s)
      AND jobs.kind = 'refresh' AND jobs.status = 'DONE'
      AND (tmdb_snapshots.fetched_at IS NULL
        OR tmdb_snapshots.fetched_at < CAST(jobs.result ->> 'refreshed_at' AS timestamptz))
    """,
)
