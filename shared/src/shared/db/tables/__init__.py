"""The schema, one SQLAlchemy table each; migrations are checked against it.

Who writes what is said in `docs/architecture.md`. Keys are UUIDv7 (jobs: UUIDv4); all times are `timestamptz` of the database clock.
"""

from shared.db.tables.access import admin_audit, api_keys, idempotency_keys
from shared.db.tables.base import metadata
from shared.db.tables.content import (
    credits_,
    entities,
    search_documents,
    search_words,
    slug_aliases,
    texts,
    tmdb_snapshots,
)
from shared.db.tables.messages import dead_letters, inbox, outbox
from shared.db.tables.work import ai_budgets, ai_calls, ai_switch, job_callers, job_transitions, jobs

__all__ = [
    "admin_audit",
    "ai_budgets",
    "ai_calls",
    "ai_switch",
    "api_keys",
    "credits_",
    "dead_letters",
    "entities",
    "idempotency_keys",
    "inbox",
    "job_callers",
    "job_transitions",
    "jobs",
    "metadata",
    "outbox",
    "search_documents",
    "search_words",
    "slug_aliases",
    "texts",
    "tmdb_snapshots",
]
