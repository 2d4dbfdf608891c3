"""what AI calls may cost in a day, the switch that stops them, and what is measured about each"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "3e7a90c5d1f4"
down_revision = "8c41d2f0a6b7"

_KEPT_ANSWER = sa.text("raw_answer IS NOT NULL")
_COLUMNS = (
    sa.Column("reserved_usd", sa.Numeric(12, 6)),
    sa.Column("data_format", sa.Text()),
    sa.Column("error_code", sa.Text()),
    sa.Column("problems", postgresql.ARRAY(sa.Text())),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for column in _COLUMNS:
        op.add_column("ai_calls", column.copy())
    op.create_index("ix_ai_calls_started_at", "ai_calls", ["started_at"])
    op.create_index("ix_ai_calls_raw_answer", "ai_calls", ["started_at"], postgresql_where=_KEPT_ANSWER)
    op.create_table(
        "ai_budgets",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("calls", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("refused", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reserved_usd", sa.Numeric(14, 6), server_default=sa.text("0"), nullable=False),
        sa.Column("spent_usd", sa.Numeric(14, 6), server_default=sa.text("0"), nullable=False),
        sa.Column("limit_calls", sa.Integer()),
        sa.Column("limit_usd", sa.Numeric(14, 6)),
        sa.Column("allowed_calls", sa.Integer()),
        sa.Column("allowed_usd", sa.Numeric(14, 6)),
        sa.PrimaryKeyConstraint("day", "scope", name=op.f("pk_ai_budgets")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "ai_switch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True)),
        sa.Column("stopped_by", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.CheckConstraint("id = 1", name=op.f("ck_ai_switch_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_switch")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("ai_switch")
    op.drop_table("ai_budgets")
    op.drop_index("ix_ai_calls_raw_answer", table_name="ai_calls", postgresql_where=_KEPT_ANSWER)
    op.drop_index("ix_ai_calls_started_at", table_name="ai_calls")
    for column in reversed(_COLUMNS):
        op.drop_column("ai_calls", column.name)
