"""A period's days added up as they come: years take no more memory than a week.

What is asked of a period is asked by weekday and half hour, by row, or in all; single days are only looked at
for hours that had far too few contacts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from ivr.figures.classes import COUNTED
from ivr.figures.parts import ATTEMPTS, WHOLE_DAY, CellKey, Parts, added, cell

_COUNTED: Final = frozenset(COUNTED)
_HOURS: Final = 24


@dataclass(frozen=True)
class PeriodSums:
    """`by_weekday`: parts by half hour, 0 is Monday. `by_label`: whole days by the label of their row.

    `contacts`: of each day, how many contacts began in each of its 24 hours.
    """

    by_weekday: Mapping[int, Parts]
    by_label: Mapping[str, Parts]
    contacts: Mapping[date, list[int]]
    whole: Parts = field(default_factory=dict)
    """All days together; only attempts keep their half hour."""


def summed(days: Iterable[tuple[date, Parts]], label_of: Callable[[date], str] | None = None) -> PeriodSums:
    """The sums of these days, in any order; `label_of`: the row of a day, None if days have no rows."""
    by_weekday: dict[int, Parts] = {}
    by_label: dict[str, Parts] = {}
    contacts: dict[date, list[int]] = {}
    for day, parts in days:
        its = contacts[day] = [0] * _HOURS
        weekday = by_weekday.setdefault(day.weekday(), {})
        for key, one in parts.items():
            cell(weekday, key).add(one)
            if key.code in _COUNTED:
                its[key.half_hour // 2] += one.count
        if label_of is not None:
            row = by_label.setdefault(label_of(day), {})
            for key, one in parts.items():
                cell(row, whole_day(key)).add(one)
    return PeriodSums(by_weekday, by_label, contacts, added(by_weekday.values(), whole_day))


def whole_day(key: CellKey) -> CellKey:
    """Where a cell counts when half hours are put together."""
    return key if key.code == ATTEMPTS else key._replace(half_hour=WHOLE_DAY)
