"""The report by hour, day, week or month."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from ivr.figures.kpis import Basis
from ivr.figures.parts import ALL, WHOLE_DAY, Parts, cell
from ivr.figures.period_sums import PeriodSums
from ivr.reports.report import By, Kind, Period, Row, scope_of

ROWS_ON_PAPER: Final[Mapping[Kind, By]] = {
    "day": "hour", "week": "day", "month": "day", "quarter": "month", "year": "month", "range": "month",
}  # fmt: skip
"""What a page or a workbook has a row for, unless something else is asked for."""
_LABEL: Final[Mapping[By, str]] = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}


def label_of(by: By | None) -> Callable[[date], str] | None:
    """Which row a day belongs to; None where days have no rows of their own."""
    if by is None or by == "hour":
        return None
    return lambda day: day.strftime(_LABEL[by])


def rows(sums: PeriodSums, period: Period, structure: str, by: By, basis: Basis) -> list[Row]:
    """A row for each hour, day, week or month in which anything was counted, of that structure or of all.

    A week or month counts from its first day to its last, as far as they are in the period. An inquiry sheet
    has a day and no hour, so hours have none.
    """
    if by == "hour":
        return _by_hour(sums, period, structure, replace(basis, sheets=(), are_sheets_known=False))
    spans: dict[str, list[date]] = {}
    for number in range((period.last - period.first).days + 1):
        day = period.first + timedelta(days=number)
        spans.setdefault(day.strftime(_LABEL[by]), []).append(day)
    mine = (sheet for sheet in basis.sheets if structure in (ALL, sheet.structure))
    dated = {day for sheet in mine for day in (sheet.opened, sheet.closed)}
    return [
        Row(label, scope_of(sums.by_label.get(label, {}), days[0], days[-1], structure, basis))
        for label, days in spans.items()
        if sums.by_label.get(label) or not dated.isdisjoint(days)
    ]


def _by_hour(sums: PeriodSums, period: Period, structure: str, basis: Basis) -> list[Row]:
    hours: dict[int, Parts] = {}
    for parts in sums.by_weekday.values():
        for key, one in parts.items():
            if key.half_hour != WHOLE_DAY:
                cell(hours.setdefault(key.half_hour // 2, {}), key).add(one)
    return [
        Row(f"{hour:02}", scope_of(parts, period.first, period.last, structure, basis))
        for hour, parts in sorted(hours.items())
    ]
