"""every text names the prompt that it answers"""

import sqlalchemy as sa
from alembic import op

revision = "8c41d2f0a6b7"
down_revision = "5d0e9b7a13c8"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.add_column("texts", sa.Column("prompt_hash", sa.Text()))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("texts", "prompt_hash")
