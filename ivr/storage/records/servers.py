"""The servers whose calls are stored, of whatever configuration."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from ivr.storage.schema.recorded import calls


def known_servers(connection: Connection) -> Iterator[str]:
    """Each is found by the index, where DISTINCT would read every call."""
    server: str | None = ""
    while server := connection.scalar(select(func.min(calls.c.server)).where(calls.c.server > server)):
        yield server
