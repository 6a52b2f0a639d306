"""Who did what with private data: one row for each time, never changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, insert, select

from ivr.storage.moments import ago, database_now
from ivr.storage.schema import audit


def note(connection: Connection, who: str, action: str, subject: str, why: str = "") -> None:
    """Append a row; commit it before doing what it says."""
    connection.execute(
        insert(audit).values(at=database_now(), who=who[:64], action=action, subject=subject[:150], note=why)
    )


def lines(connection: Connection, since: datetime) -> list[dict[str, Any]]:
    """The rows since that moment, the newest first."""
    query = select(audit.c.at, audit.c.who, audit.c.action, audit.c.subject, audit.c.note)
    found = connection.execute(query.where(audit.c.at >= since).order_by(audit.c.id.desc()))
    return [dict(row) for row in found.mappings()]


def last_subject(connection: Connection, action: str) -> str | None:
    """What the latest row of that action is about; None if there is none."""
    query = select(audit.c.subject).where(audit.c.action == action).order_by(audit.c.id.desc()).limit(1)
    return connection.scalar(query)


def was_done(connection: Connection, action: str, within: timedelta) -> bool:
    """Whether a row of that action was appended so lately."""
    found = exists().where(audit.c.action == action, audit.c.at > ago(within))
    return bool(connection.scalar(select(found)))
