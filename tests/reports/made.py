"""The ministry's 2024 as a report value, for tests of what prints it; and a report of nothing.

Every count that the ministry published is in it, and its KPIs follow from them by the product's own formulas.
What it did not publish (waits one by one, half hours, months, attempts) is made up within those sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from math import exp, log
from pathlib import Path
from typing import Any, Final

import yaml

from ivr.config.model import Targets
from ivr.figures.classes import Limits
from ivr.figures.inquiries import DatedSheet
from ivr.figures.kpis import Basis
from ivr.figures.parts import AGENTS, ALL, ATTEMPTS, MINUTES, WHOLE_DAY, CellKey, Parts, cell
from ivr.figures.period_sums import summed
from ivr.figures.suspicious import SuspiciousHour
from ivr.reports.report import DataQuality, KnownGap, Period, Report, heat, scopes_of
from ivr.reports.rows import label_of, rows

PUBLISHED: Final = Path(__file__).resolve().parents[1] / "year" / "report-2024.yaml"
STRUCTURES: Final = ("dvx", "aparat", "emdx", "aibndx")
YEAR: Final = Period("year", "2024", date(2024, 1, 1), date(2024, 12, 31), "Asia/Baku")

_SLICES: Final = {
    "dvx": {"S": 2384, "R": 22007, "C": 9541, "E": 3740, "M": 1349},
    "aparat": {"S": 143, "R": 49, "C": 21, "E": 5, "M": 3},
    "emdx": {"S": 609, "R": 4378, "C": 1898, "E": 1007, "M": 1064},
    "aibndx": {"S": 65, "R": 188, "C": 81, "E": 21, "M": 18},
}
_IN_TIME: Final = {"dvx": 191651, "aparat": 25628, "emdx": 65463, "aibndx": 14969}
_LATE_MEAN: Final = {"dvx": 116, "aparat": 25, "emdx": 95, "aibndx": 50}
"""Mean seconds beyond the 30."""
_TALK_MS: Final = {"dvx": 224_000, "aparat": 180_000, "emdx": 212_000, "aibndx": 230_000}
_AGENT_DAYS: Final = {"dvx": 6151, "aparat": 455, "emdx": 1370, "aibndx": 290, ALL: 8150}
_KNOWN: Final = {"dvx": 0.97, "aparat": 0.98, "emdx": 0.95, "aibndx": 0.96}
_RATED: Final = {"dvx": 41200, "aparat": 2900, "emdx": 9100, "aibndx": 1700}
_TALKED: Final = {"dvx": 3294, "aparat": 8, "emdx": 654, "aibndx": 29}
_WITH_SHEET: Final = {"dvx": 12516, "aparat": 339, "emdx": 6230, "aibndx": 2495}
_SHEET_COLUMNS: Final = (ALL, "aparat", "dvx", "emdx", "aibndx")
_DAYS_TO_CLOSE: Final = {"dvx": 5, "aparat": 1, "emdx": 1, "aibndx": 2}

_OPENS, _CLOSES = 18, 36
_BY_HALF_HOUR: Final = (2, 5, 9, 11, 12, 11, 9, 7, 6, 6, 7, 8, 8, 7, 6, 5, 3, 2)
_BY_WEEKDAY: Final = (13, 11, 10, 9, 8)
_BY_MONTH: Final = (13, 9, 10, 11, 8, 8, 9, 8, 8, 9, 9, 11)
_DISPOSITIONS: Final = (
    ("reached", 35), ("no_answer", 38), ("busy", 7), ("declined", 6), ("machine_or_no_confirmation", 5),
    ("citizen_left_before_agent", 2), ("congestion", 4), ("trunk_failed", 3),
)  # fmt: skip


@cache
def published_2024() -> Mapping[str, Any]:
    """The ministry's own figures."""
    found: Mapping[str, Any] = yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))
    return found


