"""the newest titles of a person are read from an index alone"""

from alembic import op

revision = "5d0e9b7a13c8"
down_revision = "b1f6a2c94d37"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_index("ix_credits_person_id_title_id_role", "credits", ["person_id", "title_id", "role"])
    op.drop_index("ix_credits_person_id", table_name="credits")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_credits_person_id", "credits", ["person_id"])
    op.drop_index("ix_credits_person_id_title_id_role", table_name="credits")
