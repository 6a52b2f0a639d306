"""Many rows at once: as they go through the driver, past what SQLAlchemy does for each single one.

A year of queue_log is a million rows. SQLite takes them by `executemany`, PostgreSQL by COPY.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Table,
    TypeDecorator,
    any_,
    bindparam,
    func,
    select,
)

from ivr.storage.schema import Told

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


def insert_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the columns the first one names."""
    if not rows:
        return
    names = tuple(rows[0])
    columns = (_as_stored(table.c[name], [row[name] for row in rows]) for name in names)
    into = f"{table.name} ({', '.join(names)})"
    places = ", ".join(("?" if connection.dialect.paramstyle == "qmark" else "%s",) * len(names))
    connection.exec_driver_sql(
        f"INSERT INTO {into} VALUES ({places})",
        list(zip(*columns, strict=True)),
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


def take_statistics(connection: Connection, *tables: Table) -> None:
    """Let PostgreSQL plan by what the tables hold now, not when autovacuum next looks, up to a minute later.

    Without any it reads a whole index for every batch, and a year takes hours. SQLite plans by the indexes.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {', '.join(table.name for table in tables)}")


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
