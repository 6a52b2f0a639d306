"""How far each queue_log file was read: the bookmarks of backfill and of the recorder."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from ivr.storage import unless_there
from ivr.storage.schema import log_positions as table


def put(
    connection: Connection, server: str, scope: str, first_line: str, position: int, read_to_at: datetime
) -> None:
    """Everything before `position` of that file is stored."""
    key = {"server": server, "scope": scope, "first_line": first_line}
    unless_there.put(connection, table, key, {"position": position, "read_to_at": read_to_at})


def known(connection: Connection, server: str, scope: str) -> dict[str, int]:
    """Positions by the hash of the file's first line."""
    query = select(table.c.first_line, table.c.position).where(
        table.c.server == server, table.c.scope == scope
    )
    return {row.first_line: row.position for row in connection.execute(query)}
