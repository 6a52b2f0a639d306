"""By which a reader of queue_log knows its own bookmark again."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("log_positions", sa.Column("token", sa.String(32), nullable=False, server_default=""))
