"""Callbacks in the store: every change of state as a function, compared and set, with a row in the journal.

Each takes a connection inside a writing transaction and says whether it happened; a change from a state the
callback is no longer in does not happen. At most one callback per number is open: the unique index decides,
nobody else. Called by `callback_dialer`; `ivr.command.callbacks` only reads.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, exists, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import ColumnElement

from ivr.calls.callback_states import (
    OPEN_STATES,
    CallbackState,
    ClosedState,
    OpenState,
)
from ivr.calls.missed import MissedCall
from ivr.storage.moments import database_now
from ivr.storage.schema import callback_journal, callbacks

WAITING: tuple[OpenState, ...] = ("owed", "on_hold")


@dataclass(frozen=True, slots=True)
class Callback:
    """One citizen who is owed a call, or was."""

    id: int
    caller_e164: str
    caller: str
    server: str
    queue: str
    structure: str
    language: str
    reason: str
    state: CallbackState
    credit_seconds: float
    """The longest wait of its missed calls."""
    attempts_used: int
    created_at: datetime
    missed_at: datetime
    """When the latest of its missed calls was missed."""
    due_at: datetime
    expires_at: datetime
    closed_at: datetime | None


def find(connection: Connection, callback_id: int) -> Callback | None:
    """The callback with that id."""
    row = connection.execute(select(callbacks).where(callbacks.c.id == callback_id)).one_or_none()
    return None if row is None else Callback(**row._mapping)


def open_for(connection: Connection, caller_e164: str) -> int | None:
    """Id of the open callback of that number."""
    return connection.scalar(
        select(callbacks.c.id).where(
            callbacks.c.caller_e164 == caller_e164, callbacks.c.state.in_(OPEN_STATES)
        )
    )


def was_reached_after(connection: Connection, caller_e164: str, moment: datetime) -> bool:
    """Whether a callback reached that number after `moment`."""
    reached = exists().where(
        callbacks.c.caller_e164 == caller_e164,
        callbacks.c.state == "reached",
        callbacks.c.closed_at > moment,
    )
    return bool(connection.scalar(select(reached)))


def owe(
    connection: Connection,
    missed: MissedCall,
    *,
    state: Literal["owed", "on_hold"],
    language: str,
    expires_at: datetime,
    note: str,
) -> int | None:
    """Open a callback for a missed call, due now; None if that number has an open one."""
    try:
        with connection.begin_nested():
            callback_id: int = connection.execute(
                insert(callbacks)
                .values(
                    caller_e164=missed.caller_e164,
                    caller=missed.caller,
                    server=missed.server,
                    queue=missed.queue,
                    structure=missed.structure,
                    language=language,
                    state=state,
                    credit_seconds=missed.wait_seconds,
                    created_at=database_now(),
                    missed_at=missed.missed_at,
                    due_at=database_now(),
                    expires_at=expires_at,
                )
                .returning(callbacks.c.id)
            ).scalar_one()
    except IntegrityError:
        return None
    _note(connection, callback_id, state, note)
    return callback_id


def join(
    connection: Connection, callback_id: int, missed: MissedCall, *, language: str, expires_at: datetime
) -> bool:
    """Link a further missed call to an open callback.

    The callback keeps the longest wait as credit; if the call is the latest, it goes to that call's queue, in
    that call's language, and is due at once: the citizen is near their phone.
    """
    before = connection.execute(
        select(callbacks.c.state, callbacks.c.missed_at, callbacks.c.credit_seconds).where(
            callbacks.c.id == callback_id, callbacks.c.state.in_(OPEN_STATES)
        )
    ).one_or_none()
    if before is None:
        return False
    changes: dict[str, Any] = {"credit_seconds": max(before.credit_seconds, missed.wait_seconds)}
    if missed.missed_at >= before.missed_at:
        changes |= {
            "server": missed.server,
            "queue": missed.queue,
            "structure": missed.structure,
            "language": language,
            "missed_at": missed.missed_at,
            "due_at": database_now(),
            "expires_at": expires_at,
        }
    return _change(
        connection,
        callback_id,
        (before.state,),
        before.state,
        f"missed again in {missed.queue} after {missed.wait_seconds:.1f} s",
        **changes,
    )


def hold(connection: Connection, callback_id: int) -> bool:
    """Leave the citizen alone while they are on the line."""
    return _change(connection, callback_id, ("owed",), "on_hold", "the caller is on the line again")


def release(connection: Connection, callback_id: int) -> bool:
    """The citizen's own call is over and nobody answered it: owed again."""
    note = "the caller's own call ended without an agent"
    return _change(connection, callback_id, ("on_hold",), "owed", note)


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
    return _change(
        connection,
        callback_id,
        ("dialing",),
        "owed",
        note,
        due_at=due_at,
        expires_at=expires_at,
        attempts_used=callbacks.c.attempts_used + int(uses_attempt),
    )


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
) -> bool:
    """End a callback in `state`, and with it every missed call that is linked to it."""
    return _change(
        connection,
        callback_id,
        among,
        state,
        note,
        closed_at=database_now(),
        attempts_used=callbacks.c.attempts_used + int(uses_attempt),
    )


def is_any_due(connection: Connection, queues: Collection[str]) -> bool:
    """Whether a callback is due now in one of `queues`."""
    return bool(connection.scalar(select(exists().where(*_due(queues)))))


def next_due(
    connection: Connection, queues: Collection[str], order: Literal["freshest_first", "oldest_first"]
) -> Callback | None:
    """The owed callback to dial next among those due now in `queues`."""
    missed_at = callbacks.c.missed_at
    row = connection.execute(
        select(callbacks)
        .where(*_due(queues))
        .order_by(missed_at.desc() if order == "freshest_first" else missed_at, callbacks.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    return None if row is None else Callback(**row._mapping)


def _due(queues: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return (
        callbacks.c.state == "owed",
        callbacks.c.due_at <= database_now(),
        callbacks.c.queue.in_(queues),
    )


def _change(
    connection: Connection,
    callback_id: int,
    among: Sequence[OpenState],
    state: CallbackState,
    note: str,
    **values: Any,
) -> bool:
    changed = connection.execute(
        update(callbacks)
        .where(callbacks.c.id == callback_id, callbacks.c.state.in_(among))
        .values(state=state, **values)
    )
    if changed.rowcount == 1:
        _note(connection, callback_id, state, note)
    return changed.rowcount == 1


def _note(connection: Connection, callback_id: int, state: CallbackState, note: str) -> None:
    connection.execute(
        insert(callback_journal).values(callback_id=callback_id, state=state, at=database_now(), note=note)
    )
