"""Parts of final days, kept so that a report sums them instead of reading the records of years.

They follow from the records: whoever stores something new of a day calls `forget_parts`, and the next report
makes them again. Of a day whose calls retention has deleted they are all there is, and they stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlalchemy import Connection, delete, select

from ivr.storage.engine.statements import advisory_lock, put
from ivr.storage.schema.columns import database_now
from ivr.storage.schema.running import day_figures, sealed_days


def lock_parts(connection: Connection) -> None:
    """Wait for transactions that forget parts, and let none begin until this transaction ends.

    Whoever makes parts calls it before reading the records, so that nothing is stored in between unseen.
    """
    advisory_lock(connection, "day figures")


def stored_parts(connection: Connection, first: date, last: date, version: int) -> Iterator[tuple[date, str]]:
    """The parts of that version of every day from `first` to `last` that has them, in the days' order."""
    within = day_figures.c.day.between(first.isoformat(), last.isoformat())
    query = select(day_figures.c.day, day_figures.c.parts).where(within, day_figures.c.version == version)
    for day, parts in connection.execute(query.order_by(day_figures.c.day)):
        yield date.fromisoformat(day), parts


def keep_parts(connection: Connection, day: date, version: int, parts: str) -> None:
    """Keep the parts of that final day in place of those it may have."""
    values = {"version": version, "parts": parts, "made_at": database_now()}
    put(connection, day_figures, {"day": day.isoformat()}, values)


def forget_parts(connection: Connection, first: date, last: date) -> None:
    """Something new is stored of these days; one whose calls retention has deleted keeps its parts."""
    lock_parts(connection)
    within = day_figures.c.day.between(first.isoformat(), last.isoformat())
    is_all_there_is = select(sealed_days.c.day).where(sealed_days.c.calls_deleted)
    connection.execute(delete(day_figures).where(within, day_figures.c.day.not_in(is_all_there_is)))
