"""what search, related titles, collections and the budget of anonymous readers read"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "b1f6a2c94d37"
down_revision = "8c1f0b7e42d6"

_IN_A_COLLECTION = sa.text("collection_tmdb_id IS NOT NULL")
_YEAR_DESC = (sa.text("year DESC NULLS LAST"), sa.text("id DESC"))
_ANONYMOUS = sa.text("kind = 'generation' AND caller LIKE 'ip:%'")
_COLUMNS = (
    sa.Column("popularity", sa.Float(), server_default=sa.text("0"), nullable=False),
    sa.Column("collection_tmdb_id", sa.Integer(), nullable=True),
    sa.Column("collection_name", sa.Text(), nullable=True),
    sa.Column("recommended", postgresql.ARRAY(sa.Integer()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column("search_title", sa.Text(), server_default=sa.text("''"), nullable=False),
    sa.Column("search_place", sa.Text(), nullable=True),
    sa.Column("search_tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    # the defaults are for rows of processes that still run the older code
    for column in _COLUMNS:
        op.add_column("entities", column.copy())
    op.create_index(
        "ix_entities_collection_tmdb_id", "entities", ["collection_tmdb_id"], postgresql_where=_IN_A_COLLECTION
    )
    op.create_index("ix_entities_original_title", "entities", ["original_title"], postgresql_using="hash")
    op.drop_index("ix_entities_kind_title", table_name="entities")
    op.drop_index("ix_entities_kind_title_slug", table_name="entities")
    op.create_index("ix_entities_kind_title_slug", "entities", ["kind", "title_slug", "id"])
    op.create_index("ix_entities_kind_year_desc", "entities", ["kind", *_YEAR_DESC])
    op.create_table(
        "search_documents",
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("popularity", sa.Float(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=True),
        sa.Column("title_slug", sa.Text(collation="C"), nullable=False),
        sa.Column("categories", sa.Text(), nullable=False),
        sa.Column("locales", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("names", postgresql.TSVECTOR(), nullable=False),
        sa.Column("search", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entities.id"], name=op.f("fk_search_documents_entity_id_entities"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_search_documents")),
    )
    op.create_index(
        "ix_search_documents_search",
        "search_documents",
        ["search"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_table(
        "search_words",
        sa.Column("variant", sa.Text(collation="C"), nullable=False),
        sa.Column("word", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("variant", "word", name=op.f("pk_search_words")),
    )
    op.create_index("ix_jobs_anonymous", "jobs", ["caller", "created_at"], postgresql_where=_ANONYMOUS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_jobs_anonymous", table_name="jobs", postgresql_where=_ANONYMOUS)
    op.drop_table("search_words")
    op.drop_table("search_documents")
    op.drop_index("ix_entities_original_title", table_name="entities")
    op.drop_index("ix_entities_kind_year_desc", table_name="entities")
    op.drop_index("ix_entities_kind_title_slug", table_name="entities")
    op.create_index("ix_entities_kind_title_slug", "entities", ["kind", "title_slug"])
    op.create_index("ix_entities_kind_title", "entities", ["kind", "title", "id"])
    op.drop_index("ix_entities_collection_tmdb_id", table_name="entities", postgresql_where=_IN_A_COLLECTION)
    for column in reversed(_COLUMNS):
        op.drop_column("entities", column.name)
