"""What is switched off, and which numbers are never called.

An operator or a guard switches off `accept` (new callbacks), `dial`, or callbacks for the calls of one trunk
(`held:TRUNK`). `dial:SERVER` stops all dialling, as `dial` does, while attempts of that server may be unknown
to the store. A row is a switch that is off; turning it on takes the row away. The dialer asks in the
transaction that opens a callback or starts an attempt, so that a switch holds at once for every dialer.

A number whose citizen pressed 9 is denied until somebody lifts it. Retention makes a keyed hash of an old
one, like of every other number; a caller's number is then compared by the same hash. A dialer without the key
cannot compare, and must dial nobody (`is_key_missing`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, delete, exists, select, update
from sqlalchemy.sql.elements import ColumnElement

from ivr.base.masking import MARK, pseudonym
from ivr.storage.engine.statements import add
from ivr.storage.people.audit import last_subject
from ivr.storage.schema.columns import database_now
from ivr.storage.schema.owed import denied_numbers
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


KEY_KNOWN: Final = "key of pseudonyms"
"""Action in the audit whose subject says which key it is, by a hash."""
_AT_ONCE: Final = 1000
_IS_HASHED: Final = denied_numbers.c.caller_e164.like(f"{MARK}%")


def deny(connection: Connection, caller_e164: str, why: str) -> None:
    """Never call that number again."""
    add(connection, denied_numbers, {"caller_e164": caller_e164, "since": database_now(), "why": why})


def is_denied(connection: Connection, caller_e164: str, key: str) -> bool:
    """Whether somebody at that number asked not to be called."""
    return bool(connection.scalar(select(exists().where(_is_of(caller_e164, key)))))


def lift(connection: Connection, number: str, key: str) -> bool:
    """Call that number again; False if nobody there refused. `number` may be a hash as `every` has it."""
    return connection.execute(delete(denied_numbers).where(_is_of(number, key))).rowcount > 0


def every(connection: Connection) -> list[dict[str, Any]]:
    """All of them, the latest first: number or hash, since when, why."""
    query = select(denied_numbers).order_by(denied_numbers.c.since.desc())
    return [dict(row) for row in connection.execute(query).mappings()]


def any_hashed(connection: Connection) -> bool:
    """Whether retention has made a hash of one."""
    return bool(connection.scalar(select(exists().where(_IS_HASHED))))


def is_key_missing(connection: Connection, key: Callable[[], str]) -> bool:
    """Whether some are hashed, and not with that key."""
    return any_hashed(connection) and last_subject(connection, KEY_KNOWN) != pseudonym(key(), "")


def hash_old(connection: Connection, moment: datetime, key: str) -> int:
    """Make hashes of those from before that moment, at most a thousand; how many."""
    old = select(denied_numbers).where(denied_numbers.c.since < moment, ~_IS_HASHED).limit(_AT_ONCE)
    found = connection.execute(old).mappings().all()
    for row in found:
        add(connection, denied_numbers, {**row, "caller_e164": pseudonym(key, row["caller_e164"])})
        connection.execute(delete(denied_numbers).where(denied_numbers.c.caller_e164 == row["caller_e164"]))
    return len(found)


def _is_of(number: str, key: str) -> ColumnElement[bool]:
    return denied_numbers.c.caller_e164.in_((number, pseudonym(key, number)))
