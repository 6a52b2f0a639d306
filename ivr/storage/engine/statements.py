"""Statements that the two databases want in their own words, and many rows at once.

A year of queue_log is a million rows: SQLite takes them by `executemany`, PostgreSQL by COPY, past what
SQLAlchemy does for each single one. SQLite needs no locks: its writing transactions follow one another. The
columns a dataclass names are selected and made into its values here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import ARRAY, Column, Connection, Select, Table, any_, bindparam, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator

from ivr.storage.schema.columns import Told, database_now


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


def read_at_leisure(connection: Connection) -> None:
    """Let whoever reads pause or compute between rows; what only reads holds up no record."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def unindexed(column: Column[str]) -> ColumnElement[str]:
    """The text of the column, for a condition that another one's index leaves few rows for.

    SQLite would choose an index that finds next to all rows.
    """
    return column.concat("")


COPY: Final = "copy"
"""Execution option: the COPY statement that does the same as the INSERT it comes with."""


def new_ids(connection: Connection, table: Table, number: int) -> Iterator[int]:
    """So many ids for rows that will be inserted in this writing transaction."""
    if connection.dialect.name == "sqlite":
        last: int = connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
        return iter(range(last + 1, last + 1 + number))
    series = func.generate_series(1, number).alias()
    sequence = func.pg_get_serial_sequence(table.name, "id")
    return iter(connection.scalars(select(func.nextval(sequence)).select_from(series)).all())


class StoredRows(NamedTuple):
    """Rows as the driver takes them: the names of their columns, and their values."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def as_stored(table: Table, rows: Sequence[Mapping[str, Any]]) -> StoredRows:
    """Rows that all name the columns the first one names."""
    names = tuple(rows[0]) if rows else ()
    columns = (_as_stored(table.c[name], [row[name] for row in rows]) for name in names)
    return StoredRows(names, list(zip(*columns, strict=True)))


def insert_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the columns the first one names."""
    insert_stored(connection, table, as_stored(table, rows))


def insert_stored(connection: Connection, table: Table, some: StoredRows, **of_all: int) -> None:
    """Insert the rows, each with the values `of_all` beside its own."""
    if not some.rows:
        return
    names = (*of_all, *some.names)
    into = f"{table.name} ({', '.join(names)})"
    places = ", ".join(("?" if connection.dialect.paramstyle == "qmark" else "%s",) * len(names))
    fixed = tuple(of_all.values())
    connection.exec_driver_sql(
        f"INSERT INTO {into} VALUES ({places})",
        [fixed + row for row in some.rows] if fixed else some.rows,
        execution_options={COPY: f"COPY {into} FROM STDIN"},
    )


def among(connection: Connection, column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """The column is one of the values: as one parameter, where each value of an IN list would be one."""
    stored = _as_stored(column, list(values))
    if connection.dialect.name == "postgresql":
        kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
        return column == any_(bindparam(None, stored, ARRAY(kind)))
    listed = func.json_each(json.dumps(stored)).table_valued("value")
    return column.in_(select(listed.c.value))


def copy_instead(cursor: Any, statement: str, rows: Sequence[Sequence[Any]], context: Any) -> bool:
    """PostgreSQL's way to execute an `insert_all`; whatever else is executed stays as it is."""
    if (copy := context.execution_options.get(COPY)) is None:
        return False
    with cursor.copy(copy) as copying:
        for row in rows:
            copying.write_row(row)
    return True


def _as_stored(column: Column[Any], values: list[Any]) -> list[Any]:
    kind = column.type
    if not isinstance(kind, TypeDecorator) or (isinstance(kind, Told) and kind.keeps(values)):
        return values
    return [kind.process_bind_param(value, None) for value in values]  # type: ignore[arg-type]  # ours ask for no dialect


T = TypeVar("T")


def columns(kind: type, *tables: Table) -> list[Column[Any]]:
    """For each field of a dataclass the column of its name, in the first of the tables that has one."""
    return [next(table.c[field.name] for table in tables if field.name in table.c) for field in fields(kind)]


def all_as(connection: Connection, kind: Callable[..., T], query: Select[Any]) -> list[T]:
    """Every row that is found as a value of that dataclass."""
    return [kind(**row._mapping) for row in connection.execute(query)]


def one_as(connection: Connection, kind: Callable[..., T], query: Select[Any]) -> T | None:
    """The only row that may be found as a value of that dataclass."""
    found = all_as(connection, kind, query)
    return found[0] if found else None


def clock_of(connection: Connection) -> datetime:
    """The database's clock, the only one that `due_at` and deadlines are compared with."""
    moment: datetime = connection.execute(select(database_now())).scalar_one()
    return moment
