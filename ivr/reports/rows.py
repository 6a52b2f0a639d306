"""The report by hour, day, week or month."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from ivr.figures.kpis import Basis
from ivr.figures.parts import CellKey, Parts, added
from ivr.reports.report import By, Kind, Row, scope_of

ROWS_ON_PAPER: Final[Mapping[Kind, By]] = {
    "day": "hour", "week": "day", "month": "day", "quarter": "month", "year": "month", "range": "month",
}  # fmt: skip
"""What a page or a workbook has a row for, unless something else is asked for."""
_LABEL: Final[Mapping[By, Callable[[date, CellKey], str]]] = {
    "hour": lambda day, key: f"{key.half_hour // 2:02}" if key.half_hour >= 0 else "",
    "day": lambda day, key: day.isoformat(),
    "week": lambda day, key: f"{day:%G-W%V}",
    "month": lambda day, key: f"{day:%Y-%m}",
}


def rows(days: Mapping[date, Parts], structure: str, by: By, basis: Basis) -> list[Row]:
    """A row for each hour, day, week or month in which anything was counted, of that structure or of all.

    An inquiry sheet has a day and no hour, so hours have none.
    """
    groups: dict[str, dict[date, Parts]] = {}
    for day, parts in days.items():
        for key, cell in parts.items():
            if label := _LABEL[by](day, key):
                groups.setdefault(label, {}).setdefault(day, {})[key] = cell
    if by == "hour":
        basis = replace(basis, sheets=())
    return [
        Row(label, scope_of(added(some.values()), min(some), max(some), structure, basis))
        for label, some in sorted(groups.items())
    ]
