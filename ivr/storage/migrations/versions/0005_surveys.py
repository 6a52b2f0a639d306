"""Surveys; the steps of each call through the menu; what AGI scripts did."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "surveys",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("server", sa.String(64), nullable=False),
        sa.Column("uniqueid", sa.String(150), nullable=False),
        sa.Column("queue", sa.String(128), nullable=False),
        sa.Column("agent", sa.String(128), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("rating", sa.Integer()),
        sa.UniqueConstraint("server", "uniqueid", name="uq_surveys_server_uniqueid"),
    )
    op.create_index("ix_surveys_asked_at", "surveys", ["asked_at"])
    op.add_column("calls", sa.Column("steps", sa.String(255), nullable=False, server_default=""))
    op.create_index("ix_calls_caller", "calls", ["caller_e164", "began_at"])
    op.add_column("processes", sa.Column("scripts", sa.Text(), nullable=False, server_default="{}"))
