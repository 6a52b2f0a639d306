"""How far each queue_log file was read: the bookmarks of backfill and of the recorder."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import Connection, exists, select

from ivr.storage.engine import statements
from ivr.storage.schema.running import log_positions as table


def put(connection: Connection, server: str, scope: str, first_line: str, position: int) -> None:
    """Everything before `position` of that file is stored."""
    key = {"server": server, "scope": scope, "first_line": first_line}
    statements.put(connection, table, key, {"position": position, "token": uuid4().hex})


def token(connection: Connection, server: str, scope: str, first_line: str) -> str | None:
    """The bookmark's own token; None if that file has no bookmark."""
    key = (table.c.server == server, table.c.scope == scope, table.c.first_line == first_line)
    return connection.scalar(select(table.c.token).where(*key))


def is_any(connection: Connection, server: str) -> bool:
    """Whether queue_log of that server was ever read."""
    return bool(connection.scalar(select(exists().where(table.c.server == server))))


def known(connection: Connection, server: str, scope: str) -> dict[str, int]:
    """Positions by the hash of the file's first line."""
    query = select(table.c.first_line, table.c.position).where(
        table.c.server == server, table.c.scope == scope
    )
    return {row.first_line: row.position for row in connection.execute(query)}
