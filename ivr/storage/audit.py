"""Who did what with private data: one row for each time, never changed."""

from __future__ import annotations

from sqlalchemy import Connection, insert

from ivr.storage.moments import database_now
from ivr.storage.schema import audit


def note(connection: Connection, who: str, action: str, subject: str, why: str = "") -> None:
    """Append a row; commit it before doing what it says."""
    connection.execute(
        insert(audit).values(at=database_now(), who=who[:64], action=action, subject=subject[:150], note=why)
    )
