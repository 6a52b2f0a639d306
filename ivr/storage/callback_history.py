"""Callbacks as they are read: who is owed a call, and one callback with everything that happened to it.

Called by `hotline callbacks`; changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from ivr.calls.callback_states import CallbackState
from ivr.storage import callbacks
from ivr.storage.attempts import Attempt
from ivr.storage.callbacks import Callback
from ivr.storage.schema import attempt_journal, attempts, callback_journal, calls, decisions, orders
from ivr.storage.schema import callbacks as callbacks_table


@dataclass(frozen=True, slots=True)
class LinkedCall:
    """A missed call that the callback settles, with the decision made about it."""

    call_id: int
    linkedid: str
    structure: str
    decision: str
    why: str
    wait_seconds: float
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class LinkedOrder:
    """A call order that led to the callback; `uniqueid` is also that of the visit left for it by key."""

    asked_at: datetime
    queue: str
    uniqueid: str
    decision: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of state, of the callback (`attempt` 0) or of its first, second … attempt."""

    at: datetime
    attempt: int
    state: str
    note: str


@dataclass(frozen=True, slots=True)
class History:
    """One callback with its linked calls, its attempts, and all changes of state in order."""

    callback: Callback
    calls: tuple[LinkedCall, ...]
    orders: tuple[LinkedOrder, ...]
    attempts: tuple[Attempt, ...]
    journal: tuple[Entry, ...]


def listed(connection: Connection, states: tuple[CallbackState, ...], limit: int) -> list[Callback]:
    """The callbacks in one of those states (none: in any), the latest missed first, at most `limit`."""
    query = select(callbacks_table).order_by(callbacks_table.c.missed_at.desc()).limit(limit)
    if states:
        query = query.where(callbacks_table.c.state.in_(states))
    return [Callback(**row._mapping) for row in connection.execute(query)]


def history(connection: Connection, callback_id: int) -> History | None:
    """Everything about one callback, None if there is none with that id."""
    callback = callbacks.find(connection, callback_id)
    if callback is None:
        return None
    linked = connection.execute(
        select(
            decisions.c.call_id,
            calls.c.linkedid,
            decisions.c.structure,
            decisions.c.decision,
            decisions.c.why,
            decisions.c.wait_seconds,
            calls.c.ended_at,
        )
        .join(calls, calls.c.id == decisions.c.call_id)
        .where(decisions.c.callback_id == callback_id)
        .order_by(calls.c.ended_at)
    )
    asked = connection.execute(
        select(orders.c.asked_at, orders.c.queue, orders.c.uniqueid, orders.c.decision)
        .where(orders.c.callback_id == callback_id)
        .order_by(orders.c.id)
    )
    tried = connection.execute(
        select(attempts).where(attempts.c.callback_id == callback_id).order_by(attempts.c.number)
    )
    return History(
        callback,
        tuple(LinkedCall(**row._mapping) for row in linked),
        tuple(LinkedOrder(**row._mapping) for row in asked),
        tuple(Attempt(**row._mapping) for row in tried),
        _journal(connection, callback_id),
    )


def _journal(connection: Connection, callback_id: int) -> tuple[Entry, ...]:
    own = connection.execute(
        select(callback_journal.c.at, callback_journal.c.state, callback_journal.c.note)
        .where(callback_journal.c.callback_id == callback_id)
        .order_by(callback_journal.c.id)
    )
    of_attempts = connection.execute(
        select(attempt_journal.c.at, attempts.c.number, attempt_journal.c.state, attempt_journal.c.note)
        .join(attempts, attempts.c.id == attempt_journal.c.attempt_id)
        .where(attempts.c.callback_id == callback_id)
        .order_by(attempt_journal.c.id)
    )
    entries = [Entry(row.at, 0, row.state, row.note) for row in own]
    entries += [Entry(row.at, row.number, row.state, row.note) for row in of_attempts]
    return tuple(sorted(entries, key=lambda entry: entry.at))
