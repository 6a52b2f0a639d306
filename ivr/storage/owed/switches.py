"""What an operator or a guard has switched off: `accept`, `dial`, and callbacks for the calls of one trunk.

`dial:SERVER` stops all dialling, as `dial` does, while attempts of that server may be unknown to the store.

A row is a switch that is off; turning it on takes the row away. Asked by the dialer in the transaction that
opens a callback or starts an attempt, so that it holds at once for every dialer.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from sqlalchemy import Connection, delete, select, update

from ivr.storage.engine.statements import add
from ivr.storage.schema.columns import database_now
from ivr.storage.schema.running import switches

RESUMED: Final = "an operator has decided; dialling goes on with the dialer's next turn"
Part = Literal["accept", "dial"]
"""Opening new callbacks; dialling those that are owed."""


def held(trunk: str) -> str:
    """The switch of callbacks for calls that come in by `trunk`."""
    return f"held:{trunk}"


def is_dialling_off(connection: Connection) -> bool:
    """Whether nobody may be dialled, for whatever reason."""
    is_off = (switches.c.name == "dial") | switches.c.name.startswith("dial:")
    return connection.scalar(select(switches.c.name).where(is_off).limit(1)) is not None


def why_off(connection: Connection, name: str) -> str | None:
    """Why that switch is off; None if it is on."""
    return connection.scalar(select(switches.c.why).where(switches.c.name == name))


class Off(NamedTuple):
    """Why a switch is off, and how long it has been."""

    why: str
    lasts: timedelta


def off(connection: Connection, name: str) -> Off | None:
    """How that switch is off; None if it is on."""
    query = select(switches.c.why, switches.c.since, database_now()).where(switches.c.name == name)
    row = connection.execute(query).one_or_none()
    return None if row is None else Off(row[0], row[2] - row[1])


def resume(connection: Connection, name: str) -> bool:
    """Turn it on, as an operator; False if it was on. `dial:SERVER` is left to that server's dialer."""
    if not name.startswith("dial:"):
        return turn_on(connection, name)
    resumed = update(switches).where(switches.c.name == name).values(why=RESUMED)
    return connection.execute(resumed).rowcount == 1


def turn_off(connection: Connection, name: str, why: str) -> bool:
    """Switch it off; False if it is off already."""
    return add(connection, switches, {"name": name, "since": database_now(), "why": why}) is not None


def turn_on(connection: Connection, name: str) -> bool:
    """Switch it on again; False if it was on."""
    return connection.execute(delete(switches).where(switches.c.name == name)).rowcount == 1


def all_off(connection: Connection) -> list[tuple[str, datetime, str]]:
    """Name, since when, and why, of every switch that is off."""
    query = select(switches.c.name, switches.c.since, switches.c.why).order_by(switches.c.since)
    return [(row.name, row.since, row.why) for row in connection.execute(query)]
