"""When a callback became owed, and what a held one waits for: an operator, or room in a budget."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("callbacks", sa.Column("owed_at", sa.BigInteger()))
    op.add_column("callbacks", sa.Column("held_for", sa.String(16), nullable=False, server_default=""))
    op.execute("UPDATE callbacks SET owed_at = created_at WHERE state <> 'held'")
    op.execute("UPDATE callbacks SET held_for = 'operator' WHERE state = 'held'")
    op.create_index("ix_callbacks_owed_at", "callbacks", ["owed_at"])
