"""Days whose figures are final: their parts are counted once and kept, before anything of them is deleted.

Counting reads for seconds and holds up no recorder: a day is claimed first, and whoever stores something new
of it meanwhile takes the claim away, so that nothing half known is ever kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from ivr.figures.parts import to_text
from ivr.reading.day_figures import Judging, count_days, runs
from ivr.storage.engine.store import Store
from ivr.storage.records.day_figures import Made, claim_days, keep_parts, stored_days
from ivr.storage.records.sealed import sealed
from ivr.storage.schema.recorded import calls

_FINAL_AT_LAST: Final = timedelta(days=60)
"""A day so old is final whatever is open: a call left waiting by a lost record never ends."""


class Kept(NamedTuple):
    """`kept` of `wanted` days are done."""

    kept: int
    wanted: int


def keep_final_days(store: Store, judging: Judging, now: datetime) -> Iterator[Kept]:
    """Count and keep every day that is final at `now` and not kept yet; some days at a time are committed."""
    wanted = store.read(partial(_wanted, judging=judging, now=now))
    done = 0
    yield Kept(done, len(wanted))
    for some in _together(wanted):
        token = store.write(partial(claim_days, days=some))
        counted = store.read(partial(_counted, some=some, judging=judging, now=now))
        store.write(partial(_keep, parts=counted, made=judging.made, token=token))
        done += len(some)
        yield Kept(done, len(wanted))


def _wanted(connection: Connection, judging: Judging, now: datetime) -> list[date]:
    first = connection.scalar(select(func.min(calls.c.began_at)))
    if first is None:
        return []
    zone = judging.rules.hours.zone
    begin, today = first.astimezone(zone).date(), now.astimezone(zone).date()
    gone = {one.day for one in sealed(connection) if one.calls_deleted}
    done = gone | stored_days(connection, judging.made)
    days = (begin + timedelta(days=number) for number in range((today - begin).days))
    return [day for day in days if day not in done and judging.rules.settled_at(day) <= now]


def _together(wanted: list[date]) -> Iterator[list[date]]:
    """Portions of days that are read at once."""
    chosen = set(wanted)
    for some in runs(wanted[0], wanted[-1]) if wanted else ():
        if mine := [day for day in some if day in chosen]:
            yield mine


def _counted(connection: Connection, some: list[date], judging: Judging, now: datetime) -> dict[date, str]:
    found = {}
    for day, parts in count_days(connection, some, judging, now):
        may_change = any(cell.provisional for cell in parts.values())
        if not may_change or judging.rules.settled_at(day) + _FINAL_AT_LAST <= now:
            found[day] = to_text(parts)
    return found


def _keep(connection: Connection, parts: dict[date, str], made: Made, token: int) -> None:
    for day, text in parts.items():
        keep_parts(connection, day, made, text, token)
