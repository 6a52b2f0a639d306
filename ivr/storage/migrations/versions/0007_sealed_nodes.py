"""A sealed day keeps how calls went through the menu, and says whether its records are deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for name in ("has_walks", "calls_deleted", "callbacks_deleted"):
        op.add_column("sealed_days", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "sealed_nodes",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("node", sa.String(255), nullable=False),
        sa.Column("left_by", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["sealed_days.day"], name="fk_sealed_nodes_day_sealed_days"),
        sa.PrimaryKeyConstraint("day", "node", "left_by", name="pk_sealed_nodes"),
    )
    # What an earlier version deleted it did not say: a day is whole if every visit it counted is there still.
    # Of such a day the next purge keeps how calls went through the menu.
    op.execute(
        """
        UPDATE sealed_days SET calls_deleted = TRUE WHERE (
            SELECT coalesce(sum(number), 0) FROM sealed_totals
            WHERE sealed_totals.day = sealed_days.day AND record = 'visits'
        ) NOT BETWEEN 1 AND (
            SELECT count(*) FROM visits WHERE joined_at >= begins_at AND joined_at < ends_at
        )
        """
    )
