"""How the hotline is right now, as the store knows it.

`overview` is what `hotline status` prints. `states` says how each agent is, since when and why, `idle` which
agents could take a call: for the wall.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Column, ColumnElement, Connection, case, func, select

from ivr.calls.callbacks import OPEN_STATES
from ivr.queues.board import AgentChange
from ivr.storage.engine.statements import clock_of
from ivr.storage.owed import switches
from ivr.storage.owed.undecided import is_open_now
from ivr.storage.people import audit
from ivr.storage.people.agents import latest
from ivr.storage.records.report_runs import ReportRun, in_trouble
from ivr.storage.running.listening import SILENT_AFTER, Gap, gaps_between, is_silent
from ivr.storage.running.liveness import Availability, Process, availability, running
from ivr.storage.schema.columns import database_now
from ivr.storage.schema.owed import callbacks, decisions
from ivr.storage.schema.recorded import calls, visits

LOOKS_BACK = timedelta(hours=1)
GAPS_OF = timedelta(days=1)
OPENED_OF = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ServerOverview:
    """One Asterisk. `minutes`: of the last hour, the running minute left out."""

    server: str
    processes: tuple[Process, ...]
    minutes: Availability
    open_calls: int
    waiting: int
    gaps: tuple[Gap, ...]
    """Of the last day: when nobody listened to its AMI."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything at `at`, by the database's clock. `callbacks`: how many are in each open state."""

    at: datetime
    servers: tuple[ServerOverview, ...]
    callbacks: dict[str, int]
    held: dict[str, int]
    """Of those held, how many wait for what."""
    paused: dict[str, str]
    """What an operator or a guard has switched off, and why."""
    refused: dict[str, int]
    """How many missed calls of the last hour are not called back for a budget or a ceiling, by that."""
    due: int
    oldest_due_at: datetime | None
    ahead_to: datetime | None
    """When the newest visit began, if that is to come: a clock is wrong, or was."""
    reports: list[ReportRun]
    """Scheduled ones that failed, or whose mail may have got lost."""
    opened_days: list[str]
    """Sealed days of which a call was heard live in the last week."""

    def runs(self, process: Process) -> bool:
        """Whether that process gave a sign of life lately."""
        return abs(self.at - process.seen_at) <= SILENT_AFTER


def overview(connection: Connection) -> Overview:
    """As of now."""
    at = clock_of(connection)
    processes = running(connection)
    servers = sorted({process.server for process in processes})
    found = _counted(connection, callbacks.c.state, callbacks.c.state.in_(OPEN_STATES))
    owed: dict[str, int] = {state: found.get(state, 0) for state in OPEN_STATES}
    held = _counted(connection, callbacks.c.held_for, callbacks.c.state == "held")
    is_due = (callbacks.c.state == "owed") & (callbacks.c.due_at <= database_now())
    due, oldest = connection.execute(select(func.count(), func.min(callbacks.c.due_at)).where(is_due)).one()
    now_at = tuple(_server(connection, name, processes, at) for name in servers)
    paused = {name: why for name, _, why in switches.all_off(connection)}
    ended = select(calls.c.id).where(calls.c.ended_at >= at - LOOKS_BACK)
    for_a_budget = (decisions.c.decision == "out_of_budget", decisions.c.call_id.in_(ended))
    refused = _counted(connection, decisions.c.why, *for_a_budget)
    joined_at = visits.c.joined_at
    ahead = connection.scalar(select(func.max(joined_at)).where(joined_at > at + LOOKS_BACK))
    reports, opened = in_trouble(connection), audit.lately(connection, audit.HEARD_FOR_SEALED, OPENED_OF)
    return Overview(at, now_at, owed, held, paused, refused, due, oldest, ahead, reports, opened)


def _counted(connection: Connection, column: Column[str], *conditions: ColumnElement[bool]) -> dict[str, int]:
    """How many rows that meet the conditions have each value of the column."""
    rows = select(column, func.count()).where(*conditions).group_by(column)
    return dict(connection.execute(rows).all())


def _server(connection: Connection, name: str, processes: list[Process], at: datetime) -> ServerOverview:
    until = at.replace(second=0, microsecond=0)
    is_waiting = case((visits.c.outcome == "waiting", 1))
    on_the_line = select(func.count(calls.c.id.distinct()), func.count(is_waiting))
    on_the_line = on_the_line.outerjoin(visits, visits.c.call_id == calls.c.id)
    on_the_line = on_the_line.where(calls.c.server == name, is_open_now())
    open_calls, waiting = connection.execute(on_the_line).one()
    return ServerOverview(
        name,
        tuple(process for process in processes if process.server == name),
        availability(connection, name, until - LOOKS_BACK, until),
        open_calls,
        waiting,
        gaps_between(connection, name, at - GAPS_OF, at),
    )


UNHEARD: Final = "no recorder hears this server"


def states(connection: Connection, server: str) -> tuple[AgentChange, ...]:
    """The latest change of each agent at that server, sorted by agent; `at` is since when it holds.

    While no recorder hears the server nothing is known of any agent, and `at` is when something last was.
    """
    known = latest(connection, server)
    if is_silent(connection, server):
        known = [replace(change, state="unknown", reason=UNHEARD) for change in known]
    return tuple(known)


def idle(connection: Connection, server: str) -> tuple[str, ...]:
    """Interfaces of the agents who could take a call now."""
    return tuple(change.agent for change in states(connection, server) if change.state == "idle")
