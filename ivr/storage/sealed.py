"""Sealed days: what they added up to is kept for good, and nothing new is stored of them.

`ivr.storage.totals` and `ivr.storage.walks` say what is kept; `ivr.storage.purge` seals a day before it
touches its records, and marks it before it deletes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from ivr.storage.moments import database_now
from ivr.storage.schema import sealed_days

DELETED: Final = {"calls": sealed_days.c.calls_deleted, "callbacks": sealed_days.c.callbacks_deleted}


@dataclass(frozen=True, slots=True)
class SealedDay:
    """`has_walks`: how calls went through the menu is kept too; days sealed by an earlier version lack it."""

    day: date
    has_walks: bool
    calls_deleted: bool
    callbacks_deleted: bool


def sealed(connection: Connection, first: date = date.min, last: date = date.max) -> list[SealedDay]:
    """The sealed days from `first` to `last`, in their order."""
    days = select(*(sealed_days.c[name] for name in SealedDay.__dataclass_fields__))
    within = sealed_days.c.day.between(first.isoformat(), last.isoformat())
    found = connection.execute(days.where(within).order_by(sealed_days.c.day))
    return [SealedDay(date.fromisoformat(day), *known) for day, *known in found]


def mark_sealed(connection: Connection, day: date, zone: ZoneInfo) -> None:
    """From now on nothing is stored of it."""
    moments = {"begins_at": begins(day, zone), "ends_at": begins(day + timedelta(days=1), zone)}
    connection.execute(insert(sealed_days).values(day=day.isoformat(), sealed_at=database_now(), **moments))


def mark_deleted(connection: Connection, kind: str, before: date) -> None:
    """Retention takes the records of that kind of every sealed day before that one."""
    is_deleted = DELETED[kind]
    mine = update(sealed_days).where(sealed_days.c.day < before.isoformat(), is_deleted.is_(False))
    connection.execute(mine.values({is_deleted: True}))


def sealed_between(
    connection: Connection, first: datetime, last: datetime, *, only_deleted: bool = False
) -> list[tuple[datetime, datetime]]:
    """The sealed days any moment from `first` to `last` is in: when each begins, and the next one.

    `only_deleted`: those whose calls and visits retention has taken.
    """
    days = select(sealed_days.c.begins_at, sealed_days.c.ends_at)
    touched = days.where(sealed_days.c.begins_at <= last, sealed_days.c.ends_at > first)
    if only_deleted:
        touched = touched.where(sealed_days.c.calls_deleted)
    return [(begin, end) for begin, end in connection.execute(touched)]


def begins(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day."""
    return datetime.combine(day, time.min, zone)
