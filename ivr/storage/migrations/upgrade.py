"""Alembic's part: the tables of this version, where there are none."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from ivr.storage.engine.statements import advisory_lock
from ivr.storage.migrations import schema_of


def upgrade(connection: Connection) -> bool:
    """Make the tables, unless another process did so meanwhile; returns whether this one did."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        # Of daemons that start at once, one makes the tables and the others wait, however long it takes.
        advisory_lock(connection, "migrations")
    if schema_of(connection) is not None:
        return False
    config = Config()
    config.set_main_option("script_location", "ivr.storage:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True
