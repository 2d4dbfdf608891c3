"""Entities, what is known and written of them, and what search reads."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR, UUID

from shared.db.tables.base import metadata, time

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
    Column("popularity", Float, nullable=False, server_default=text("0")),
    Column("collection_tmdb_id", Integer),
    Column("collection_name", Text),
    Column("recommended", ARRAY(Integer), nullable=False, server_default=text("'{}'")),
    Column("search_title", Text, nullable=False, server_default=text("''")),
    Column("search_place", Text),
    Column("search_tags", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("default_text_id", UUID),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    time("stale_since"),
    time("created_at", now=True),
    time("updated_at", now=True),
    CheckConstraint("kind IN ('MOVIE', 'PERSON', 'TV_SERIES', 'TV_SHOW')", name="kind"),
    UniqueConstraint("kind", "slug"),
    UniqueConstraint("kind", "tmdb_id"),
    Index("ix_entities_kind_title_slug", "kind", "title_slug", "id"),
    Index("ix_entities_kind_created_at", "kind", "created_at", "id"),
    Index("ix_entities_kind_updated_at", "kind", "updated_at", "id"),
    Index("ix_entities_kind_year", "kind", "year", "id"),
    Index("ix_entities_kind_year_desc", "kind", text("year DESC NULLS LAST"), text("id DESC")),
    Index(
        "ix_entities_collection_tmdb_id", "collection_tmdb_id", postgresql_where=text("collection_tmdb_id IS NOT NULL")
    ),
    Index("ix_entities_original_title", "original_title", postgresql_using="hash"),
)

# What search reads, derived from `entities`, `credits` and `texts` by `search_rows`. Apart from `entities`, because every new version
# of an entity would otherwise enter all its words into the index again, and so that counting many matches reads narrow rows. Genres or
# roles, and locales, are lists joined by U+001F: to group by a text takes half the time that it takes to group by an array.
search_documents = Table(
    "search_documents",
    metadata,
    Column("entity_id", UUID, ForeignKey("entities.id", ondelete="CASCADE"), primary_key=True),
    time("created_at", required=True),
    Column("popularity", Float, nullable=False),
    Column("year", SmallInteger),
    Column("title_slug", Text(collation="C"), nullable=False),
    Column("categories", Text, nullable=False),
    Column("locales", Text, nullable=False),
    Column("place", Text),
    Column("names", TSVECTOR, nullable=False),
    Column("search", TSVECTOR, nullable=False),
    Index("ix_search_documents_search", "search", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
)

search_words = Table(
    "search_words",
    metadata,
    Column("variant", Text(collation="C"), nullable=False),
    Column("word", Text(collation="C"), nullable=False),
    PrimaryKeyConstraint("variant", "word"),
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
    Index("ix_credits_person_id_title_id_role", "person_id", "title_id", "role"),
)

tmdb_snapshots = Table(
    "tmdb_snapshots",
    metadata,
    Column("entity_id", UUID, ForeignKey("entities.id", ondelete="CASCADE"), primary_key=True),
    Column("tmdb_id", Integer, nullable=False),
    Column("tmdb_type", Text, nullable=False),
    Column("raw_data", JSONB, nullable=False),
    time("fetched_at", required=True),
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
    Column("prompt_hash", Text),
    Column("text", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("accepted_seq", BigInteger, nullable=False),
    Column("job_id", UUID, unique=True),
    time("archived_at"),
    time("created_at", now=True),
    time("updated_at", now=True),
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
