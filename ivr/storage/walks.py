"""How calls went through the menu on a local day: counted now, or as it was when the day was sealed.

Only what callers did at each node is kept then, a few hundred rows a day however many calls there were.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, case, func, insert, select

from ivr.menus.steps import Walk, WaysOut, passed
from ivr.storage.schema import calls, sealed_nodes, visits
from ivr.storage.sealed import begins, sealed


def ways_out(connection: Connection, day: date, zone: ZoneInfo) -> WaysOut:
    """How callers left each node, of calls that ended on that day."""
    if sealed(connection, day, day):
        kept = select(sealed_nodes).where(sealed_nodes.c.day == day.isoformat())
        return WaysOut({(row.node, row.left_by): row.number for row in connection.execute(kept)})
    return _counted(connection, day, zone)


def keep_walks(connection: Connection, day: date, zone: ZoneInfo) -> None:
    """As the calls of a sealed day tell it now."""
    mine = {"day": day.isoformat()}
    counted = [
        {**mine, "node": node, "left_by": left_by, "number": number}
        for (node, left_by), number in _counted(connection, day, zone).items()
    ]
    if counted:
        connection.execute(insert(sealed_nodes), counted)


def _counted(connection: Connection, day: date, zone: ZoneInfo) -> WaysOut:
    return passed(_walks(connection, begins(day, zone), begins(day + timedelta(days=1), zone)))


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
