"""The tables of a store: a daemon's start and `hotline data migrate` make them, other commands need them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, inspect, text

from ivr.storage.engine.statements import advisory_lock
from ivr.storage.engine.store import Store, StoreUnfit

NEWEST: Final = "first_bc31ea44a812"
"""The revision whose tables this version knows: `first_` and a hash of the schema, which a test compares."""
_MIGRATE: Final = "run `hotline data migrate`"
_START_ANEW: Final = "export what you need with the version that made them, then start with an empty database"


def migrate(store: Store) -> bool:
    """Make the tables where there are none, in one transaction; returns whether it made them.

    Raises StoreAway; StoreUnfit for tables of another version: before the first release none are upgraded.
    """
    made = False
    if store.read(schema_of) is None:
        made = store.write(_make_tables)
    require_tables(store)
    return made


def require_tables(store: Store) -> None:
    """Raise StoreUnfit if the store lacks the tables of this version. Makes nothing. Raises StoreAway."""
    if store.is_missing:
        raise StoreUnfit(f"there is no database {store.file}", _MIGRATE)
    needed = f"and this version needs schema {NEWEST}"
    found = store.read(schema_of)
    if found is None:
        raise StoreUnfit(f"it has no tables, {needed}", _MIGRATE)
    if found != NEWEST:
        raise StoreUnfit(f"another version made its tables: schema {found}, {needed}", _START_ANEW)


def schema_of(connection: Connection) -> str | None:
    """The schema of the store's tables; None if there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def _make_tables(connection: Connection) -> bool:
    """Make the tables, unless another process did so meanwhile; returns whether this one did."""
    # Imported where it is wanted: Alembic takes as long as all else that a command imports.
    from alembic import command
    from alembic.config import Config

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
