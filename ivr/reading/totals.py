"""What a local day adds up to, counted now or as it was when it was sealed; and what a period's figures lack.

Records are totalled by how they ended; calls by what callers did at each node of the menu, a few hundred rows
a day however many calls there were. A purge keeps what the same queries found, so it changes no figure.
`Completeness` says when nobody listened and which days retention has sealed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import reduce
from itertools import groupby
from operator import attrgetter
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Connection, Select, case, func, literal, select

from ivr.menus.steps import Walk, WaysOut, passed
from ivr.storage.engine.statements import all_as, clock_of, columns
from ivr.storage.records.sealed import SealedDay, begins, sealed
from ivr.storage.running.listening import Gap, every_gap
from ivr.storage.running.liveness import Availability, availability
from ivr.storage.schema.owed import attempts, callbacks, decisions
from ivr.storage.schema.recorded import calls, visits
from ivr.storage.schema.running import sealed_nodes, sealed_totals

_ENDED_ALIKE: Final = attrgetter("record", "server", "structure", "queue", "origin", "result")


@dataclass(frozen=True, slots=True, order=True)
class Total:
    """How many records of one kind ended alike on that day, and the seconds they waited and talked.

    `result`: outcome of a visit, verdict of a decision, state of a callback, disposition of an attempt.
    """

    record: str
    server: str
    structure: str
    queue: str
    origin: str
    result: str
    number: int
    wait_seconds: float
    talk_seconds: float


def totals(connection: Connection, day: date, zone: ZoneInfo) -> list[Total]:
    """The day's totals, sealed or counted now."""
    kept = select(*columns(Total, sealed_totals)).where(sealed_totals.c.day == day.isoformat())
    if sealed(connection, day, day):
        return sorted(all_as(connection, Total, kept))
    return sorted(_counted(connection, day, zone))


def summed(connection: Connection, days: Iterable[date], zone: ZoneInfo) -> list[Total]:
    """One total for each way in which records ended on these days."""
    found = sorted(total for day in days for total in totals(connection, day, zone))
    return [reduce(_added, alike) for _, alike in groupby(found, key=_ENDED_ALIKE)]


def _added(one: Total, other: Total) -> Total:
    return replace(
        one,
        number=one.number + other.number,
        wait_seconds=round(one.wait_seconds + other.wait_seconds, 3),
        talk_seconds=round(one.talk_seconds + other.talk_seconds, 3),
    )


def ways_out(connection: Connection, day: date, zone: ZoneInfo) -> WaysOut:
    """How callers left each node, of calls that ended on that day."""
    if sealed(connection, day, day):
        kept = select(sealed_nodes).where(sealed_nodes.c.day == day.isoformat())
        return WaysOut({(row.node, row.left_by): row.number for row in connection.execute(kept)})
    return passed(_walks(connection, begins(day, zone), begins(day + timedelta(days=1), zone)))


def _counted(connection: Connection, day: date, zone: ZoneInfo) -> Iterator[Total]:
    first, last = begins(day, zone), begins(day + timedelta(days=1), zone)
    for record, (when, query) in _QUERIES.items():
        for row in connection.execute(query.where(when >= first, when < last)):
            server, structure, queue, origin, result, number, wait, talk = row
            seconds = (round(wait or 0.0, 3), round(talk or 0.0, 3))
            yield Total(record, server, structure, queue, origin, result, number, *seconds)


def _walks(connection: Connection, begin: datetime, end: datetime) -> Iterator[Walk]:
    """Every way taken by calls that ended from `begin` until before `end`, equal ones counted together.

    Calls that only queue_log tells of came by no known way and are left out.
    """
    joined = select(visits.c.id).where(visits.c.call_id == calls.c.id).exists()
    ending = case((joined, "queue"), (calls.c.ended_by == "caller", "hung up"), else_="let go")
    way = (calls.c.steps, calls.c.menu_path, ending)
    during = (calls.c.ended_at >= begin, calls.c.ended_at < end, calls.c.steps != "")
    for row in connection.execute(select(*way, func.count()).where(*during).group_by(*way)):
        yield Walk(*row)


_NONE: Final = literal(0.0)


def _query(*alike: Any, wait: Any = _NONE, talk: Any = _NONE) -> Select[Any]:
    grouped = [column for column in alike if isinstance(column, Column)]
    return select(*alike, func.count(), func.sum(wait), func.sum(talk)).group_by(*grouped)


_QUERIES: Final = {
    "visits": (visits.c.joined_at, _query(
        visits.c.server, visits.c.structure, visits.c.queue, visits.c.origin, visits.c.outcome,
        wait=visits.c.wait_seconds, talk=visits.c.talk_seconds,
    )),
    "decisions": (calls.c.ended_at, _query(
        calls.c.server, decisions.c.structure, literal(""), calls.c.origin, decisions.c.decision,
        wait=decisions.c.wait_seconds,
    ).join(calls, calls.c.id == decisions.c.call_id)),
    "callbacks": (callbacks.c.missed_at, _query(
        callbacks.c.server, callbacks.c.structure, callbacks.c.queue, callbacks.c.reason, callbacks.c.state,
    )),
    "attempts": (attempts.c.planned_at, _query(
        attempts.c.server, literal(""), attempts.c.queue, literal("callback"), attempts.c.disposition,
        talk=attempts.c.talk_seconds,
    )),
}  # fmt: skip
"""Record → when it counts, and what its records of a time add up to, by the fields of `Total`."""


@dataclass(frozen=True)
class Completeness:
    """Of one period. `minutes`: by server, until now at the latest; one without a row counts as unknown."""

    minutes: dict[str, Availability]
    gaps: list[tuple[str, Gap]]
    sealed_days: list[SealedDay]

    @property
    def deleted_days(self) -> list[date]:
        """Those whose calls retention has deleted, or is about to."""
        return [one.day for one in self.sealed_days if one.calls_deleted]

    def is_complete(self, server: str) -> bool:
        """Every minute is known, and of every gap queue_log has told."""
        is_filled = all(gap.rebuilt is not None for where, gap in self.gaps if where == server)
        return is_filled and not self.minutes[server].unknown


def completeness(
    connection: Connection, servers: Iterable[str], first: date, last: date, zone: ZoneInfo
) -> Completeness:
    """Of the local days from `first` to `last`, both included."""
    begin, end = begins(first, zone), begins(last + timedelta(days=1), zone)
    until = max(begin, min(end, clock_of(connection).replace(second=0, microsecond=0)))
    return Completeness(
        {server: availability(connection, server, begin, until) for server in sorted(servers)},
        every_gap(connection, begin, end),
        sealed(connection, first, last),
    )
