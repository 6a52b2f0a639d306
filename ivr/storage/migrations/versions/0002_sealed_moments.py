"""A sealed day knows its moments, so that nothing new is stored of it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Of a day that was sealed before, the moments are not known: it refuses nothing.
    for name in ("begins_at", "ends_at"):
        op.add_column(
            "sealed_days", sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0"))
        )
