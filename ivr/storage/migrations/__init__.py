"""Bringing a store's tables to this version; whoever opens a store calls `migrate` before using it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, inspect, text

from ivr.storage.engine.store import Store

NEWEST: Final = "first_58983a67ece6"
"""The revision whose tables this version knows: `first_` and a hash of the schema, which a test compares."""


def migrate(store: Store) -> None:
    """Create the tables or upgrade them, in one transaction; a store that is up to date is only read.

    Raises StoreAway, StoreUnfit.
    """
    if not store.read(is_current):
        # Imported where it is wanted: it takes as long as all else that a command imports.
        from ivr.storage.migrations.upgrade import upgrade

        store.write(upgrade)


def is_current(connection: Connection) -> bool:
    """Whether the store has exactly the tables of this version."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    return bool(connection.scalar(text("SELECT version_num FROM alembic_version")) == NEWEST)
