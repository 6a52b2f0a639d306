"""Citizens order a call; such a callback may keep the place its citizen had in the queue."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "callbacks", sa.Column("keeps_place", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("server", sa.String(64), nullable=False),
        sa.Column("uniqueid", sa.String(150), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("queue", sa.String(128), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("orderer", sa.String(40), nullable=False),
        sa.Column("trunk", sa.String(64), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("choice", sa.Integer(), nullable=False),
        sa.Column("credit_seconds", sa.Float(), nullable=False),
        sa.Column("decision", sa.String(24), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("callback_id", sa.Integer()),
        sa.ForeignKeyConstraint(["callback_id"], ["callbacks.id"], name="fk_orders_callback_id_callbacks"),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.UniqueConstraint("server", "uniqueid", "asked_at", name="uq_orders_server_uniqueid_asked_at"),
    )
    op.create_index("ix_orders_callback_id", "orders", ["callback_id"])
    undecided = sa.text("decided_at IS NULL")
    op.create_index(
        "ix_orders_undecided", "orders", ["id"], sqlite_where=undecided, postgresql_where=undecided
    )
