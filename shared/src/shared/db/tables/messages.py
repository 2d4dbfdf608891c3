"""Events on their way out, events that are done, and messages that nobody could work on."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from shared.db.tables.base import metadata, time

_OPEN = text("replayed_at IS NULL AND purged_at IS NULL")

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
    time("available_at", now=True),
    time("created_at", now=True),
    UniqueConstraint("event_id", "target_queue"),
    Index("ix_outbox_available_at", "available_at", "seq"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, nullable=False),
    Column("idempotency_key", UUID, nullable=False),
    Column("event_id", UUID, nullable=False),
    time("done_at", now=True),
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
    time("parked_at", now=True),
    time("replayed_at"),
    time("purged_at"),
    Index("ix_dead_letters_queue_parked_at", "queue", "parked_at"),
    Index("ix_dead_letters_open_parked_at", "parked_at", "id", postgresql_where=_OPEN),
    Index("uq_dead_letters_open_fingerprint", "fingerprint", unique=True, postgresql_where=_OPEN),
)
