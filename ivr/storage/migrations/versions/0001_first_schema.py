"""All tables, as the code knows them: until the first release this one migration follows the schema.

Each change of the schema gives it another name (`ivr.storage.migrations.NEWEST`), so that no store of an
earlier state is taken for one of this.
"""

from alembic import op
from sqlalchemy.schema import CreateIndex, CreateTable

from ivr.storage.migrations import NEWEST
from ivr.storage.schema import metadata

revision = NEWEST
down_revision = None


def upgrade() -> None:
    """Indices in one order: of two that are as good as each other SQLite takes the one made last."""
    for table in metadata.sorted_tables:
        op.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            op.execute(CreateIndex(index))
