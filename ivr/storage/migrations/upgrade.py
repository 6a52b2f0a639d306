"""Alembic's part: from whatever tables there are to those of this version."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text

from ivr.storage.engine.statements import advisory_lock
from ivr.storage.engine.store import StoreUnfit


def configuration(connection: Connection) -> Config:
    """Alembic's view of this folder, on an open connection."""
    config = Config()
    config.set_main_option("script_location", "ivr.storage:migrations")
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Run every migration the store has not seen. Raises StoreUnfit for the tables of a newer version."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        # Of daemons that start at once, one migrates and the others wait, however long it takes.
        advisory_lock(connection, "migrations")
    try:
        command.upgrade(configuration(connection), "head")
    except CommandError as problem:
        what = f"another version made its tables: {problem}"
        do = "export what you need with that version, then start with an empty database; or install it"
        raise StoreUnfit(what, do) from problem
