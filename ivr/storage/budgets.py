"""What callbacks were used for lately: how many were opened, how many are open, bursts of short abandons.

Read in the transaction that would open one more. The dialer has the limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select
from sqlalchemy.sql.elements import ColumnElement

from ivr.calls.callback_states import OPEN_STATES
from ivr.storage.schema import callbacks, calls, visits

_STEP: Final = timedelta(hours=2)
"""How far Asterisk's clock may have stepped between joining and leaving."""


def counted(connection: Connection, counts: Mapping[str, ColumnElement[bool]]) -> dict[str, int]:
    """How many callbacks meet each condition, by its name."""
    # Each by an index of its own: one pass with filters would read every callback there ever was.
    columns = {
        name: select(func.count()).select_from(callbacks).where(condition).scalar_subquery()
        for name, condition in counts.items()
    }
    query = select(*(column.label(name) for name, column in columns.items()))
    return dict(connection.execute(query).one()._mapping)


def since(moment: datetime) -> ColumnElement[bool]:
    """Condition: opened after that moment."""
    return callbacks.c.created_at > moment


def is_open() -> ColumnElement[bool]:
    """Condition: open now."""
    return callbacks.c.state.in_(OPEN_STATES)


def to_number(caller_e164: str) -> ColumnElement[bool]:
    """Condition: to that number."""
    return callbacks.c.caller_e164 == caller_e164


def to_prefix(prefix: str) -> ColumnElement[bool]:
    """Condition: to a number that begins so."""
    return callbacks.c.caller_e164.startswith(prefix, autoescape=True)


def asked_by(orderer: str) -> ColumnElement[bool]:
    """Condition: asked for by that caller or operator."""
    return callbacks.c.orderer == orderer


def arrived_over(trunk: str) -> ColumnElement[bool]:
    """Condition: for a call that came in by that trunk."""
    return callbacks.c.arrived_over == trunk


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
