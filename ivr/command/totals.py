"""`hotline data totals`: a period in sums, and all that a reader of them must know of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import date, datetime
from itertools import groupby
from typing import Annotated
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ivr.command.checking import running_configuration
from ivr.command.completeness import completeness
from ivr.command.days import each_day, first_and_last
from ivr.command.parameters import AsJson, LastDay, from_day
from ivr.command.printing import print_json, print_line
from ivr.command.store import open_store
from ivr.storage.totals import Total, totals


def show_totals(
    begin: Annotated[datetime | None, from_day("today")] = None,
    end: LastDay = None,
    as_json: AsJson = False,
) -> None:
    """How many visits, decisions, callbacks and attempts ended how, and the seconds waited and talked.

    Days are the hotline's own. Below the sums: whether the data is complete, when nobody listened to AMI, and
    which days are sealed.
    """
    configuration = running_configuration()
    zone = ZoneInfo(configuration.hotline.time_zone)
    first, last = first_and_last(begin, end, zone, days_back=0)
    with open_store() as store:
        summed = store.read(lambda connection: _summed(connection, each_day(first, last), zone))
        known = store.read(lambda c: completeness(c, configuration.servers, first, last, zone))
    if as_json:
        sums = {"from": first, "to": last, "totals": [asdict(total) for total in summed]}
        print_json({**sums, **known.as_json()})
        return
    print_line(f"{first} to {last}")
    for line in (*_lines(summed), *known.lines()):
        print_line(line)


def _summed(connection: Connection, days: Iterable[date], zone: ZoneInfo) -> list[Total]:
    """One total for each way in which records ended in the period."""
    found: dict[tuple[str, ...], Total] = {}
    for day in days:
        for total in totals(connection, day, zone):
            key = (total.record, total.server, total.structure, total.queue, total.origin, total.result)
            so_far = found.get(key)
            found[key] = total if so_far is None else _added(so_far, total)
    return sorted(found.values())


def _added(one: Total, other: Total) -> Total:
    return replace(
        one,
        number=one.number + other.number,
        wait_seconds=round(one.wait_seconds + other.wait_seconds, 3),
        talk_seconds=round(one.talk_seconds + other.talk_seconds, 3),
    )


def _lines(summed: Iterable[Total]) -> Iterator[str]:
    for record, of_record in groupby(summed, key=lambda total: total.record):
        kind = list(of_record)
        yield _line(record, kind)
        for place, same in groupby(sorted(kind, key=_place), key=_place):
            yield _line(f"  {place}", list(same))


def _place(total: Total) -> str:
    return f"{total.server} {total.queue or total.structure} {total.origin}"


def _line(what: str, same: Iterable[Total]) -> str:
    results, waited, talked = Counter[str](), 0.0, 0.0
    for total in same:
        results[total.result] += total.number
        waited, talked = waited + total.wait_seconds, talked + total.talk_seconds
    told = [f"{number:,} {result}" for result, number in results.most_common()]
    told += [
        f"{seconds:,.0f} s {how}" for seconds, how in ((waited, "waited"), (talked, "talked")) if seconds
    ]
    return f"{what:<28}  {results.total():>9,}   {', '.join(told)}"
