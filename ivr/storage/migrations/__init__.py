"""Bringing a store's tables to this version; whoever opens a store calls `migrate` before using it."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from ivr.storage.engine import Store, StoreUnfit
from ivr.storage.locks import advisory_lock


def migrate(store: Store) -> None:
    """Create the tables or upgrade them, in one transaction; does nothing to a store that is up to date.

    Raises StoreAway, StoreUnfit.
    """
    store.write(_upgrade)


def is_current(connection: Connection) -> bool:
    """Whether the store has exactly the tables of this version."""
    newest = ScriptDirectory.from_config(configuration(connection)).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == newest


def configuration(connection: Connection) -> Config:
    """Alembic's view of this folder, on an open connection."""
    config = Config()
    config.set_main_option("script_location", "ivr.storage:migrations")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        # Of daemons that start at once, one migrates and the others wait, however long it takes.
        advisory_lock(connection, "migrations")
    try:
        command.upgrade(configuration(connection), "head")
    except CommandError as problem:
        raise StoreUnfit(f"a newer version made its tables: {problem}", "install that version") from problem
