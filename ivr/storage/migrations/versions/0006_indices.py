"""Indices for what is asked for each call and each turn of the dialer."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index("ix_callbacks_caller", "callbacks", ["caller_e164", "created_at"])
    op.create_index("ix_attempts_callback_id", "attempts", ["callback_id"])
    op.create_index("ix_attempts_trunk", "attempts", ["trunk", "planned_at"])
    is_open = sa.text("ended_at IS NULL")
    op.create_index("ix_visits_open", "visits", ["server"], sqlite_where=is_open, postgresql_where=is_open)
    of_attempt = sa.text("attempt_id <> ''")
    op.create_index(
        "ix_visits_attempt",
        "visits",
        ["attempt_id"],
        sqlite_where=of_attempt,
        postgresql_where=of_attempt,
    )
