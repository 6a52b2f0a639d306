"""INSERT that says what happens where a row like it is there already; both databases have the same words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
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
