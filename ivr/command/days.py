"""Reports of a period: its days, what a reader must know of their records, and two of the reports.

`hotline data totals` is the period in sums, `hotline menu stats` which nodes citizens came to in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ivr.asterisk.connection import utc_now
from ivr.command.loading import TimeZone, configuration_if_any, options
from ivr.command.options import AsJson, LastDay, from_day
from ivr.command.printing import Table, fail, print_line, print_lines, print_result
from ivr.command.status import gap_told
from ivr.command.store import open_store
from ivr.menus.steps import ON, SENT_ON, NodeCount, WaysOut, by_node
from ivr.reading.totals import Completeness, Total, completeness, summed, ways_out
from ivr.storage.records.sealed import begins
from ivr.storage.records.servers import known_servers

_NAMED: Final = (*SENT_ON.values(), ON, "queue", "hung up", "let go")
_FAR_AHEAD: Final = timedelta(days=366)


@dataclass(frozen=True)
class Days:
    """From `first` to `last`, both included, in the zone of `options`."""

    zone: ZoneInfo
    first: date
    last: date
    servers: Collection[str]
    """Those of the configuration; empty where there is none."""

    @classmethod
    def asked(cls, begin: datetime | None, end: datetime | None, days_back: int) -> Days:
        """Those of `--from` and `--to`; by default from `days_back` before today until today.

        Ends the command if `--to` comes first, or is more than a year ahead.
        """
        configuration, zone = configuration_if_any(), options().zone
        today = utc_now().astimezone(zone).date()
        first = begin.date() if begin else today - timedelta(days=days_back)
        last = end.date() if end else today
        if last < first:
            fail("--to is before --from", status=2)
        if last > today + _FAR_AHEAD:
            fail(f"{last} is too far ahead", status=2)
        return cls(zone, first, last, configuration.servers if configuration else ())

    @property
    def begin(self) -> datetime:
        """The first moment."""
        return begins(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first moment after the last day."""
        return begins(self.last + timedelta(days=1), self.zone)

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1))

    def completeness(self, connection: Connection) -> Completeness:
        """Who listened when, and what retention has taken; without a configuration, of servers with calls."""
        servers = self.servers or list(known_servers(connection))
        return completeness(connection, servers, self.first, self.last, self.zone)


def lines_of(known: Completeness) -> Iterator[str]:
    """A line for each server, each gap, and the sealed days."""
    for server, found in known.minutes.items():
        minutes = f"{server}: {found.up:,} min up, {found.down:,} down, {found.unknown:,} unknown"
        yield f"{minutes}; data {'complete' if known.is_complete(server) else 'INCOMPLETE'}"
    for server, gap in known.gaps:
        yield f"gap at {server}: {gap_told(gap)}"
    if days := [one.day for one in known.sealed_days]:
        yield f"sealed: {told_days(days)}; numbers or records of them may be gone"


def data_of(known: Completeness) -> dict[str, Any]:
    """The same for programs."""
    return {
        "servers": [
            {
                "server": server,
                "minutes_up": found.up,
                "minutes_down": found.down,
                "minutes_unknown": found.unknown,
                "is_complete": known.is_complete(server),
            }
            for server, found in known.minutes.items()
        ],
        "gaps": [{"server": server, **asdict(gap)} for server, gap in known.gaps],
        "sealed_days": [one.day for one in known.sealed_days],
        "deleted_days": known.deleted_days,
    }


def told_days(days: Sequence[date]) -> str:
    """Such as `3 days up to 2026-11-23`."""
    return f"{len(days)} days up to {days[-1]}"


def show_totals(
    begin: Annotated[datetime | None, from_day("today")] = None,
    end: LastDay = None,
    time_zone: TimeZone = "",
    as_json: AsJson = False,
) -> None:
    """How many visits, decisions, callbacks and attempts ended how, and the seconds waited and talked.

    Days are the hotline's own; sealed ones stay so, whatever the time zone. Below the sums: whether the data
    is complete, when nobody listened to AMI, and which days are sealed.
    """
    days = Days.asked(begin, end, days_back=0)
    with open_store() as store:
        sums = store.read(lambda connection: summed(connection, days, days.zone))
        known = store.read(days.completeness)
    data = {"from": days.first, "to": days.last, "totals": sums}
    lines = (f"{days.first} to {days.last}", *_lines(sums), *lines_of(known))
    print_result(as_json, {**data, **data_of(known)}, lines)


def stats(
    begin: Annotated[datetime | None, from_day("a week ago")] = None,
    end: LastDay = None,
    time_zone: TimeZone = "",
    as_json: AsJson = False,
) -> None:
    """Every node of the menu callers came to in those days, the most visited first, and how they left it.

    A caller who comes to a node twice is counted twice. `on`: without a key; `let go`: the hotline hung up.
    A call counts on the day it ended. Below: whether the data of those days is complete, when nobody listened
    to AMI, and which days are sealed.
    """
    days = Days.asked(begin, end, days_back=7)
    with open_store() as store:
        counted = by_node(store.read(lambda c: sum((ways_out(c, day, days.zone) for day in days), WaysOut())))
        known = store.read(days.completeness)
    table = Table(("node", "visits", "by key", *_NAMED), map(_row, counted), ("visits", *_NAMED))
    print_line(f"{days.first} to {days.last}", err=as_json)
    print_result(as_json, counted, [table if counted else "no call came through the menu in those days"])
    print_lines(lines_of(known), err=as_json)


def _row(node: NodeCount) -> tuple[str, ...]:
    keys = ", ".join(f"{key}: {node.left[key]}" for key in sorted(node.left.keys() - {*_NAMED}))
    return (node.node, str(node.visits), keys, *(str(node.left[name] or "") for name in _NAMED))


def _lines(sums: Iterable[Total]) -> Iterator[str]:
    for record, of_record in groupby(sums, key=attrgetter("record")):
        kind = list(of_record)
        yield _line(record, kind)
        for place, same in groupby(sorted(kind, key=_place), key=_place):
            yield _line(f"  {place}", list(same))


def _place(total: Total) -> str:
    return f"{total.server} {total.queue or total.structure} {total.origin}"


def _line(what: str, same: list[Total]) -> str:
    results = Counter[str]()
    for total in same:
        results[total.result] += total.number
    told = [f"{number:,} {result}" for result, number in results.most_common()]
    if waited := sum(total.wait_seconds for total in same):
        told.append(f"{waited:,.0f} s waited")
    if talked := sum(total.talk_seconds for total in same):
        told.append(f"{talked:,.0f} s talked")
    return f"{what:<28}  {results.total():>9,}   {', '.join(told)}"
