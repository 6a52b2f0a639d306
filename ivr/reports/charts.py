"""A report's charts: which figures each shows, in the words and numbers of one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Final

from ivr.figures.kpis import KpiName, percentile
from ivr.reports.report import HeatCell, Report
from ivr.reports.scope import ScopeFigures
from ivr.reports.svg import (
    ACCENT,
    GREY,
    INK,
    PALE,
    Bar,
    Column,
    HeatRow,
    Marker,
    Segment,
    bars,
    columns,
    heat_map,
    histogram,
    stacked,
)
from ivr.reports.tables import short_titles, structures_first, target_text
from ivr.reports.words import (
    PaperLanguage,
    capitalised,
    half_hour_text,
    kpi_value,
    limited,
    minutes,
    number,
    percent,
    row_label,
    seconds,
    weekday_text,
    word,
)

_WAIT_BIN: Final = 10
_WAIT_BINS: Final = 30
_MINUTES_BINS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480)
_BINS_OF_MINUTES: Final = 24
_MOST_COLUMNS: Final = 31
FEWEST_JUDGED: Final = 20
"""Of fewer contacts in a half hour no share is shown: chance would decide it."""
_NO_CALL: Final = HeatCell(0, 0, 0, 0)


def drawn(report: Report, language: PaperLanguage) -> dict[str, str]:
    """Each chart as SVG by its name; one that would show nothing is empty."""
    one = report.all
    has_rows = 1 < len(report.rows) <= _MOST_COLUMNS
    in_time, short = report.limits.in_time, report.limits.short_wait
    return {
        "by_period": _by_period(report, language) if has_rows else "",
        "slices": _slices(report, language) if one.lost else "",
        "structures": _structures(report, language) if one.contacts else "",
        "heat_contacts": _heat(report, language, "contacts"),
        "heat_in_time": _heat(report, language, "in_time"),
        "half_hours": _half_hours(report, language),
        "waits": _waits(report, language, one.waits, "accepted_within", in_time) if one.waits else "",
        "lost_waits": _waits(report, language, one.lost_waits, "lost_after", short) if one.lost_waits else "",
        "funnel": _funnel(report, language) if one.lost else "",
        "callback_times": _callback_times(one, language) if one.callback_service else "",
    }


def _by_period(report: Report, language: PaperLanguage) -> str:
    items = [
        Column(_brief(row.label, language), row.figures.contacts, number(row.figures.contacts, language),
               row.figures.lost)
        for row in report.rows
    ]  # fmt: skip
    names = (word("call.received", language), word("call.lost", language), "")
    return columns(word("section.answered_lost", language), items, names)


def _brief(label: str, language: PaperLanguage) -> str:
    """Short enough for the foot of a column."""
    whole = row_label(label, language)
    if len(label) != len("2024-05"):
        return whole.partition("\N{NO-BREAK SPACE}")[0]
    return {"İyun": "İyn", "İyul": "İyl"}.get(whole, whole[:3])


def _slices(report: Report, language: PaperLanguage) -> str:
    one = report.all
    items = [
        Bar(
            limited(f"slice_short.{name}", language, report.limits),
            value,
            f"{number(value, language)} · {percent(value / one.lost * 100, language)}",
            name == "not_called_back",
        )
        for name, value in one.lost_slices.items()
    ]
    return bars(word("section.slices", language), items, label_width=230)


def _structures(report: Report, language: PaperLanguage) -> str:
    known = short_titles(report, language)
    rows = []
    for one in structures_first(report):
        if not one.contacts:
            continue
        between = one.ordered + one.excluded
        parts = [
            Segment(
                word("call.answered", language), one.answered, _share(one.answered, one, language), GREY, INK
            )
        ]
        if between:
            parts.append(Segment("", between, _share(between, one, language), PALE, INK))
        parts.append(Segment(word("call.lost", language), one.lost, _share(one.lost, one, language), ACCENT))
        rows.append((known[one.name], parts))
    return stacked(word("section.structures", language), rows)


def _share(part: int, one: ScopeFigures, language: PaperLanguage) -> str:
    return percent(part / one.contacts * 100, language)


def _heat(report: Report, language: PaperLanguage, which: str) -> str:
    """Contacts by weekday and half hour in greys, or the share answered in time, the deeper the less."""
    cells = report.heat.get(report.all.name, {})
    halves = sorted({half for _, half in cells})
    if not cells:
        return ""
    most = max(cell.contacts for cell in cells.values())
    span = range(halves[0], halves[-1] + 1)
    rows = []
    for weekday in sorted({weekday for weekday, _ in cells}):
        mine = [cells.get((weekday, half), _NO_CALL) for half in span]
        depths = [_depth(cell, which, most) for cell in mine]
        texts = [_in_cell(cell, which, language) for cell in mine]
        total = _in_cell(_sum(mine), which, language)
        rows.append(HeatRow(capitalised(weekday_text(weekday, language), language), depths, texts, total))
    heads = [half_hour_text(half) for half in span]
    title = limited(f"heat.{which}", language, report.limits)
    return heat_map(title, heads, rows, INK if which == "contacts" else ACCENT)


def _depth(cell: HeatCell, which: str, most: int) -> float | None:
    if which == "contacts":
        return cell.contacts / most * 0.7 or None
    return None if cell.contacts < FEWEST_JUDGED else 1 - cell.in_time / cell.contacts


def _in_cell(cell: HeatCell, which: str, language: PaperLanguage) -> str:
    if not cell.contacts:
        return ""
    if which == "contacts":
        return number(cell.contacts, language)
    return number(cell.in_time / cell.contacts * 100, language) if cell.contacts >= FEWEST_JUDGED else "–"


def _sum(cells: Iterable[HeatCell]) -> HeatCell:
    return HeatCell(*map(sum, zip(_NO_CALL, *cells, strict=True)))


def _half_hours(report: Report, language: PaperLanguage) -> str:
    cells = report.heat.get(report.all.name, {})
    halves = sorted({half for _, half in cells})
    items = []
    for half in range(halves[0], halves[-1] + 1) if halves else ():
        whole = _sum(cell for (_, other), cell in cells.items() if other == half)
        in_time = whole.in_time / whole.contacts * 100 if whole.contacts >= FEWEST_JUDGED else None
        items.append(
            Column(
                half_hour_text(half), whole.contacts, number(whole.contacts, language), whole.lost, in_time
            )
        )
    line, kpi = limited("column.within_percent", language, report.limits), report.all.kpis["accepted_within"]
    if kpi.target is not None:
        line = word("heat.target", language, what=line, target=target_text(kpi, language))
    names = word("call.received", language), word("call.lost", language), line
    title = word("section.heat", language)
    return columns(title, items, names, height=190, target=kpi.target) if items else ""


def _bins(histogram: Mapping[int, int], size: int, number_of: int) -> list[int]:
    found = [0] * (number_of + 1)
    for value, times in histogram.items():
        found[min(max(value - 1, 0) // size, number_of)] += times
    return found


def _binned(found: Sequence[int], size: int, limit: float, language: PaperLanguage) -> list[Column]:
    """Columns of bins, those beyond the limit marked; the last one holds the rest, and says how many."""
    last = len(found) - 1
    return [
        Column(f"{number(place * size, language)}{'+' if place == last else ''}", times,
               number(times, language) if place == last and times else "",
               times if place * size >= limit else 0)
        for place, times in enumerate(found)
    ]  # fmt: skip


def _waits(
    report: Report, language: PaperLanguage, waits: Mapping[int, int], name: KpiName, limit: float
) -> str:
    """By the wait, those beyond the limit of the KPI marked; where the answered are, their mean wait, too."""
    items = _binned(_bins(waits, _WAIT_BIN, _WAIT_BINS), _WAIT_BIN, limit, language)
    what, value = limited(f"kpi_short.{name}", language, report.limits), report.all.kpis[name].value or 0
    text = word("text.of_received", language, what=what, value=kpi_value(name, value, language))
    markers = [Marker(limit / _WAIT_BIN, text)]
    mean = report.all.mean_wait_seconds
    if waits is report.all.waits and mean is not None:
        shown = f"{word('column.mean_wait', language).partition(',')[0]}: {seconds(mean, language)}"
        markers.append(Marker(min(mean / _WAIT_BIN, _WAIT_BINS), shown))
    return histogram(word("column.wait", language), items, markers)


def _funnel(report: Report, language: PaperLanguage) -> str:
    one = report.all
    owed = one.lost - one.lost_slices["too_short"]
    possible = owed - one.lost_slices["impossible"]
    treated = possible - one.lost_slices["not_called_back"]
    talked = one.lost_slices["called_again"] + one.reached
    values = {"lost": one.lost, "owed": owed, "possible": possible, "treated": treated, "talked": talked}
    items = [
        Bar(
            limited(f"funnel.{name}", language, report.limits),
            value,
            f"{number(value, language)} · {percent(value / one.lost * 100, language)}",
        )
        for name, value in values.items()
    ]
    return bars(word("section.callbacks", language), items)


def _callback_times(one: ScopeFigures, language: PaperLanguage) -> str:
    """In bins so wide that all but a few of the longest times have one of their own."""
    times, most = one.callback_service, percentile(one.callback_service, 95) or 0
    size = next((size for size in _MINUTES_BINS if most < size * _BINS_OF_MINUTES), _MINUTES_BINS[-1])
    items = _binned(_bins(times, size, _BINS_OF_MINUTES), size, inf, language)
    markers = []
    for part, key in ((50, "median"), (95, "p95")):
        found = percentile(times, part) or 0
        text = f"{word(f'column.{key}', language)}: {minutes(found, language)}"
        markers.append(Marker(min(found / size, _BINS_OF_MINUTES + 0.9), text))
    return histogram(word("definition.callback_time", language), items, markers)
