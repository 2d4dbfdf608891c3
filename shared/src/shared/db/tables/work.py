"""Jobs: who asked for them, what became of them, and the calls of a model that they cost."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from shared.db.tables.base import metadata, time

_ACTIVE = text("status IN ('PENDING', 'PROCESSING', 'RETRYING')")
_ANONYMOUS = text("kind = 'generation' AND caller LIKE 'ip:%'")

jobs = Table(
    "jobs",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("entity_kind", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("requested_slug", Text, nullable=False),
    Column("entity_id", UUID),
    Column("form", Text),
    Column("locale", Text),
    Column("context_tag", Text),
    Column("confidence", Float),
    Column("status", Text, nullable=False),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("max_attempts", Integer, nullable=False),
    Column("sequence", Integer, nullable=False, server_default=text("1")),
    Column("dedupe_key", UUID, nullable=False),
    Column("accepted_seq", BigInteger, Identity(always=True), nullable=False),
    Column("baseline_text_id", UUID),
    Column("lease_token", UUID),
    time("lease_until"),
    time("next_attempt_at"),
    time("deadline_at", required=True),
    Column("event_id", UUID, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("result", JSONB),
    Column("error", JSONB),
    Column("superseded_by", UUID),
    Column("caller", Text, nullable=False),
    Column("traceparent", Text),
    time("created_at", now=True),
    time("updated_at", now=True),
    time("started_at"),
    time("finished_at"),
    Index("uq_jobs_active_dedupe_key", "dedupe_key", unique=True, postgresql_where=_ACTIVE),
    Index("ix_jobs_active_deadline_at", "deadline_at", postgresql_where=_ACTIVE),
    Index("ix_jobs_lease_until", "lease_until", postgresql_where=text("status = 'PROCESSING'")),
    Index("ix_jobs_created_at", "created_at"),
    Index("ix_jobs_anonymous", "caller", "created_at", postgresql_where=_ANONYMOUS),
)

job_callers = Table(
    "job_callers",
    metadata,
    Column("job_id", UUID, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("caller", Text, nullable=False),
    time("joined_at", now=True),
    time("left_at"),
    PrimaryKeyConstraint("job_id", "caller"),
)

job_transitions = Table(
    "job_transitions",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("job_id", UUID, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("from_status", Text),
    Column("to_status", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    time("next_attempt_at"),
    time("at", now=True),
    UniqueConstraint("job_id", "sequence"),
)

ai_calls = Table(
    "ai_calls",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("job_id", UUID, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("step", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("model", Text, nullable=False),
    Column("prompt_hash", Text, nullable=False),
    Column("prompt_version", Text, nullable=False),
    time("started_at", now=True),
    time("finished_at"),
    Column("outcome", Text, nullable=False, server_default=text("'unknown'")),
    Column("error", Text),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("cost_usd", Numeric(12, 6)),
    Column("latency_ms", Integer),
    Column("raw_answer", Text),
    Column("reserved_usd", Numeric(12, 6)),
    Column("data_format", Text),
    Column("error_code", Text),
    Column("problems", ARRAY(Text)),
    CheckConstraint("outcome IN ('unknown', 'ok', 'error', 'throttled')", name="outcome"),
    Index("ix_ai_calls_started_at", "started_at"),
    Index("ix_ai_calls_raw_answer", "started_at", postgresql_where=text("raw_answer IS NOT NULL")),
)

ai_budgets = Table(
    "ai_budgets",
    metadata,
    Column("scope", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("calls", Integer, nullable=False, server_default=text("0")),
    Column("refused", Integer, nullable=False, server_default=text("0")),
    Column("reserved_usd", Numeric(14, 6), nullable=False, server_default=text("0")),
    Column("spent_usd", Numeric(14, 6), nullable=False, server_default=text("0")),
    Column("limit_calls", Integer),
    Column("limit_usd", Numeric(14, 6)),
    Column("allowed_calls", Integer),
    Column("allowed_usd", Numeric(14, 6)),
    PrimaryKeyConstraint("day", "scope"),
    postgresql_with={"fillfactor": "50"},
)
"""What the calls of one UTC day cost: `all` of them, and those of each `caller:…`.

`limit_…` are the caps that were asked for last, `allowed_…` those under which the last call was begun; null means none. Every call changes
the row of the day, so its page has room for the next version of it.
"""

ai_switch = Table(
    "ai_switch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    time("stopped_at"),
    Column("stopped_by", Text),
    Column("reason", Text),
    CheckConstraint("id = 1", name="one_row"),
)
"""One row; while `stopped_at` is set, no call to a model begins."""