@cache
def made_report() -> Report:
    """2024 by month, with what a year of good records has."""
    published = published_2024()
    days = _days(published)
    sheets = list(_sheets(published))
    basis = Basis(
        sheets, Targets(), Limits(), is_running=False, are_attempts_known=True, are_sheets_known=True
    )
    sums = summed(days.items(), label_of("month"))
    scopes = scopes_of(sums.whole, YEAR, STRUCTURES, basis)
    return Report(
        period=YEAR,
        data=DataQuality(
            is_complete=False,
            unknown_minutes=214,
            gaps=[
                KnownGap("main", _utc(3, 11, 7, 12), _utc(3, 11, 9, 2), 1204),
                KnownGap("main", _utc(9, 2, 10, 40), _utc(9, 2, 11, 5), None),
            ],
            rebuilt_percent=1.3,
            suspicious_hours=[SuspiciousHour(date(2024, 9, 2), 14, 19, 288.0)],
            deleted_days=0,
        ),
        scopes=scopes,
        titles={
            name: {language: published["structures"][name][language] for language in ("az", "en")}
            for name in STRUCTURES
        },
        topic_titles={
            name: {"az": topic["az"], "en": name.replace("_", " ").capitalize()}
            for name, topic in published["topics"].items()
        },
        heat=heat(sums.by_weekday, Limits()),
        by="month",
        rows=rows(sums, YEAR, ALL, "month", basis),
        published={2023: {ALL: _published_kpis(5)}},
        last_year={},
        repeat_callers={1: 198_400, 2: 71_250, 3: 29_800, 4: 12_400, 5: 5_300, 6: 2_100, 8: 700, 40: 3},
        nodes={
            ("welcome", "ministry"): 571_204, ("ministry", "dvx"): 425_892, ("ministry", "emdx"): 93_786,
            ("ministry", "aparat"): 26_098, ("ministry", "aibndx"): 16_218, ("ministry", "hangup"): 9_210,
        },
        requests_in_menu=1_840,
        targets=Targets(),
        limits=Limits(),
        made_at=datetime(2025, 1, 20, 6, 30, tzinfo=UTC),
        version="1.0",
    )  # fmt: skip


def empty_report() -> Report:
    """A week of which no source says anything."""
    week = Period("week", "2024-W20", date(2024, 5, 13), date(2024, 5, 19), "Asia/Baku")
    basis = Basis([], Targets(), Limits(), is_running=False, are_attempts_known=False, are_sheets_known=False)
    scopes = scopes_of({}, week, STRUCTURES, basis)
    return Report(
        period=week,
        data=DataQuality(False, 0, [], None, [], 0),
        scopes=scopes,
        titles=made_report().titles,
        topic_titles=made_report().topic_titles,
        heat={one.name: {} for one in scopes},
        by=None,
        rows=(),
        published={},
        last_year={},
        repeat_callers={},
        nodes={},
        requests_in_menu=0,
        targets=Targets(),
        limits=Limits(),
        made_at=datetime(2024, 5, 20, 3, 0, tzinfo=UTC),
        version="1.0",
    )


_KPI_NAMES: Final = {
    "accepted_within_30_seconds": "accepted_within",
    "accepted_overall": "accepted_overall",
    "lost_after_10_seconds": "lost_after",
    "callback_level": "callback_level",
    "inquiry_share": "inquiry_share",
    "inquiry_answer_days": "inquiry_answer_days",
    "availability": "availability",
    "first_contact_resolution": "first_contact_resolution",
    "satisfaction": "satisfaction",
}


def _published_kpis(column: int) -> dict[str, float]:
    kpis = published_2024()["kpis"]
    return {ours: kpis[theirs]["values"][column] for theirs, ours in _KPI_NAMES.items()}


def _utc(month: int, day: int, hour: int, minute: int) -> datetime:
    return datetime(2024, month, day, hour, minute, tzinfo=UTC)


def _shared(total: int, weights: Sequence[float]) -> list[int]:
    """The total in whole shares by weight; their sum is the total."""
    whole = sum(weights)
    ends = [round(total * part / whole) for part in accumulate(weights)]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def _slots(is_rush: float) -> list[tuple[date, int, float]]:
    """Day, half hour and weight; `is_rush` above 1 draws contacts to the busy half hours."""
    found = []
    for month, of_month in enumerate(_BY_MONTH, 1):
        first = date(2024, month, 8)
        monday = first - timedelta(days=first.weekday())
        for weekday, of_weekday in enumerate(_BY_WEEKDAY):
            for half, of_half in enumerate(_BY_HALF_HOUR, _OPENS):
                weight = float((of_month * of_weekday * of_half) ** is_rush)
                found.append((monday + timedelta(days=weekday), half, weight))
    return found


