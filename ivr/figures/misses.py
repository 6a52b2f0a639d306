"""For a target that was missed: which structures and which hours of the week account for how many points.

A point is a hundredth of the KPI's whole, or a day. A group's share is what it lacked (or had too much)
against the target on its own base, in points of the whole; the shares of all groups add up to the miss.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ivr.figures.classes import COUNTED, LOST, Limits
from ivr.figures.kpis import AT_MOST, IN_DAYS, Kpi, KpiName
from ivr.figures.parts import MINUTES, Cell, Parts

_OF_THE_HOTLINE: Final[frozenset[KpiName]] = frozenset({"availability"})
"""They belong to no structure."""
_HOURS_TOGETHER: Final = 2
_WORTH_NAMING: Final = 0.15
"""A block of hours with less of the miss explains nothing."""
_CLEARLY_WORSE: Final = 1.15
"""A block that has so many times the share of the miss that it has of the calls."""


class Block(NamedTuple):
    """Hours of some weekdays (0 is Monday), from `first_hour` until before `end_hour`."""

    weekdays: tuple[int, ...]
    first_hour: int
    end_hour: int

    def has(self, weekday: int, hour: int) -> bool:
        """Whether that hour of that weekday belongs to it."""
        return weekday in self.weekdays and self.first_hour <= hour < self.end_hour


@dataclass(frozen=True, slots=True)
class Miss:
    """`points` that lack or are too many.

    `shares`: of them, by structure, negative for one that meets the target; they add up to `points`. Empty if
    there is only one structure. `block`: the hours that account for most, where any stand out. They are
    another view of the same points: they have `block_points` of them, and `block_percent` of the whole.
    """

    kpi: Kpi
    points: float
    shares: Mapping[str, float] = field(default_factory=dict)
    block: Block | None = None
    block_points: float = 0.0
    block_percent: float = 0.0

    @property
    def structure(self) -> str:
        """The structure that accounts for the most; empty if there is only one."""
        return max(self.shares, key=lambda name: self.shares[name], default="")

    @property
    def is_block_worse(self) -> bool:
        """Whether the block is worse than other hours; if not, it only has more calls than they have."""
        return self.block_points * 100 > self.points * self.block_percent * _CLEARLY_WORSE


def misses(
    kpis: Mapping[KpiName, Kpi],
    structures: Mapping[str, Mapping[KpiName, Kpi]],
    by_weekday: Mapping[int, Parts],
    limits: Limits,
) -> list[Miss]:
    """Every target that was missed, in the order of the KPIs.

    `structures`: what the KPIs are sums of, none of one structure alone. `by_weekday`: the parts they come
    from, 0 is Monday.
    """
    return [
        _miss(kpi, kpi.value, kpi.target, structures, by_weekday, limits)
        for kpi in kpis.values()
        if kpi.met is False and kpi.value is not None and kpi.target is not None
    ]


def _miss(
    kpi: Kpi,
    value: float,
    target: float,
    structures: Mapping[str, Mapping[KpiName, Kpi]],
    by_weekday: Mapping[int, Parts],
    limits: Limits,
) -> Miss:
    points = abs(value - target)
    unit = 1 if kpi.name in IN_DAYS else 100

    def share(part: float, whole: float) -> float:
        lacks = (whole * target / unit - part) / kpi.whole * unit
        return -lacks if kpi.name in AT_MOST else lacks

    shares: dict[str, float] = {}
    if kpi.name not in _OF_THE_HOTLINE and len(structures) > 1:
        shares = {name: share(*own[kpi.name][-2:]) for name, own in structures.items()}
    by_hour = _by_hour(kpi.name, by_weekday, limits)
    block, block_points = _block({where: share(*sums) for where, sums in by_hour.items()})
    if block is None or block_points < points * _WORTH_NAMING:
        return Miss(kpi, points, shares)
    inside = sum(whole for where, (_, whole) in by_hour.items() if block.has(*where))
    return Miss(kpi, points, shares, block, block_points, inside / kpi.whole * 100)


def _by_hour(
    name: KpiName, by_weekday: Mapping[int, Parts], limits: Limits
) -> dict[tuple[int, int], list[int]]:
    """The KPI's part and whole of each weekday and hour; nothing of KPIs that have no hours."""
    found: defaultdict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    if name in _ADDS:
        codes, adds = _ADDS[name]
        for weekday, parts in by_weekday.items():
            for (_, half_hour, code), cell in parts.items():
                if code in codes:
                    part, whole = adds(code, cell, limits)
                    sums = found[weekday, half_hour // 2]
                    sums[0] += part
                    sums[1] += whole
    return found


def _in_time(code: str, cell: Cell, limits: Limits) -> tuple[int, int]:
    waits = cell.waits.items() if code == "A" else ()
    return sum([number for wait, number in waits if wait <= limits.in_time]), cell.count


def _satisfied(code: str, cell: Cell, limits: Limits) -> tuple[int, int]:
    rated = {name: number for name, number in cell.tallies.items() if name.startswith("rated:")}
    return rated.get("rated:4", 0) + rated.get("rated:5", 0), sum(rated.values())


def _up(code: str, cell: Cell, limits: Limits) -> tuple[int, int]:
    up = cell.tallies.get("up", 0)
    return up, up + cell.tallies.get("down", 0)


_Adds = Callable[[str, Cell, Limits], tuple[int, int]]
_ADDS: Final[Mapping[KpiName, tuple[frozenset[str], _Adds]]] = {
    "accepted_within": (frozenset(COUNTED), _in_time),
    "accepted_overall": (
        frozenset(COUNTED),
        lambda code, cell, limits: (cell.count if code == "A" else 0, cell.count),
    ),
    "lost_after": (
        frozenset(COUNTED),
        lambda code, cell, limits: (cell.count if code in LOST and code != "S" else 0, cell.count),
    ),
    "callback_level": (
        frozenset({"R", "C", "M"}),
        lambda code, cell, limits: (0 if code == "M" else cell.count, cell.count),
    ),
    "first_contact_resolution": (
        frozenset({"A"}),
        lambda code, cell, limits: (cell.tallies.get("resolved", 0), cell.tallies.get("known", 0)),
    ),
    "satisfaction": (frozenset({"A"}), _satisfied),
    "availability": (frozenset({MINUTES}), _up),
}
"""What a cell of which codes adds to the KPI's part and whole."""


def _block(shares: Mapping[tuple[int, int], float]) -> tuple[Block | None, float]:
    """The two hours, on the weekdays on which they are about as bad, that account for the most."""
    best: tuple[Block | None, float] = (None, 0.0)
    days = sorted({day for day, _ in shares})
    for first in sorted({hour for _, hour in shares}):
        hours = range(first, first + _HOURS_TOGETHER)
        by_day = {day: sum(shares.get((day, hour), 0.0) for hour in hours) for day in days}
        most = max(by_day.values())
        weekdays = tuple(day for day, points in by_day.items() if points >= most * 0.6)
        total = sum(by_day[day] for day in weekdays)
        if total > best[1]:
            best = Block(weekdays, first, first + _HOURS_TOGETHER), total
    return best
