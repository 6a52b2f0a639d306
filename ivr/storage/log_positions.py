"""How far each queue_log file was read: the bookmarks of backfill and of the recorder."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from ivr.storage.schema import log_positions as table


def put(
    connection: Connection, server: str, scope: str, first_line: str, position: int, read_to_at: datetime
) -> None:
    """Everything before `position` of that file is stored."""
    here = (table.c.server == server, table.c.scope == scope, table.c.first_line == first_line)
    known = {"position": position, "read_to_at": read_to_at}
    if not connection.execute(update(table).where(*here).values(known)).rowcount:
        key = {"server": server, "scope": scope, "first_line": first_line}
        connection.execute(insert(table).values(key | known))


def known(connection: Connection, server: str, scope: str) -> dict[str, int]:
    """Positions by the hash of the file's first line."""
    query = select(table.c.first_line, table.c.position).where(
        table.c.server == server, table.c.scope == scope
    )
    return {row.first_line: row.position for row in connection.execute(query)}
