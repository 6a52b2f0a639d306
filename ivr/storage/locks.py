"""Locks by name, held until the transaction ends, among all processes that use one PostgreSQL.

SQLite needs none: its writing transactions follow one another.
"""

from __future__ import annotations

from sqlalchemy import Connection, text


def advisory_lock(connection: Connection, name: str) -> None:
    """Wait until no other transaction holds the lock of that name, `lock_timeout` at most."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})
