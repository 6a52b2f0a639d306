"""Inquiry sheets by date: prepared, carried in and out, answered by the centre, sent on.

A sheet is opened on one local day and may be closed on a later one, so these sums come from the sheets
themselves, not from the days' parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, NamedTuple

SheetKind = Literal[
    "complex_question",
    "e_service_error",
    "complaint_about_third_party",
    "complaint_about_body_or_staff",
    "reception_booking",
    "proposal",
]
QUERIES: Final = frozenset({"complex_question", "e_service_error"})
"""The kinds the centre answers itself."""


class DatedSheet(NamedTuple):
    """An inquiry sheet with its local days; `outcome` is empty while it is open."""

    kind: str
    structure: str
    opened: date
    closed: date | None
    outcome: str


@dataclass(slots=True)
class KindSums:
    """Sheets of one kind in one period."""

    prepared: int = 0
    carried_in: int = 0
    answered_by_centre: int = 0
    sent_on: int = 0
    carried_out: int = 0


@dataclass(slots=True)
class SheetSums:
    """`is_fed`: there is any sheet, of whatever period. `days_to_close`: of queries the centre closed."""

    is_fed: bool = False
    kinds: dict[str, KindSums] = field(default_factory=dict)
    queries_closed: int = 0
    days_to_close: int = 0

    @property
    def queries_prepared(self) -> int:
        """Sheets of the kinds the centre answers itself."""
        return sum(sums.prepared for kind, sums in self.kinds.items() if kind in QUERIES)

    @property
    def total(self) -> KindSums:
        """Over all kinds."""
        names = KindSums.__slots__
        return KindSums(*(sum(getattr(one, name) for one in self.kinds.values()) for name in names))


def sheet_sums(sheets: Iterable[DatedSheet], first: date, last: date) -> SheetSums:
    """The sums of the local days from `first` to `last`, both included.

    A sheet sent on counts when it was closed, or when it was opened if nobody noted that.
    """
    sums = SheetSums()
    for sheet in sheets:
        ended = sheet.closed or (sheet.opened if sheet.outcome == "sent_on" else None)
        if sheet.opened > last or (ended and ended < first):
            continue
        mine = sums.kinds.setdefault(sheet.kind, KindSums())
        mine.prepared += sheet.opened >= first
        mine.carried_in += sheet.opened < first
        if ended is None or ended > last:
            mine.carried_out += 1
        elif sheet.outcome == "answered_by_centre":
            mine.answered_by_centre += 1
            if sheet.kind in QUERIES:
                sums.queries_closed += 1
                sums.days_to_close += (ended - sheet.opened).days
        elif sheet.outcome == "sent_on":
            mine.sent_on += 1
    return sums
