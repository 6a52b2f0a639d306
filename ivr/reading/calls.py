"""Calls as they are looked for: by their linkedid or by the caller's number."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from ivr.storage.engine.statements import all_as, columns
from ivr.storage.schema.recorded import calls

_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class FoundCall:
    """One call, as far as it is needed to find its recordings."""

    server: str
    linkedid: str
    caller_e164: str
    began_at: datetime


def find(connection: Connection, linkedids: Collection[str], number: str) -> list[FoundCall]:
    """Calls of that number, without one those with these linkedids: the latest first, at most a hundred."""
    is_it = calls.c.caller_e164 == number if number else calls.c.linkedid.in_(linkedids)
    query = select(*columns(FoundCall, calls)).where(is_it).order_by(calls.c.began_at.desc())
    return all_as(connection, FoundCall, query.limit(_MOST))
