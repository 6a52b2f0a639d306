"""Sealed days: what they added up to is kept for good, and no old file that is read again changes it.

`ivr.reading.totals` says what is kept; `ivr.retention.purge` seals a day before it
touches its records, and marks it before it deletes them. A day of which something new is stored is opened,
and sealed again by the next purge; such as one that was to come when a purge under a wrong clock sealed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, delete, insert, select, update

from ivr.storage.engine.statements import columns
from ivr.storage.schema.running import sealed_days, sealed_nodes, sealed_totals

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SealedDay:
    """A local day, and whether retention has deleted records of it."""

    day: date
    calls_deleted: bool
    callbacks_deleted: bool


def sealed(connection: Connection, first: date = date.min, last: date = date.max) -> list[SealedDay]:
    """The sealed days from `first` to `last`, in their order."""
    days = select(*columns(SealedDay, sealed_days))
    within = sealed_days.c.day.between(first.isoformat(), last.isoformat())
    found = connection.execute(days.where(within).order_by(sealed_days.c.day))
    return [SealedDay(date.fromisoformat(day), *known) for day, *known in found]


def mark_sealed(
    connection: Connection, day: date, zone: ZoneInfo, totals: Rows = (), nodes: Rows = ()
) -> None:
    """What it adds up to is kept from now on: rows of `sealed_totals` and `sealed_nodes`, but for the day."""
    its = {"day": day.isoformat()}
    moments = {"begins_at": begins(day, zone), "ends_at": begins(day + timedelta(days=1), zone)}
    connection.execute(insert(sealed_days).values(**its, **moments))
    for table, rows in ((sealed_totals, totals), (sealed_nodes, nodes)):
        if rows:
            connection.execute(insert(table), [{**its, **row} for row in rows])


def mark_deleted(connection: Connection, kind: str, before: date) -> None:
    """Retention takes the records of that kind of every sealed day before that one."""
    is_deleted = sealed_days.c[f"{kind}_deleted"]
    mine = update(sealed_days).where(sealed_days.c.day < before.isoformat(), is_deleted.is_(False))
    connection.execute(mine.values({is_deleted: True}))


def sealed_between(
    connection: Connection, first: datetime, last: datetime, *, only_deleted: bool = False
) -> Sequence[Row[Any]]:
    """The rows of the sealed days any moment from `first` to `last` is in.

    `only_deleted`: those whose calls and visits retention has taken.
    """
    touched = select(sealed_days).where(sealed_days.c.begins_at <= last, sealed_days.c.ends_at > first)
    if only_deleted:
        touched = touched.where(sealed_days.c.calls_deleted)
    return connection.execute(touched).all()


def open_again(connection: Connection, day: Row[Any]) -> None:
    """Something new is stored of it. What it added up to stays if records of it were deleted."""
    its_totals = select(sealed_totals.c.id).where(sealed_totals.c.day == day.day).limit(1)
    is_whole = not (day.calls_deleted or day.callbacks_deleted)
    if is_whole or connection.scalar(its_totals) is None:
        for table in (sealed_totals, sealed_nodes, sealed_days):
            connection.execute(delete(table).where(table.c.day == day.day))


def begins(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day."""
    return datetime.combine(day, time.min, zone)
