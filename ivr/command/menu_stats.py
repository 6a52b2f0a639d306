"""`hotline menu stats`: which nodes citizens came to, how they went on, where they hung up."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ivr.command.checking import running_configuration
from ivr.command.completeness import completeness
from ivr.command.days import each_day, first_and_last
from ivr.command.parameters import AsJson, LastDay, from_day
from ivr.command.printing import print_json, print_line, print_table
from ivr.command.store import open_store
from ivr.menus.steps import ON, SENT_ON, NodeCount, WaysOut, by_node
from ivr.storage.totals import ways_out

_NAMED: Final = (*SENT_ON.values(), ON, "queue", "hung up", "let go")


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
    configuration = running_configuration()
    zone = ZoneInfo(configuration.hotline.time_zone)
    first, last = first_and_last(begin, end, zone, days_back=7)
    with open_store() as store:
        counted = by_node(store.read(lambda connection: _ways_out(connection, first, last, zone)))
        known = store.read(lambda c: completeness(c, configuration.servers, first, last, zone))
    if as_json:
        told = [{"node": node.node, "visits": node.visits, "left": node.left} for node in counted]
        print_json(told)
    elif counted:
        rows = [_row(node) for node in counted]
        print_table(("node", "visits", "by key", *_NAMED), rows, right=("visits", *_NAMED))
    else:
        print_line("no call came through the menu in those days")
    for line in known.lines():
        print_line(line, err=as_json)


def _ways_out(connection: Connection, first: date, last: date, zone: ZoneInfo) -> WaysOut:
    return sum((ways_out(connection, day, zone) for day in each_day(first, last)), WaysOut())


def _row(node: NodeCount) -> tuple[str, ...]:
    keys = ", ".join(f"{key}: {node.left[key]}" for key in sorted(node.left.keys() - {*_NAMED}))
    return (node.node, str(node.visits), keys, *(str(node.left[name] or "") for name in _NAMED))
