"""What callbacks were used for lately: how many were opened or became owed, which wait for a budget, bursts.

Read in the transaction that would open or release one more. The dialer has the limits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, exists, func, select, true
from sqlalchemy.sql.elements import ColumnElement

from ivr.storage.engine.statements import all_as, clock_of
from ivr.storage.owed.callbacks import Callback, waits_for_window
from ivr.storage.schema.owed import callbacks
from ivr.storage.schema.recorded import calls, visits

_STEP: Final = timedelta(hours=2)
"""How far Asterisk's clock may have stepped between joining and leaving."""
_TURNS_OF: Final = timedelta(days=1)
"""For so long it is remembered how many turns a prefix had."""


def used(
    connection: Connection,
    uses: Mapping[str, ColumnElement[bool]],
    begins: Mapping[str, datetime],
    opened: Collection[str],
) -> dict[str, int]:
    """How many callbacks use up each budget since it begins; the untried ones (`ceiling`); those `held`.

    Budgets in `opened` count callbacks as they are opened, the others as they become owed.
    """
    counts = {name: use & since(begins[name], owed=name not in opened) for name, use in uses.items()}
    untried = callbacks.c.state.in_(("owed", "dialing", "on_hold")) & (callbacks.c.attempts_used == 0)
    conditions = {**counts, "ceiling": untried, "held": callbacks.c.state == "held"}
    # Each by an index of its own: one pass with filters would read every callback there ever was.
    columns = {
        name: select(func.count()).select_from(callbacks).where(condition).scalar_subquery()
        for name, condition in conditions.items()
    }
    query = select(*(column.label(name) for name, column in columns.items()))
    return dict(connection.execute(query).one()._mapping)


def since(moment: datetime, *, owed: bool) -> ColumnElement[bool]:
    """Condition: opened, or become owed, after that moment."""
    return (callbacks.c.owed_at if owed else callbacks.c.created_at) > moment


def trunks_waiting(connection: Connection) -> list[str]:
    """By which trunks the calls came in whose callbacks are held until a budget has room."""
    return list(connection.scalars(select(callbacks.c.arrived_over).where(waits_for_window()).distinct()))


def in_turn(connection: Connection, trunk: str, digits: int, limit: int) -> list[Callback]:
    """Who becomes owed a call next of those held for calls by `trunk` until a budget has room.

    First numbers an agent has talked with before, then one of each prefix of so many `digits` in turn, the
    longest wait first.
    """
    prefix = func.substr(callbacks.c.caller_e164, 1, digits + 1)
    had = select(prefix.label("prefix"), func.count().label("number")).group_by(prefix)
    turns = had.where(since(clock_of(connection) - _TURNS_OF, owed=True)).subquery()
    is_known = exists().where(
        visits.c.caller_e164 == callbacks.c.caller_e164, visits.c.answered_at.is_not(None)
    )
    order = (is_known.desc(), func.coalesce(turns.c.number, 0), callbacks.c.credit_seconds.desc())
    waiting = select(callbacks).outerjoin(turns, turns.c.prefix == prefix).where(waits_for_window())
    by_trunk = waiting.where(callbacks.c.arrived_over == trunk)
    return all_as(connection, Callback, by_trunk.order_by(*order, callbacks.c.id).limit(limit))


def uses(number: str, prefix: str, orderer: str, trunk: str) -> dict[str, ColumnElement[bool]]:
    """For each budget the condition of what uses it up.

    `number` is called, `orderer` asks for it, by `trunk` the call came in.
    """
    return {
        "number": callbacks.c.caller_e164 == number,
        "orderer": callbacks.c.orderer == orderer,
        "prefix": callbacks.c.caller_e164.startswith(prefix, autoescape=True),
        "total": true(),
        "trunk": callbacks.c.arrived_over == trunk,
    }


def short_abandons(
    connection: Connection, trunk: str, begin: datetime, end: datetime, wait_up_to: float
) -> int:
    """Calls of that trunk abandoned between two moments after a wait of at most so many seconds."""
    query = (
        select(func.count())
        .select_from(visits.join(calls, calls.c.id == visits.c.call_id))
        .where(
            calls.c.trunk == trunk,
            visits.c.origin == "inbound",
            visits.c.outcome == "abandoned",
            visits.c.wait_seconds <= wait_up_to,
            visits.c.left_at.between(begin, end),
            visits.c.joined_at.between(begin - timedelta(seconds=wait_up_to) - _STEP, end + _STEP),
        )
    )
    return connection.scalar(query) or 0
