"""A callback keeps when its citizen began to wait, however often they call again meanwhile."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("callbacks", sa.Column("waits_since", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE callbacks SET waits_since = missed_at - CAST(credit_seconds * 1000 AS BIGINT)")
