"""Who may call, what they were answered under their keys, and what administrators did."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from shared.db.tables.base import metadata, time

admin_audit = Table(
    "admin_audit",
    metadata,
    Column("id", UUID, primary_key=True),
    time("at", now=True),
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
    time("created_at", now=True),
    time("expires_at", required=True),
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
    time("created_at", now=True),
    time("last_used_at"),
    time("expires_at"),
    time("revoked_at"),
)
