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
from typing import Final

from sqlalchemy import Connection, delete, select, update

from ivr.storage.engine.statements import advisory_lock, put
from ivr.storage.schema.columns import database_now
from ivr.storage.schema.running import day_figures, sealed_days

_LARGEST_TOKEN: Final = 2**31 - 1


def stored_parts(connection: Connection, first: date, last: date, version: int) -> Iterator[tuple[date, str]]:
    """The parts of that version of every day from `first` to `last` that has them, in the days' order."""
    within = day_figures.c.day.between(first.isoformat(), last.isoformat())
    query = select(day_figures.c.day, day_figures.c.parts).where(within, day_figures.c.version == version)
    for day, parts in connection.execute(query.order_by(day_figures.c.day)):
        yield date.fromisoformat(day), parts


def stored_days(connection: Connection, version: int) -> set[date]:
    """The days whose parts of that version are kept."""
    days = connection.scalars(select(day_figures.c.day).where(day_figures.c.version == version))
    return set(map(date.fromisoformat, days))


def claim_days(connection: Connection, days: Sequence[date]) -> int:
    """Mark the days as being counted, by another mark each time; commit before reading their records."""
    _lock(connection)
    token = -secrets.randbelow(_LARGEST_TOKEN) - 1
    for day in days:
        mark = {"version": token, "parts": "", "made_at": database_now()}
        put(connection, day_figures, {"day": day.isoformat()}, mark)
    return token


def keep_parts(connection: Connection, day: date, version: int, parts: str, token: int) -> None:
    """Keep the parts of that day, unless something new was stored of it since it was claimed."""
    mine = update(day_figures).where(day_figures.c.day == day.isoformat(), day_figures.c.version == token)
    connection.execute(mine.values(version=version, parts=parts, made_at=database_now()))


def forget_parts(connection: Connection, first: date, last: date) -> None:
    """Something new is stored of these days, `last` included; one whose calls are deleted keeps its parts."""
    _lock(connection)
    within = day_figures.c.day.between(first.isoformat(), last.isoformat())
    is_all_there_is = select(sealed_days.c.day).where(sealed_days.c.calls_deleted)
    connection.execute(delete(day_figures).where(within, day_figures.c.day.not_in(is_all_there_is)))


def _lock(connection: Connection) -> None:
    """Until this transaction ends no other one stores records or claims a day: none is overlooked."""
    advisory_lock(connection, "day figures")
