"""Numbers whose citizens pressed 9: never called again, until somebody lifts it.

Retention makes a keyed hash of an old one, like of every other number; a caller's number is then compared by
the same hash. A dialer without the key cannot compare, and must dial nobody (`is_key_missing`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, exists, select
from sqlalchemy.sql.elements import ColumnElement

from ivr.base.masking import MARK, pseudonym
from ivr.storage.engine.statements import add
from ivr.storage.people.audit import last_subject
from ivr.storage.schema.columns import database_now
from ivr.storage.schema.owed import denied_numbers

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
