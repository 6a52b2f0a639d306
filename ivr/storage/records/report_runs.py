"""What was made of the scheduled reports: one row per schedule and period, which moves from state to state.

A move is made only from the states it may begin in, so of two processes one makes it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Update, select, update

from ivr.config.reports import RunState
from ivr.storage.engine.statements import add, all_as, columns
from ivr.storage.schema.columns import ago, database_now
from ivr.storage.schema.running import report_runs

KNOWN_FOR: Final = timedelta(days=150)
"""Nobody makes up for a report that is older, and retention deletes its row."""
_SHOWN_FOR: Final = timedelta(days=14)
_MAILS_WITHIN: Final = timedelta(minutes=10)
"""No process waits for a mail server for so long."""


@dataclass(frozen=True, slots=True)
class ReportRun:
    """`schedule`: its key; `period`: such as `2024-05-14`; `at`: since when it is in that state.

    `why` it failed, or of one that is `planned` again: why it did the last time.
    """

    schedule: str
    period: str
    state: RunState
    at: datetime
    why: str


def runs(connection: Connection) -> list[ReportRun]:
    """Those of the last months."""
    query = select(*columns(ReportRun, report_runs)).where(report_runs.c.at > ago(KNOWN_FOR))
    return all_as(connection, ReportRun, query)


def in_trouble(connection: Connection) -> list[ReportRun]:
    """Of the last two weeks those that failed or whose mail may have got lost, the latest first."""
    is_bad = (report_runs.c.why != "") & (report_runs.c.at > ago(_SHOWN_FOR))
    query = select(*columns(ReportRun, report_runs)).where(is_bad)
    return all_as(connection, ReportRun, query.order_by(report_runs.c.at.desc()))


def plan(connection: Connection, schedule: str, period: str, known: ReportRun | None) -> bool:
    """Somebody begins to make it; False if its run is not the `known` one, since another process began."""
    if known is None:
        row = {"schedule": schedule, "period": period, "state": "planned", "at": database_now(), "why": ""}
        return add(connection, report_runs, row) is not None
    why = known.why or "the process that made it ended before it was done"
    mine = _with_key(schedule, period).where(report_runs.c.state == known.state, report_runs.c.at == known.at)
    return connection.execute(mine.values(state="planned", at=database_now(), why=why)).rowcount > 0


def move(
    connection: Connection,
    schedule: str,
    period: str,
    begins_in: Collection[RunState],
    state: RunState,
    why: str = "",
) -> bool:
    """The run is in that state from now on; False if it is in none that this may begin in."""
    mine = _with_key(schedule, period).where(report_runs.c.state.in_(begins_in))
    return connection.execute(mine.values(state=state, at=database_now(), why=why)).rowcount > 0


def settle_mails(connection: Connection) -> None:
    """Whoever was mailing for too long is gone: nobody knows whether the server took the mail."""
    is_left = (report_runs.c.state == "mailing") & (report_runs.c.at < ago(_MAILS_WITHIN))
    why = "the process ended while it was mailing"
    gone = {"state": "mail_unknown", "at": database_now(), "why": why}
    connection.execute(update(report_runs).where(is_left).values(gone))


def _with_key(schedule: str, period: str) -> Update:
    return update(report_runs).where(report_runs.c.schedule == schedule, report_runs.c.period == period)
