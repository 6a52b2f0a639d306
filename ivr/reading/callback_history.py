"""Callbacks as they are read: who is owed a call, and one callback with everything that happened to it.

Called by `hotline callbacks`; changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, literal, select

from ivr.calls.callbacks import CallbackState
from ivr.storage.engine.statements import all_as, columns
from ivr.storage.owed import callbacks
from ivr.storage.owed.attempts import Attempt
from ivr.storage.owed.callbacks import Callback
from ivr.storage.schema.owed import attempt_journal, attempts, callback_journal, decisions, orders
from ivr.storage.schema.owed import callbacks as callbacks_table
from ivr.storage.schema.recorded import calls


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
    return all_as(connection, Callback, query)


def history(connection: Connection, callback_id: int) -> History | None:
    """Everything about one callback, None if there is none with that id."""
    callback = callbacks.find(connection, callback_id)
    if callback is None:
        return None
    decided = select(*columns(LinkedCall, decisions, calls)).join(calls, calls.c.id == decisions.c.call_id)
    linked = decided.where(decisions.c.callback_id == callback_id).order_by(calls.c.ended_at)
    asked = select(*columns(LinkedOrder, orders)).where(orders.c.callback_id == callback_id)
    tried = select(attempts).where(attempts.c.callback_id == callback_id)
    return History(
        callback,
        tuple(all_as(connection, LinkedCall, linked)),
        tuple(all_as(connection, LinkedOrder, asked.order_by(orders.c.id))),
        tuple(all_as(connection, Attempt, tried.order_by(attempts.c.number))),
        _journal(connection, callback_id),
    )


def _journal(connection: Connection, callback_id: int) -> tuple[Entry, ...]:
    own, of_attempts = callback_journal.c, attempt_journal.c
    of_callback = select(own.at, literal(0).label("attempt"), own.state, own.note)
    tried = select(of_attempts.at, attempts.c.number.label("attempt"), of_attempts.state, of_attempts.note)
    tried = tried.join(attempts, attempts.c.id == of_attempts.attempt_id)
    of_callback = of_callback.where(own.callback_id == callback_id).order_by(own.id)
    tried = tried.where(attempts.c.callback_id == callback_id).order_by(of_attempts.id)
    entries = all_as(connection, Entry, of_callback) + all_as(connection, Entry, tried)
    return tuple(sorted(entries, key=lambda entry: entry.at))