def _days(published: Mapping[str, Any]) -> dict[date, Parts]:
    ends = [date(2024, month, 1) - timedelta(days=1) for month in range(2, 13)]
    begins = [date(2024, month, 1) for month in range(1, 13)]
    slots = [day for day, _, _ in _slots(1)]
    days: dict[date, Parts] = {day: {} for day in (*begins, *ends, *slots, date(2024, 12, 31))}
    for name in STRUCTURES:
        calls = published["calls"][name]
        late = calls["answered"] - _IN_TIME[name]
        _spread(
            days, name, "A", _IN_TIME[name], [1 + round(29 * (part / 200) ** 2.2) for part in range(200)], 0.9
        )
        tail = [31 + round(-_LATE_MEAN[name] * log(1 - part / 500)) for part in range(500)]
        _spread(days, name, "A", late, tail, 1.35)
        for code, number in _SLICES[name].items():
            short = [1, 2, 3, 4, 4, 5, 5, 6, 7] if code == "S" else [11 + 3 * step for step in range(70)]
            _spread(days, name, code, number, short, 1.5)
        _tally(days, name, "A", _tallies_of_answered(published, name, calls["answered"]))
        _tally(days, name, "A", {"hidden:operator": calls["answered"] // 400})
        _tally_lost(days, name)
        _attempts(days, name)
        _per_day(days, name, _AGENT_DAYS[name])
        for parts in days.values():
            for key, one in parts.items():
                if key.structure == name and key.code == "A":
                    one.talk_ms = one.count * _TALK_MS[name]
    _per_day(days, ALL, _AGENT_DAYS[ALL])
    minutes = (_shared(number, [1.0] * len(days)) for number in (134_190, 404, 214))
    for parts, up, down, unknown in zip(days.values(), *minutes, strict=True):
        cell(parts, CellKey(ALL, _OPENS, MINUTES)).tallies = {"up": up, "down": down, "unknown": unknown}
    return days


def _spread(
    days: Mapping[date, Parts], structure: str, code: str, total: int, waits: Sequence[int], rush: float
) -> None:
    slots, at = _slots(rush), 0
    for (day, half, _), number in zip(slots, _shared(total, [weight for *_, weight in slots]), strict=True):
        one = cell(days[day], CellKey(structure, half, code))
        one.count += number
        for _ in range(number):
            wait, at = waits[at * 377 % len(waits)], at + 1
            one.waits[wait] = one.waits.get(wait, 0) + 1
            one.wait_ms += wait * 1000


def _cells(days: Mapping[date, Parts], structure: str, code: str) -> list[Any]:
    return [
        one
        for parts in days.values()
        for key, one in parts.items()
        if key[::2] == (structure, code) and one.count
    ]


def _tally(days: Mapping[date, Parts], structure: str, code: str, tallies: Mapping[str, int]) -> None:
    """Each tally shared out over the cells by their counts."""
    cells = _cells(days, structure, code)
    for name, total in tallies.items():
        for one, number in zip(cells, _shared(total, [one.count for one in cells]), strict=True):
            if number:
                one.tally(name, number)


def _tallies_of_answered(published: Mapping[str, Any], name: str, answered: int) -> dict[str, int]:
    kpis = published["kpis"]
    column = ("aparat", "dvx", "emdx", "aibndx").index(name)
    known = round(answered * _KNOWN[name])
    satisfied = round(_RATED[name] * kpis["satisfaction"]["values"][column] / 100)
    found = {
        "known": known,
        "resolved": round(known * kpis["first_contact_resolution"]["values"][column] / 100),
        "with_sheet": _WITH_SHEET[name],
        "asked": _RATED[name] * 3,
        "rated:5": satisfied - satisfied // 9,
        "rated:4": satisfied // 9,
        "rated:3": _RATED[name] - satisfied,
    }
    shares = _shared_by_structure()
    found.update({f"topic:{topic}": numbers[STRUCTURES.index(name)] for topic, numbers in shares.items()})
    return found


@cache
def _shared_by_structure() -> Mapping[str, Sequence[int]]:
    published = published_2024()
    weights = [published["calls"][name]["answered"] for name in STRUCTURES]
    return {name: _shared(topic["calls"], weights) for name, topic in published["topics"].items()}


def _tally_lost(days: Mapping[date, Parts], name: str) -> None:
    slices, talked = _SLICES[name], _TALKED[name]
    _tally(days, name, "S", {"balance:too_short": slices["S"], "missed": slices["S"]})
    again = slices["R"]
    _tally(
        days,
        name,
        "R",
        {
            "balance:recovered_by_citizen": again,
            "missed": again - again // 90,
            "undecided:not_decided": again // 90,
        },
    )
    times = _shared(talked, [exp(-step / 40) + 0.04 for step in range(360)])
    _tally(days, name, "C", {
        "balance:recovered_by_us": talked,
        "balance:tried_in_vain": slices["C"] - talked,
        "missed": slices["C"],
        "called_back_talked": talked,
    })  # fmt: skip
    first = _cells(days, name, "C")[0]
    for minutes, number in enumerate(times, 1):
        if number:
            first.tally(f"callback_service:{minutes}", number)
            first.tally(f"callback_clock:{minutes if minutes < 120 else minutes + 840}", number)
    hidden = slices["E"] // 8
    _tally(days, name, "E", {
        "balance:hidden": hidden,
        "balance:never_on_the_network": slices["E"] - hidden,
        "hidden:operator": hidden,
        "missed": slices["E"],
    })  # fmt: skip
    _tally(days, name, "M", {"balance:expired": slices["M"], "missed": slices["M"]})


def _attempts(days: Mapping[date, Parts], name: str) -> None:
    tries = [_SLICES[name]["C"] + _SLICES[name]["E"]]
    while len(tries) < 4:
        tries.append(tries[-1] * 2 // 5)
    slots = _slots(1)
    for number, total in enumerate(tries, 1):
        for (day, half, _), made in zip(slots, _shared(total, [one[2] for one in slots]), strict=True):
            parts = _shared(made, [weight for _, weight in _DISPOSITIONS])
            for (disposition, _), count in zip(_DISPOSITIONS, parts, strict=True):
                if count:
                    cell(days[day], CellKey(name, half, ATTEMPTS)).tally(f"{number}:{disposition}", count)


def _per_day(days: Mapping[date, Parts], name: str, total: int) -> None:
    for parts, number in zip(days.values(), _shared(total, [1.0] * len(days)), strict=True):
        cell(parts, CellKey(name, WHOLE_DAY, AGENTS)).count = number


def _sheets(published: Mapping[str, Any]) -> Iterator[DatedSheet]:
    printed = published["inquiry_sheets"]
    for name in STRUCTURES:
        column = _SHEET_COLUMNS.index(name)
        for kind in ("complex_question", "e_service_error"):
            sums = {word: values[column] for word, values in printed[kind].items()}
            still_open = sums["carried_out"]
            for number in range(sums["carried_in"]):
                opened = date(2023, 12, 29) - timedelta(days=number % 4)
                yield DatedSheet(kind, name, opened, opened + timedelta(days=6), "answered_by_centre")
            for number in range(sums["prepared"] - still_open):
                opened = _day(number)
                closed = opened + timedelta(days=_DAYS_TO_CLOSE[name])
                yield DatedSheet(kind, name, opened, closed, "answered_by_centre")
            for _ in range(still_open):
                yield DatedSheet(kind, name, date(2024, 12, 30), None, "")
        for kind, values in printed["sent_on"].items():
            for number in range(values[column] if kind != "total" else 0):
                yield DatedSheet(kind, name, _day(number), _day(number), "sent_on")


def _day(number: int) -> date:
    return date(2024, 1, 3) + timedelta(days=number * 13 % 350)
