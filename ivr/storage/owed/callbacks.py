"""Callbacks in the store: every change of state as a function, compared and set, with a row in the journal.

Each takes a connection inside a writing transaction and says whether it happened; a change from a state the
callback is no longer in does not happen. At most one callback per number is open: the unique index decides,
nobody else. Called by `callback_dialer` and by what an operator commands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, exists, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from ivr.calls.callbacks import (
    OPEN_STATES,
    WAITING_STATES,
    CallbackState,
    ClosedState,
    HeldFor,
    OpenState,
)
from ivr.config.callback_rules import Priority, Reason
from ivr.storage.engine.statements import add, one_as
from ivr.storage.schema.columns import database_now
from ivr.storage.schema.owed import callback_journal, callbacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What may be asked of a callback, whoever asks and whether it is there yet."""

    queue: str
    language: str
    reason: Reason = "missed"
    reference: str = ""
    priority: Priority = "normal"
    due_by: datetime | None = None
    """From then on it goes first."""
    agent: str = ""
    """Dialled only while this agent is idle (name of the interface); empty: any of the queue."""
    skill: str = ""
    """Dialled only while an agent with this skill is idle; empty: any of the queue."""
    arrived_over: str = ""
    """The trunk by which the call came in, or the order."""
    credit_seconds: float = 0.0
    """The longest wait of its missed calls."""
    keeps_place: bool = False
    """An order that keeps the citizen's place: the reserve for live callers is not held against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback(Wish):
    """One citizen who is owed a call, or was."""

    id: int
    caller_e164: str
    caller: str
    server: str
    structure: str
    state: CallbackState
    attempts_used: int
    created_at: datetime
    missed_at: datetime
    """When the latest of its missed calls was missed."""
    waits_since: datetime
    """When the citizen began to wait in the first of them."""
    due_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    orderer: str = ""
    owed_at: datetime | None
    """When it became owed; None before."""
    held_for: HeldFor


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted(Wish):
    """A callback that is to be opened; `due_at` None is now."""

    caller_e164: str
    caller: str
    server: str
    structure: str
    missed_at: datetime
    expires_at: datetime
    orderer: str
    due_at: datetime | None = None
    held_for: HeldFor = ""
    """Of one that begins as held."""

    @property
    def waits_since(self) -> datetime:
        """When the citizen began to wait."""
        return self.missed_at - timedelta(seconds=self.credit_seconds)


_OF_THE_LATEST: Final = ("server", "queue", "structure", "language", "missed_at")
"""What a callback takes over from the latest of its missed calls."""


def find(connection: Connection, callback_id: int) -> Callback | None:
    """The callback with that id."""
    return one_as(connection, Callback, select(callbacks).where(callbacks.c.id == callback_id))


def open_for(connection: Connection, caller_e164: str) -> int | None:
    """Id of the open callback of that number."""
    is_open = callbacks.c.state.in_(OPEN_STATES)
    return connection.scalar(select(callbacks.c.id).where(callbacks.c.caller_e164 == caller_e164, is_open))


def reached_after(caller_e164: str, moment: datetime) -> ColumnElement[bool]:
    """Condition: a callback reached that number after `moment`."""
    is_reached = (callbacks.c.state == "reached") & (callbacks.c.closed_at > moment)
    return exists().where(callbacks.c.caller_e164 == caller_e164, is_reached)


def owe(connection: Connection, wanted: Wanted, *, state: OpenState, note: str) -> int | None:
    """Open a callback; None if that number has an open one."""
    values = asdict(wanted) | {"state": state, "created_at": database_now()}
    values["due_at"] = wanted.due_at or database_now()
    values["owed_at"] = None if state == "held" else database_now()
    values["waits_since"] = wanted.waits_since
    callback_id: int | None = add(connection, callbacks, values)
    if callback_id is not None:
        _note(connection, callback_id, state, note)
    return callback_id


def join(connection: Connection, callback_id: int, wanted: Wanted, said: str = "missed again") -> bool:
    """Link a further missed call, or the citizen's own request, to an open callback.

    The callback keeps the longest wait as credit; if the call is the latest, it goes to that call's queue, in
    that call's language, and is due at once: the citizen is near their phone.
    But what somebody asked for keeps the time it was asked for, and within its queue the agent or skill.
    """
    before = find(connection, callback_id)
    if before is None or before.state not in OPEN_STATES:
        return False
    changes: dict[str, Any] = {
        "credit_seconds": max(before.credit_seconds, wanted.credit_seconds),
        "waits_since": min(before.waits_since, wanted.waits_since),
    }
    if wanted.missed_at >= before.missed_at:
        changes |= {name: getattr(wanted, name) for name in _OF_THE_LATEST}
        changes["due_at"] = database_now() if before.reason == "missed" else before.due_at
        changes["expires_at"] = max(before.expires_at, wanted.expires_at)
        if wanted.queue != before.queue:
            # Who serves the one queue need not serve the other.
            changes |= {"agent": "", "skill": ""}
    note = f"{said} in {wanted.queue} after {wanted.credit_seconds:.1f} s"
    return _change(connection, callback_id, (before.state,), before.state, note, **changes)


def hold(connection: Connection, callback_id: int) -> bool:
    """Leave the citizen alone while they are on the line."""
    return _change(connection, callback_id, ("owed",), "on_hold", "the caller is on the line again")


def release(connection: Connection, callback_id: int) -> bool:
    """The citizen's own call is over and nobody answered it: owed again."""
    note = "the caller's own call ended without an agent"
    return _change(connection, callback_id, ("on_hold",), "owed", note)


