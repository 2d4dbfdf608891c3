"""dead letters that can be sent again once, and who did it"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "8c1f0b7e42d6"
down_revision = "30b8d531f1b9"

_OPEN = sa.text("replayed_at IS NULL AND purged_at IS NULL")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    # the defaults are for rows of processes that still run the older code
    op.add_column("dead_letters", sa.Column("exact", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.add_column("dead_letters", sa.Column("fingerprint", sa.UUID(), nullable=True))
    # Not CONCURRENTLY: it would wait for the sessions that wait for this migration's lock. The table is small; parking waits for a moment.
    op.create_index(op.f("ix_dead_letters_event_id"), "dead_letters", ["event_id"])
    op.create_index("ix_dead_letters_open_parked_at", "dead_letters", ["parked_at", "id"], postgresql_where=_OPEN)
    op.create_index(
        "uq_dead_letters_open_fingerprint", "dead_letters", ["fingerprint"], unique=True, postgresql_where=_OPEN
    )
    op.create_table(
        "admin_audit",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_audit")),
    )
    op.create_index("ix_admin_audit_at", "admin_audit", ["at", "id"])
    op.create_index("ix_admin_audit_target", "admin_audit", ["target"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("admin_audit")
    op.drop_index("uq_dead_letters_open_fingerprint", table_name="dead_letters", postgresql_where=_OPEN)
    op.drop_index("ix_dead_letters_open_parked_at", table_name="dead_letters", postgresql_where=_OPEN)
    op.drop_index(op.f("ix_dead_letters_event_id"), table_name="dead_letters")
    op.drop_column("dead_letters", "fingerprint")
    op.drop_column("dead_letters", "exact")
