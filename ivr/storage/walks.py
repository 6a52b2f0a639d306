"""How calls went through the menu, as the store kept it: equal ways counted together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, case, func, select

from ivr.menus.steps import Walk
from ivr.storage.schema import calls, visits


def walks(connection: Connection, begin: datetime, end: datetime) -> Iterator[Walk]:
    """Every way taken by calls that ended from `begin` until before `end`.

    Calls that only queue_log tells of came by no known way and are left out.
    """
    joined = select(visits.c.id).where(visits.c.call_id == calls.c.id).exists()
    ending = case((joined, "queue"), (calls.c.ended_by == "caller", "hung up"), else_="let go")
    way = (calls.c.steps, calls.c.menu_path, ending)
    during = (calls.c.ended_at >= begin, calls.c.ended_at < end, calls.c.steps != "")
    for row in connection.execute(select(*way, func.count()).where(*during).group_by(*way)):
        yield Walk(*row)