def hold_back(connection: Connection, arrived_over: str, since: datetime, note: str) -> int:
    """Keep for the operator what calls of one trunk opened after `since` and nobody was dialled for yet.

    So what waits for the window of a budget, too.
    """
    suspected = connection.scalars(
        select(callbacks.c.id).where(
            callbacks.c.arrived_over == arrived_over,
            callbacks.c.created_at > since,
            callbacks.c.attempts_used == 0,
            callbacks.c.state.in_(("owed", "on_hold")) | waits_for_window(),
        )
    ).all()
    waits: dict[str, Any] = {"held_for": "operator", "owed_at": None}
    return sum(_change(connection, each, WAITING_STATES, "held", note, **waits) for each in suspected)


def waits_for_window() -> ColumnElement[bool]:
    """Condition: held until a budget has room."""
    return (callbacks.c.state == "held") & (callbacks.c.held_for == "window")


def let_go(connection: Connection, callback_id: int, note: str) -> bool:
    """A held callback is owed, from when it was due on: an operator saw it, or a budget has room."""
    return _change(connection, callback_id, ("held",), "owed", note, owed_at=database_now())


def start_dialing(connection: Connection, callback_id: int, note: str) -> bool:
    """Take an owed callback for one attempt."""
    return _change(connection, callback_id, ("owed",), "dialing", note)


def owe_again(
    connection: Connection,
    callback_id: int,
    due_at: datetime,
    expires_at: datetime,
    *,
    uses_attempt: bool,
    note: str,
) -> bool:
    """After an attempt that reached nobody: owed again from `due_at` on."""
    moments = {"due_at": due_at, "expires_at": expires_at}
    return _change(connection, callback_id, ("dialing",), "owed", note, uses_attempt=uses_attempt, **moments)


def postpone(connection: Connection, callback_id: int, due_at: datetime, note: str) -> bool:
    """Still owed, but it cannot be dialled before `due_at`."""
    return _change(connection, callback_id, ("owed",), "owed", note, due_at=due_at)


def close(
    connection: Connection,
    callback_id: int,
    state: ClosedState,
    note: str,
    *,
    among: Sequence[OpenState] = OPEN_STATES,
    uses_attempt: bool = False,
    at: datetime | None = None,
) -> bool:
    """End a callback in `state`, now or `at`, and with it every missed call that is linked to it."""
    ended = {"closed_at": at or database_now()}
    return _change(connection, callback_id, among, state, note, uses_attempt=uses_attempt, **ended)


def _change(
    connection: Connection,
    callback_id: int,
    among: Sequence[CallbackState],
    state: CallbackState,
    note: str,
    *,
    uses_attempt: bool = False,
    **values: Any,
) -> bool:
    now_used = callbacks.c.attempts_used + int(uses_attempt)
    it = update(callbacks).where(callbacks.c.id == callback_id, callbacks.c.state.in_(among))
    changed = connection.execute(it.values(state=state, attempts_used=now_used, **values))
    if changed.rowcount == 1:
        _note(connection, callback_id, state, note)
    return changed.rowcount == 1


def _note(connection: Connection, callback_id: int, state: CallbackState, note: str) -> None:
    connection.execute(
        insert(callback_journal).values(callback_id=callback_id, state=state, at=database_now(), note=note)
    )
