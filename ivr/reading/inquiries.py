"""Inquiry sheets as they are now: as their file has them, and closed by the callback that answered them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, case, func, literal, or_, select

from ivr.figures.inquiries import DatedSheet
from ivr.storage.records.sealed import begins
from ivr.storage.schema.imported import inquiries
from ivr.storage.schema.owed import callbacks

CLOSES: Final = (callbacks.c.reason == "inquiry_answer") & (callbacks.c.state == "reached")
"""The callback closes the open sheet whose reference it has: the citizen has the answer."""
ANSWERED: Final = "answered_by_centre"
"""The outcome of a sheet that a callback closed."""
_DATED: Final = ("kind", "structure", "opened_at", "closed_at", "outcome")
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


def is_any_sheet_known(connection: Connection) -> bool:
    """Whether there is any sheet, whatever its day."""
    return bool(connection.scalar(select(literal(True)).select_from(inquiries).limit(1)))


def dated_sheets(connection: Connection, first: date, last: date, zone: ZoneInfo) -> list[DatedSheet]:
    """Sheets that were open on any local day from `first` to `last`, with the days they began and ended."""
    columns = SHEETS.selected_columns
    query = SHEETS.with_only_columns(*(columns[name] for name in _DATED)).where(
        inquiries.c.opened_at < begins(last + timedelta(days=1), zone),
        or_(columns["closed_at"].is_(None), columns["closed_at"] >= begins(first, zone)),
    )
    return [
        DatedSheet(
            kind,
            structure,
            opened.astimezone(zone).date(),
            closed.astimezone(zone).date() if closed else None,
            outcome,
        )
        for kind, structure, opened, closed, outcome in connection.execute(query)
    ]
