"""Callbacks that wait: what becomes of them by themselves, and which of those due is dialled next.

A citizen who called again and was answered is owed nothing any more; one who is on the line now is left
alone until that call ends; one whose missed call is too old is not dialled. Asked for all of them while
they wait, and for one in the transaction that starts an attempt. Called by `callback_dialer`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Literal

from sqlalchemy import Connection, and_, case, exists, false, or_, select, true
from sqlalchemy.sql.elements import ColumnElement

from ivr.calls.callbacks import FREE_DISPOSITIONS, WAITING_STATES, ClosedState
from ivr.storage.engine.statements import one_as
from ivr.storage.owed.callbacks import Callback, close, hold, release
from ivr.storage.owed.undecided import answered_after, on_the_line
from ivr.storage.schema.columns import MOST_AHEAD, ago, database_now
from ivr.storage.schema.owed import attempts, callbacks

Change = Literal["called_again", "hold", "expire", "release"]
"""Answered elsewhere, on the line, too old, off the line again."""
Carried = Sequence[tuple[str, tuple[str, ...]]]
"""E.164 prefixes, each with longer ones in it that are left out."""


def settlements(connection: Connection, callback_id: int | None = None) -> dict[int, Change]:
    """Which waiting callbacks are to be settled, held, expired or released now; or whether that one is."""
    which = true() if callback_id is None else callbacks.c.id == callback_id
    found: dict[int, Change] = {}
    for change, (condition, _) in _CHANGES.items():
        for each in connection.scalars(select(callbacks.c.id).where(which, condition)):
            found.setdefault(each, change)
    return found


def settle(connection: Connection, callback_id: int, change: Change) -> bool:
    """Make one of the `settlements`; False if its callback does not wait any more."""
    _, make = _CHANGES[change]
    return make(connection, callback_id)


def _expire(connection: Connection, callback_id: int) -> bool:
    """`system_error` if nothing but faults of the network or our own stood in the way, else `expired`."""
    ended = select(attempts.c.disposition).where(attempts.c.callback_id == callback_id)
    tried = set(connection.scalars(ended))
    state: ClosedState = "system_error" if tried and tried <= FREE_DISPOSITIONS else "expired"
    return close(connection, callback_id, state, "older than callback.max_age", among=("owed", "held"))


_answered = partial(close, state="called_again", note="called again and was answered", among=WAITING_STATES)
_IS: Final = callbacks.c.state
_IS_TOO_OLD: Final = callbacks.c.expires_at < database_now()
_IS_ON_THE_LINE: Final = on_the_line(callbacks.c.caller_e164)
_IS_ANSWERED: Final = answered_after(callbacks.c.caller_e164, callbacks.c.missed_at)
_CHANGES: Final[Mapping[Change, tuple[ColumnElement[bool], Callable[[Connection, int], bool]]]] = {
    "called_again": (_IS.in_(WAITING_STATES) & _IS_ANSWERED, _answered),
    "hold": ((_IS == "owed") & _IS_ON_THE_LINE, hold),
    "expire": (_IS.in_(("owed", "held")) & _IS_TOO_OLD, _expire),
    "release": ((_IS == "on_hold") & ~_IS_ON_THE_LINE, release),
}
"""What is done to a callback that meets the condition; the first that is met, in this order."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Who of a queue can be given a citizen now: names of interfaces, and every skill one of them has."""

    agents: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    is_for_places: bool = False
    """Only for citizens who keep their place; the others leave them to live callers."""
    waiting_since: datetime | None = None
    """When the first live caller in line began to wait: whoever kept a place before that is next."""


def is_any_due(connection: Connection, queues: Collection[str]) -> bool:
    """Whether a callback is due now in one of `queues`."""
    return bool(connection.scalar(select(exists().where(*_due(queues)))))


def next_due(
    connection: Connection, idle: Mapping[str, Idle], carried: Carried, order: Sequence[str]
) -> Callback | None:
    """The callback to dial next of those due, for whoever is `idle` in a queue, over prefixes `carried`.

    `order` is `callback.order`: words for priorities and reasons, then `freshest_first` or `oldest_first`.
    """
    is_oldest_first = order and order[-1] == "oldest_first"
    places = {word: place for place, word in enumerate(order)}
    named = (callbacks.c.priority, callbacks.c.reason)
    rank = case(
        (callbacks.c.due_by <= database_now(), places.get("urgent", -1)),
        *((column == word, place) for column in named for word, place in places.items()),
        else_=len(places),
    )
    age = callbacks.c.waits_since if is_oldest_first else _FRESHNESS.desc()
    due = select(callbacks).where(
        *_due(idle),
        or_(false(), *(_suits(queue, agents) for queue, agents in idle.items())),
        or_(false(), *map(_goes_out_by, carried)),
    )
    first = due.order_by(rank, age, callbacks.c.id).limit(1)
    return one_as(connection, Callback, first.with_for_update(skip_locked=True))


_IS_FRESH: Final = and_(
    callbacks.c.held_for == "window",
    callbacks.c.attempts_used == 0,
    callbacks.c.owed_at > callbacks.c.missed_at,
)
_FRESHNESS: Final = case((_IS_FRESH, callbacks.c.owed_at), else_=callbacks.c.missed_at)
"""Until the first try, a callback that waited for room is as fresh as its release: a flood is fresher."""


def _suits(queue: str, idle: Idle) -> ColumnElement[bool]:
    return and_(
        callbacks.c.queue == queue,
        callbacks.c.agent.in_(("", *idle.agents)),
        callbacks.c.skill.in_(("", *idle.skills)),
        callbacks.c.keeps_place if idle.is_for_places else true(),
        # Whoever keeps a place waits since they began to, before they asked.
        callbacks.c.waits_since < idle.waiting_since if idle.is_for_places and idle.waiting_since else true(),
    )


def _goes_out_by(prefix: tuple[str, tuple[str, ...]]) -> ColumnElement[bool]:
    begins, but_not = prefix
    number = callbacks.c.caller_e164
    return and_(number.startswith(begins), *(~number.startswith(longer) for longer in but_not))


def _due(queues: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    """A call that was missed on a day to come was missed by a wrong clock: now it is due, not then."""
    return (
        callbacks.c.state == "owed",
        or_(callbacks.c.due_at <= database_now(), callbacks.c.missed_at > ago(-MOST_AHEAD)),
        callbacks.c.queue.in_(queues),
    )
