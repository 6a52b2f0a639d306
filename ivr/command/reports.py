"""`hotline data totals`: a period in sums; `hotline menu stats`: which nodes citizens came to in it.

Both say all that a reader of them must know of the period.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import reduce
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Final

from sqlalchemy import Connection

from ivr.command.parameters import AsJson, LastDay, from_day
from ivr.command.period import Days
from ivr.command.printing import print_json, print_line, print_result, print_table
from ivr.command.store import open_store
from ivr.menus.steps import ON, SENT_ON, NodeCount, WaysOut, by_node
from ivr.storage.totals import Total, totals
from ivr.storage.walks import ways_out

_ENDED_ALIKE: Final = attrgetter("record", "server", "structure", "queue", "origin", "result")
_NAMED: Final = (*SENT_ON.values(), ON, "queue", "hung up", "let go")


def show_totals(
    begin: Annotated[datetime | None, from_day("today")] = None,
    end: LastDay = None,
    as_json: AsJson = False,
) -> None:
    """How many visits, decisions, callbacks and attempts ended how, and the seconds waited and talked.

    Days are the hotline's own. Below the sums: whether the data is complete, when nobody listened to AMI, and
    which days are sealed.
    """
    days = Days.asked(begin, end, days_back=0)
    with open_store() as store:
        summed = store.read(lambda connection: _summed(connection, days))
        known = store.read(days.completeness)
    sums = {"from": days.first, "to": days.last, "totals": summed}
    lines = (f"{days.first} to {days.last}", *_lines(summed), *known.lines())
    print_result(as_json, {**sums, **known.as_json()}, lines)


def stats(
    begin: Annotated[datetime | None, from_day("a week ago")] = None,
    end: LastDay = None,
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
    if as_json:
        print_json(counted)
    elif counted:
        rows = [_row(node) for node in counted]
        print_table(("node", "visits", "by key", *_NAMED), rows, right=("visits", *_NAMED))
    else:
        print_line("no call came through the menu in those days")
    for line in known.lines():
        print_line(line, err=as_json)


def _row(node: NodeCount) -> tuple[str, ...]:
    keys = ", ".join(f"{key}: {node.left[key]}" for key in sorted(node.left.keys() - {*_NAMED}))
    return (node.node, str(node.visits), keys, *(str(node.left[name] or "") for name in _NAMED))


def _summed(connection: Connection, days: Days) -> list[Total]:
    """One total for each way in which records ended in the period."""
    found = sorted(total for day in days for total in totals(connection, day, days.zone))
    return [reduce(_added, alike) for _, alike in groupby(found, key=_ENDED_ALIKE)]


def _added(one: Total, other: Total) -> Total:
    return replace(
        one,
        number=one.number + other.number,
        wait_seconds=round(one.wait_seconds + other.wait_seconds, 3),
        talk_seconds=round(one.talk_seconds + other.talk_seconds, 3),
    )


def _lines(summed: Iterable[Total]) -> Iterator[str]:
    for record, of_record in groupby(summed, key=attrgetter("record")):
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
