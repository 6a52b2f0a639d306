"""Where SQLite and PostgreSQL differ: inserting where a row may be, locks by name, an index left alone.

SQLite needs no locks: its writing transactions follow one another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, text
from sqlalchemy.dialects import postgresql, sqlite


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def add(connection: Connection, table: Table, row: Mapping[str, Any]) -> Any:
    """Insert the row and give back its key; None if one that must not be there twice is there."""
    new = insert_into(connection, table).values(row).on_conflict_do_nothing()
    return connection.scalar(new.returning(*table.primary_key))


def put(connection: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """The row with that primary key has these values from now on."""
    row = insert_into(connection, table).values({**key, **values})
    connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))


def advisory_lock(connection: Connection, name: str) -> None:
    """Wait until no other transaction of all processes holds the lock of that name, `lock_timeout` at most.

    It is held until the transaction ends.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def unindexed(column: Column[str]) -> ColumnElement[str]:
    """The text of the column, for a condition that another one's index leaves few rows for.

    SQLite would choose an index that finds next to all rows.
    """
    return column.concat("")
