"""Parts of final days, kept so that a report sums them instead of reading the records of years.

They follow from the records: whoever stores something new of a day calls `forget_parts`, and they are counted
again. Of a day whose calls retention has deleted they are all there is, and they stay.

To count takes seconds, in which no recorder shall wait: `claim_days` leaves a mark on the days first, which
`forget_parts` takes away like parts, and `keep_parts` keeps what was counted only where the mark still is.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, select, update

from ivr.storage.engine.statements import advisory_lock, put
from ivr.storage.schema.columns import database_now
from ivr.storage.schema.running import day_figures, sealed_days

_LARGEST_TOKEN: Final = 2**31 - 1
_IS_ALL_THERE_IS: Final = select(sealed_days.c.day).where(sealed_days.c.calls_deleted)


class Made(NamedTuple):
    """By which version of the function parts were made, and in whose time zone their days are."""

    version: int
    time_zone: str


def stored_parts(connection: Connection, first: date, last: date, made: Made) -> Iterator[tuple[date, str]]:
    """The parts made so of every day from `first` to `last` that has them, in the days' order.

    Where retention has deleted the calls they are all there is, and stay that day's whatever the time zone.
    """
    within = day_figures.c.day.between(first.isoformat(), last.isoformat())
    is_theirs = (day_figures.c.time_zone == made.time_zone) | day_figures.c.day.in_(_IS_ALL_THERE_IS)
    query = select(day_figures.c.day, day_figures.c.parts).where(
        within, day_figures.c.version == made.version, is_theirs
    )
    for day, parts in connection.execute(query.order_by(day_figures.c.day)):
        yield date.fromisoformat(day), parts


def stored_days(connection: Connection, made: Made) -> set[date]:
    """The days whose parts made so are kept."""
    is_made = (day_figures.c.version == made.version) & (day_figures.c.time_zone == made.time_zone)
    days = connection.scalars(select(day_figures.c.day).where(is_made))
    return set(map(date.fromisoformat, days))


def claim_days(connection: Connection, days: Sequence[date]) -> int:
    """Mark the days as being counted, by another mark each time; commit before reading their records."""
    _lock(connection)
    token = -secrets.randbelow(_LARGEST_TOKEN) - 1
    for day in days:
        mark = {"version": token, "parts": "", "made_at": database_now()}
        put(connection, day_figures, {"day": day.isoformat()}, mark)
    return token


def keep_parts(connection: Connection, day: date, made: Made, parts: str, token: int) -> None:
    """Keep the parts of that day, unless something new was stored of it since it was claimed."""
    mine = update(day_figures).where(day_figures.c.day == day.isoformat(), day_figures.c.version == token)
    connection.execute(mine.values(**made._asdict(), parts=parts, made_at=database_now()))


def forget_parts(connection: Connection, first: date, last: date) -> None:
    """Something new is stored of these days, `last` included; one whose calls are deleted keeps its parts."""
    _lock(connection)
    within = day_figures.c.day.between(first.isoformat(), last.isoformat())
    connection.execute(delete(day_figures).where(within, day_figures.c.day.not_in(_IS_ALL_THERE_IS)))


def _lock(connection: Connection) -> None:
    """Until this transaction ends no other one stores records or claims a day: none is overlooked."""
    advisory_lock(connection, "day figures")
