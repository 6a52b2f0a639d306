"""What an operator or a guard has switched off: `accept`, `dial`, and callbacks for the calls of one trunk.

A row is a switch that is off; turning it on takes the row away. Asked by the dialer in the transaction that
opens a callback or starts an attempt, so that it holds at once for every dialer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, select

from ivr.storage.moments import database_now
from ivr.storage.schema import switches
from ivr.storage.unless_there import add

Part = Literal["accept", "dial"]
"""Opening new callbacks; dialling those that are owed."""


def held(trunk: str) -> str:
    """The switch of callbacks for calls that come in by `trunk`."""
    return f"held:{trunk}"


def why_off(connection: Connection, name: str) -> str | None:
    """Why that switch is off; None if it is on."""
    return connection.scalar(select(switches.c.why).where(switches.c.name == name))


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
