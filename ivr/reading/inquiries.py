"""Inquiry sheets as they are now: as their file has them, and closed by the callback that answered them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, case, func, select

from ivr.storage.engine.statements import all_as
from ivr.storage.schema.imported import inquiries
from ivr.storage.schema.owed import callbacks


@dataclass(frozen=True, slots=True)
class Sheet:
    """One inquiry; `kind` and `outcome` are words of `ivr.imports.columns`, an open one has no outcome."""

    reference: str
    kind: str
    structure: str
    opened_at: datetime
    closed_at: datetime | None
    outcome: str
    call_id: int | None
    due_at: datetime | None
    extended: bool


CLOSES: Final = (callbacks.c.reason == "inquiry_answer") & (callbacks.c.state == "reached")
"""The callback closes the open sheet whose reference it has: the citizen has the answer."""
ANSWERED: Final = "answered_by_centre"
"""The outcome of a sheet that a callback closed."""
_answer = (
    select(callbacks.c.reference, func.min(callbacks.c.closed_at).label("at"))
    .where(CLOSES)
    .group_by(callbacks.c.reference)
    .subquery()
)
_is_answered = inquiries.c.closed_at.is_(None) & _answer.c.at.is_not(None)
SHEETS: Final = (
    select(
        inquiries.c.reference,
        inquiries.c.kind,
        inquiries.c.structure,
        inquiries.c.opened_at,
        func.coalesce(inquiries.c.closed_at, _answer.c.at).label("closed_at"),
        case((_is_answered, ANSWERED), else_=inquiries.c.outcome).label("outcome"),
        inquiries.c.call_id,
        inquiries.c.due_at,
        inquiries.c.extended,
    )
    .outerjoin(_answer, _answer.c.reference == inquiries.c.reference)
    .order_by(inquiries.c.opened_at, inquiries.c.reference)
)


def sheets(connection: Connection) -> list[Sheet]:
    """Every sheet, in the order in which they were opened."""
    return all_as(connection, Sheet, SHEETS)
