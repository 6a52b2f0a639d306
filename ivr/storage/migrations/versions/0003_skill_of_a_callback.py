"""A callback may ask for an agent with a skill."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("callbacks", sa.Column("skill", sa.String(64), nullable=False, server_default=""))
