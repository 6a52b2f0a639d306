"""Who did what with private data: one row for each time, never changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from ivr.storage.schema.columns import ago, database_now
from ivr.storage.schema.running import audit

HEARD_FOR_SEALED: Final = "heard live for a sealed day"
"""An alarm: a clock is wrong, or was when the day was sealed."""


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


def lately(connection: Connection, action: str, within: timedelta) -> list[str]:
    """What the rows of that action of so lately are about, each once."""
    when = audit.c.at.between(ago(within), database_now())
    return sorted(set(connection.scalars(select(audit.c.subject).where(audit.c.action == action, when))))
