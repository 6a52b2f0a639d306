"""A report as a value: the period, what its data rests on, and the figures of all and of each structure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

from ivr.config.model import Targets
from ivr.figures.classes import COUNTED, LOST, Limits
from ivr.figures.inquiries import sheet_sums
from ivr.figures.kpis import Basis, scope
from ivr.figures.misses import Miss
from ivr.figures.parts import ALL, ATTEMPTS, Parts
from ivr.figures.suspicious import SuspiciousHour
from ivr.reports.scope import Attempts, ScopeFigures, figures

Kind = Literal["day", "week", "month", "quarter", "year", "range"]
By = Literal["hour", "day", "week", "month"]


@dataclass(frozen=True, slots=True)
class Period:
    """Local days from `first` to `last`, both included. `label`: as it was asked for, such as `2024-W20`.

    `working_hours_only`: what lies outside the service hours is left out.
    """

    kind: Kind
    label: str
    first: date
    last: date
    time_zone: str
    working_hours_only: bool = False


class KnownGap(NamedTuple):
    """Nobody listened to that server; `rebuilt` contacts are from queue_log, None: nobody looked yet."""

    server: str
    began_at: datetime
    ended_at: datetime
    rebuilt: int | None


@dataclass(frozen=True, slots=True)
class DataQuality:
    """What the figures rest on. `unknown_minutes`: of the service hours nobody knows whether it was up.

    `rebuilt_percent`: of the contacts, those only queue_log reported; None of no contacts. `deleted_days`:
    their records are gone, their sums stay, so there are no lists and no repeat callers of them.
    """

    is_complete: bool
    unknown_minutes: int
    gaps: Sequence[KnownGap]
    rebuilt_percent: float | None
    suspicious_hours: Sequence[SuspiciousHour]
    deleted_days: int


class HeatCell(NamedTuple):
    """Contacts of one half hour of one weekday: how many, answered in time, answered, lost."""

    contacts: int
    in_time: int
    answered: int
    lost: int


class Row(NamedTuple):
    """An hour, day, week or month of the report: its label (`09`, `2024-05-14`, `2024-W20`, `2024-05`)."""

    label: str
    figures: ScopeFigures


@dataclass(frozen=True, slots=True)
class Report:
    """`scopes`: all first, then each structure in its order; `titles` by scope, then language.

    `heat`: by scope, weekday (0 is Monday) and half hour. `rows`: of `all` or of the one structure asked for.
    `published`: by year, scope and figure, as published. `last_year`: the same figures of our own records of
    the period a year before, where there are any. `repeat_callers`: numbers by how many contacts they had,
    None if that is not kept. `nodes`: ways callers left each node of the menu. `misses`: the targets that
    `all` misses.
    """

    period: Period
    data: DataQuality
    scopes: Sequence[ScopeFigures]
    titles: Mapping[str, Mapping[str, str]]
    topic_titles: Mapping[str, Mapping[str, str]]
    heat: Mapping[str, Mapping[tuple[int, int], HeatCell]]
    by: By | None
    rows: Sequence[Row]
    published: Mapping[int, Mapping[str, Mapping[str, float]]]
    last_year: Mapping[str, ScopeFigures]
    repeat_callers: Mapping[int, int] | None
    nodes: Mapping[tuple[str, str], int]
    requests_in_menu: int
    targets: Targets
    limits: Limits
    made_at: datetime
    version: str
    misses: Sequence[Miss] = ()

    @property
    def all(self) -> ScopeFigures:
        """The sum of the structures."""
        return self.scopes[0]


def scopes_of(total: Parts, period: Period, structures: Sequence[str], basis: Basis) -> list[ScopeFigures]:
    """All first, then each structure, from the sum of the period's days."""
    return [scope_of(total, period.first, period.last, name, basis) for name in (ALL, *structures)]


def scope_of(total: Parts, first: date, last: date, name: str, basis: Basis) -> ScopeFigures:
    """The figures of all or of one structure, from sums of parts and the sheets of these days."""
    mine = (sheet for sheet in basis.sheets if name in (ALL, sheet.structure))
    sheets = sheet_sums(mine, first, last)
    sheets.is_fed = basis.are_sheets_known
    sums, made = scope(total, name), attempts(total, name)
    return figures(name, sums, sheets, made, basis)


def attempts(parts: Parts, structure: str) -> Attempts:
    """Our attempts for that structure, or for all."""
    by_number: defaultdict[int, Counter[str]] = defaultdict(Counter)
    by_hour: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for key, cell in parts.items():
        if key.code == ATTEMPTS and structure in (ALL, key.structure):
            for name, count in cell.tallies.items():
                number, disposition = name.split(":")
                by_number[int(number)][disposition] += count
                by_hour[key.half_hour // 2][disposition] += count
    return Attempts(dict(sorted(by_number.items())), dict(sorted(by_hour.items())))


def heat(by_weekday: Mapping[int, Parts], limits: Limits) -> dict[str, dict[tuple[int, int], HeatCell]]:
    """Contacts by scope, weekday and half hour."""
    sums: defaultdict[str, defaultdict[tuple[int, int], list[int]]]
    sums = defaultdict(lambda: defaultdict(lambda: [0, 0, 0, 0]))
    for weekday, parts in by_weekday.items():
        for (structure, half_hour, code), cell in parts.items():
            if code in COUNTED:
                in_time = answered = lost = 0
                if code == "A":
                    answered = cell.count
                    in_time = sum([number for wait, number in cell.waits.items() if wait <= limits.in_time])
                elif code in LOST:
                    lost = cell.count
                for scope in (ALL, structure):
                    found = sums[scope][weekday, half_hour]
                    found[0] += cell.count
                    found[1] += in_time
                    found[2] += answered
                    found[3] += lost
    return {
        scope: {where: HeatCell(*found) for where, found in sorted(by_half_hour.items())}
        for scope, by_half_hour in sums.items()
    }
