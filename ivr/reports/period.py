"""From the words of a command to a period of local days."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from ivr.reports.report import Kind, Period

_FORMS: Final[dict[Kind, str]] = {
    "day": r"(\d{4})-(\d{2})-(\d{2})",
    "week": r"(\d{4})-W(\d{2})",
    "month": r"(\d{4})-(\d{2})",
    "quarter": r"(\d{4})-Q([1-4])",
    "year": r"(\d{4})",
}
EXAMPLES: Final[dict[Kind, str]] = {
    "day": "2024-05-14", "week": "2024-W20", "month": "2024-05", "quarter": "2024-Q2", "year": "2024",
}  # fmt: skip
"""How each kind is written."""
_EARLIEST: Final = 1970


class NotAPeriod(ValueError):
    """What was given names no period; its text says how one is written."""


def period_of(kind: Kind, label: str, time_zone: str, *, working_hours_only: bool = False) -> Period:
    """The day, week, month, quarter or year written so. Raises NotAPeriod."""
    found = re.fullmatch(_FORMS[kind], label)
    try:
        first, last = _DAYS[kind](*map(int, found.groups())) if found else (date.min, date.min)
    except (ValueError, OverflowError):
        raise NotAPeriod(f"there is no {kind} {label}") from None
    if first.year < _EARLIEST or last.year >= date.max.year:
        raise NotAPeriod(f"no {kind} is written {label!r}; one is {EXAMPLES[kind]}")
    return Period(kind, label, first, last, time_zone, working_hours_only)


def range_of(first: date, last: date, time_zone: str, *, working_hours_only: bool = False) -> Period:
    """From one day to another, both included. Raises NotAPeriod if the last comes first."""
    if last < first:
        raise NotAPeriod(f"{last} is before {first}")
    return Period("range", f"{first} {last}", first, last, time_zone, working_hours_only)


def year_before(period: Period) -> Period | None:
    """The same period of the year before; None of a range, and of a week or day that year does not have."""
    if period.kind == "range":
        return None
    year = period.label[:4]
    before = period.label.replace(year, f"{int(year) - 1:04}")
    try:
        return period_of(period.kind, before, period.time_zone, working_hours_only=period.working_hours_only)
    except NotAPeriod:
        return None


def _day(year: int, month: int, day: int) -> tuple[date, date]:
    return date(year, month, day), date(year, month, day)


def _week(year: int, week: int) -> tuple[date, date]:
    monday = date.fromisocalendar(year, week, 1)
    return monday, monday + timedelta(days=6)


def _months(year: int, first: int, last: int) -> tuple[date, date]:
    after = date(year + last // 12, last % 12 + 1, 1)
    return date(year, first, 1), after - timedelta(days=1)


_DAYS: Final[dict[Kind, Callable[..., tuple[date, date]]]] = {
    "day": _day,
    "week": _week,
    "month": lambda year, month: _months(year, month, month),
    "quarter": lambda year, quarter: _months(year, quarter * 3 - 2, quarter * 3),
    "year": lambda year: _months(year, 1, 12),
}
