"""What becomes of callbacks that wait, by themselves: re-contact and age.

A citizen who called again and was answered is owed nothing any more; one who is on the line now is left
alone until that call ends; one whose missed call is too old is not dialled. Asked for all of them while
they wait, and for one in the transaction that starts an attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, select, true
from sqlalchemy.sql.elements import ColumnElement

from ivr.calls.callbacks import FREE_DISPOSITIONS, WAITING_STATES, ClosedState
from ivr.storage.owed.callbacks import close, hold, release
from ivr.storage.owed.missed import answered_after, on_the_line
from ivr.storage.schema.columns import database_now
from ivr.storage.schema.owed import attempts, callbacks

Change = Literal["called_again", "hold", "expire", "release"]
"""Answered elsewhere, on the line, too old, off the line again."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """A callback that waits, and what has become of it in the meantime."""

    callback_id: int
    change: Change


def settlements(connection: Connection, callback_id: int | None = None) -> list[Settlement]:
    """Which waiting callbacks are to be settled, held, expired or released now; or whether that one is."""
    which = true() if callback_id is None else callbacks.c.id == callback_id
    found: dict[int, Settlement] = {}
    for change, (condition, _) in _CHANGES.items():
        for each in connection.scalars(select(callbacks.c.id).where(which, condition)):
            found.setdefault(each, Settlement(each, change))
    return list(found.values())


def settle(connection: Connection, settlement: Settlement) -> bool:
    """Make one settlement; False if its callback does not wait any more."""
    _, make = _CHANGES[settlement.change]
    return make(connection, settlement.callback_id)


def _called_again(connection: Connection, callback_id: int) -> bool:
    return close(
        connection, callback_id, "called_again", "called again and was answered", among=WAITING_STATES
    )


def _expire(connection: Connection, callback_id: int) -> bool:
    """`system_error` if nothing but faults of the network or our own stood in the way, else `expired`."""
    ended = select(attempts.c.disposition).where(attempts.c.callback_id == callback_id)
    tried = set(connection.scalars(ended))
    state: ClosedState = "system_error" if tried and tried <= FREE_DISPOSITIONS else "expired"
    return close(connection, callback_id, state, "older than callback.max_age", among=("owed", "held"))


_IS: Final = callbacks.c.state
_IS_TOO_OLD: Final = callbacks.c.expires_at < database_now()
_IS_ON_THE_LINE: Final = on_the_line(callbacks.c.caller_e164)
_CALLED_AGAIN: Final = answered_after(callbacks.c.caller_e164, callbacks.c.missed_at)
_CHANGES: Final[Mapping[Change, tuple[ColumnElement[bool], Callable[[Connection, int], bool]]]] = {
    "called_again": (_IS.in_(WAITING_STATES) & _CALLED_AGAIN, _called_again),
    "hold": ((_IS == "owed") & _IS_ON_THE_LINE, hold),
    "expire": (_IS.in_(("owed", "held")) & _IS_TOO_OLD, _expire),
    "release": ((_IS == "on_hold") & ~_IS_ON_THE_LINE, release),
}
"""What is done to a callback that meets the condition; the first that is met, in this order."""
