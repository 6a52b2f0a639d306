"""The channel that stood in a queue in the end, where it was another one than at the join."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("visits", sa.Column("place", sa.String(150), nullable=False, server_default=""))
    exchanged = sa.text("place <> ''")
    op.create_index(
        "ix_visits_place", "visits", ["server", "place"], sqlite_where=exchanged, postgresql_where=exchanged
    )
