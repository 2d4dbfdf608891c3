"""The schema, one SQLAlchemy table each; migrations are checked against it.

Who writes what is said in `docs/architecture.md`. Keys are UUIDv7 (jobs: UUIDv4); all times are `timestamptz` of the database clock.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.sql.type_api import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_NOW = text("now()")
_ACTIVE = text("status IN ('PENDING', 'PROCESSING', 'RETRYING')")
_OPEN = text("replayed_at IS NULL AND purged_at IS NULL")


def _time(name: str, *, required: bool = False, now: bool = False) -> Column[object]:
    kind: TypeEngine[object] = DateTime(timezone=True)  # pyright: ignore[reportAssignmentType] (invariance of TypeEngine)
    return Column(name, kind, nullable=not (required or now), server_default=_NOW if now else None)


entities = Table(
    "entities",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("original_title", Text),
    Column("titles", JSONB, nullable=False, server_default=text("'{}'")),
    Column("title_slug", Text, nullable=False),
    Column("year", SmallInteger),
    Column("genres", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("details", JSONB, nullable=False, server_default=text("'{}'")),
    Column("tmdb_id", Integer),
    Column("default_text_id", UUID),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    _time("stale_since"),
    _time("created_at", now=True),
    _time("updated_at", now=True),
    CheckConstraint("kind IN ('MOVIE', 'PERSON', 'TV_SERIES', 'TV_SHOW')", name="kind"),
    UniqueConstraint("kind", "slug"),
    UniqueConstraint("kind", "tmdb_id"),
    Index("ix_entities_kind_title_slug", "kind", "title_slug"),
    Index("ix_entities_kind_created_at", "kind", "created_at", "id"),
    Index("ix_entities_kind_updated_at", "kind", "updated_at", "id"),
    Index("ix_entities_kind_title", "kind", "title", "id"),
    Index("ix_entities_kind_year", "kind", "year", "id"),
)

slug_aliases = Table(
    "slug_aliases",
    metadata,
    Column("kind", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("entity_id", UUID, ForeignKey("entities.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("kind", "slug"),
)

credits_ = Table(
    "credits",
    metadata,
    Column("title_id", UUID, ForeignKey("entities.id", ondelete="CASCADE"), nullable=False),
    Column("person_id", UUID, ForeignKey("entities.id", ondelete="CASCADE"), nullable=False),
    Column("role", Text, nullable=False),
    Column("character_name", Text),
    Column("job", Text),
    Column("billing_order", Integer),
    PrimaryKeyConstraint("title_id", "person_id", "role"),
    Index("ix_credits_person_id", "person_id"),
)

tmdb_snapshots = Table(
    "tmdb_snapshots",
    metadata,
    Column("entity_id", UUID, ForeignKey("entities.id", ondelete="CASCADE"), primary_key=True),
    Column("tmdb_id", Integer, nullable=False),
    Column("tmdb_type", Text, nullable=False),
    Column("raw_data", JSONB, nullable=False),
    _time("fetched_at", required=True),
)

texts = Table(
    "texts",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("entity_id", UUID, ForeignKey("entities.id", ondelete="CASCADE"), nullable=False),
    Column("form", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("context_tag", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("ai_model", Text),
    Column("prompt_version", Text),
    Column("text", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("accepted_seq", BigInteger, nullable=False),
    Column("job_id", UUID, unique=True),
    _time("archived_at"),
    _time("created_at", now=True),
    _time("updated_at", now=True),
    Index(
        "uq_texts_current_slot",
        "entity_id",
        "form",
        "locale",
        "context_tag",
        unique=True,
        postgresql_where=text("archived_at IS NULL"),
    ),
    UniqueConstraint("entity_id", "form", "locale", "context_tag", "version"),
)

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
    _time("lease_until"),
    _time("next_attempt_at"),
    _time("deadline_at", required=True),
    Column("event_id", UUID, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("result", JSONB),
    Column("error", JSONB),
    Column("superseded_by", UUID),
    Column("caller", Text, nullable=False),
    Column("traceparent", Text),
    _time("created_at", now=True),
    _time("updated_at", now=True),
    _time("started_at"),
    _time("finished_at"),
    Index("uq_jobs_active_dedupe_key", "dedupe_key", unique=True, postgresql_where=_ACTIVE),
    Index("ix_jobs_active_deadline_at", "deadline_at", postgresql_where=_ACTIVE),
    Index("ix_jobs_lease_until", "lease_until", postgresql_where=text("status = 'PROCESSING'")),
    Index("ix_jobs_created_at", "created_at"),
)

job_callers = Table(
    "job_callers",
    metadata,
    Column("job_id", UUID, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("caller", Text, nullable=False),
    _time("joined_at", now=True),
    _time("left_at"),
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
    _time("next_attempt_at"),
    _time("at", now=True),
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
    _time("started_at", now=True),
    _time("finished_at"),
    Column("outcome", Text, nullable=False, server_default=text("'unknown'")),
    Column("error", Text),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("cost_usd", Numeric(12, 6)),
    Column("latency_ms", Integer),
    Column("raw_answer", Text),
    CheckConstraint("outcome IN ('unknown', 'ok', 'error', 'throttled')", name="outcome"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("event_id", UUID, nullable=False),
    Column("type", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("routing_key", Text, nullable=False),
    Column("target_queue", Text, nullable=False, server_default=text("''")),
    Column("headers", JSONB, nullable=False),
    Column("payload", Text, nullable=False),
    Column("traceparent", Text),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _time("available_at", now=True),
    _time("created_at", now=True),
    UniqueConstraint("event_id", "target_queue"),
    Index("ix_outbox_available_at", "available_at", "seq"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, nullable=False),
    Column("idempotency_key", UUID, nullable=False),
    Column("event_id", UUID, nullable=False),
    _time("done_at", now=True),
    PrimaryKeyConstraint("consumer", "idempotency_key"),
    Index("ix_inbox_done_at", "done_at"),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("queue", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("event_id", UUID, index=True),
    Column("event_type", Text),
    Column("job_id", UUID),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=text("''")),
    Column("headers", JSONB, nullable=False, server_default=text("'{}'")),
    Column("body", Text, nullable=False, server_default=text("''")),
    Column("exact", Boolean, nullable=False, server_default=text("true")),
    Column("fingerprint", UUID),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _time("parked_at", now=True),
    _time("replayed_at"),
    _time("purged_at"),
    Index("ix_dead_letters_queue_parked_at", "queue", "parked_at"),
    Index("ix_dead_letters_open_parked_at", "parked_at", "id", postgresql_where=_OPEN),
    Index("uq_dead_letters_open_fingerprint", "fingerprint", unique=True, postgresql_where=_OPEN),
)

admin_audit = Table(
    "admin_audit",
    metadata,
    Column("id", UUID, primary_key=True),
    _time("at", now=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("before", JSONB),
    Column("after", JSONB),
    Index("ix_admin_audit_at", "at", "id"),
    Index("ix_admin_audit_target", "target"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("job_ids", ARRAY(UUID), nullable=False, server_default=text("'{}'")),
    Column("status", SmallInteger, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("location", Text),
    _time("created_at", now=True),
    _time("expires_at", required=True),
    PrimaryKeyConstraint("caller", "key"),
    Index("ix_idempotency_keys_expires_at", "expires_at"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False, index=True),
    Column("key_hash", Text, nullable=False, unique=True),
    Column("owner", UUID, nullable=False),
    Column("plan", Text, nullable=False, server_default=text("'free'")),
    Column("is_public", Boolean, nullable=False, server_default=text("false")),
    _time("created_at", now=True),
    _time("last_used_at"),
    _time("expires_at"),
    _time("revoked_at"),
)
