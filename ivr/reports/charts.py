"""A report's charts: which figures each shows, in the words and numbers of one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ivr.figures.kpis import percentile
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
    Step,
    bars,
    columns,
    funnel,
    heat_map,
    histogram,
    stacked,
    trend,
)
from ivr.reports.tables import short_titles, structures_first, target_text
from ivr.reports.words import (
    KPI_ORDER,
    PaperLanguage,
    bare_percent,
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
_MINUTES_BIN: Final = 10
_MINUTES_BINS: Final = 24
_MOST_COLUMNS: Final = 31


def drawn(report: Report, language: PaperLanguage) -> dict[str, str]:
    """Each chart as SVG by its name; one that would show nothing is empty."""
    one = report.all
    has_rows = 1 < len(report.rows) <= _MOST_COLUMNS
    called_back = one.callback_service
    return {
        "by_period": _by_period(report, language) if has_rows else "",
        "slices": _slices(report, language) if one.lost else "",
        "structures": _structures(report, language) if one.contacts else "",
        "heat_contacts": _heat(report, language, "contacts"),
        "heat_in_time": _heat(report, language, "in_time"),
        "half_hours": _half_hours(report, language),
        "waits": _waits(report, language) if one.waits else "",
        "lost_waits": _lost_waits(report, language) if one.lost_waits else "",
        "funnel": _funnel(report, language) if one.lost else "",
        "callback_times": _callback_times(one, language) if called_back else "",
    }


def trends(report: Report, language: PaperLanguage) -> list[str]:
    """Up to two of the KPIs that missed their targets, from row to row, with the target."""
    found: list[str] = []
    for name in KPI_ORDER:
        whole = report.all.kpis[name]
        known = [(row.label, one) for row in report.rows if (one := row.figures.kpis[name]).value is not None]
        if whole.met is False and whole.target is not None and 1 < len(known) <= _MOST_COLUMNS:
            points = [
                Bar(
                    _brief(label, language),
                    one.value or 0,
                    bare_percent(one.value or 0, language),
                    not one.met,
                )
                for label, one in known
            ]
            title = limited(f"kpi_short.{name}", language, report.limits)
            text = target_text(whole, language)
            found.append(trend(f"{title}, %", points, whole.target, text))
    return found[:2]


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
    weekdays = sorted({weekday for weekday, _ in cells})
    span = range(halves[0], halves[-1] + 1)
    rows = []
    for weekday in weekdays:
        mine = [cells.get((weekday, half)) for half in span]
        depths = [_depth(cell, which, most) for cell in mine]
        texts = [_in_cell(cell, which, language) for cell in mine]
        total = _in_cell(_sum(cell for cell in mine if cell), which, language)
        rows.append(HeatRow(capitalised(weekday_text(weekday, language), language), depths, texts, total))
    sums = [_sum(cells[weekday, half] for weekday in weekdays if (weekday, half) in cells) for half in span]
    whole = _in_cell(_sum(cells.values()), which, language)
    last = HeatRow(
        word("report.total", language), (), [_in_cell(one, which, language) for one in sums], whole
    )
    heads = [half_hour_text(half) for half in span]
    title = limited(f"heat.{which}", language, report.limits)
    return heat_map(title, heads, rows, last, INK if which == "contacts" else ACCENT)


def _depth(cell: HeatCell | None, which: str, most: int) -> float | None:
    if cell is None or not cell.contacts:
        return None
    return cell.contacts / most * 0.7 if which == "contacts" else 1 - cell.in_time / cell.contacts


def _in_cell(cell: HeatCell | None, which: str, language: PaperLanguage) -> str:
    if cell is None or not cell.contacts:
        return ""
    return number(cell.contacts if which == "contacts" else cell.in_time / cell.contacts * 100, language)


def _sum(cells: Iterable[HeatCell]) -> HeatCell:
    return HeatCell(*map(sum, zip(HeatCell(0, 0, 0, 0), *cells, strict=True)))


def _half_hours(report: Report, language: PaperLanguage) -> str:
    cells = report.heat.get(report.all.name, {})
    halves = sorted({half for _, half in cells})
    items = []
    for half in range(halves[0], halves[-1] + 1) if halves else ():
        whole = _sum(cell for (_, other), cell in cells.items() if other == half)
        in_time = whole.in_time / whole.contacts * 100 if whole.contacts else None
        items.append(
            Column(
                half_hour_text(half), whole.contacts, number(whole.contacts, language), whole.lost, in_time
            )
        )
    names = (
        word("call.received", language),
        word("call.lost", language),
        limited("column.within_percent", language, report.limits),
    )
    return columns(word("section.heat", language), items, names, height=190) if items else ""


def _bins(histogram: Mapping[int, int], size: int, number_of: int) -> list[int]:
    found = [0] * (number_of + 1)
    for value, times in histogram.items():
        found[min(max(value - 1, 0) // size, number_of)] += times
    return found


def _binned(found: Sequence[int], size: int, limit: float, language: PaperLanguage) -> list[Column]:
    """Columns of bins, those beyond the limit marked; the last one holds the rest."""
    last = len(found) - 1
    return [
        Column(f"{number(place * size, language)}{'+' if place == last else ''}", times, "",
               times if place * size >= limit else 0)
        for place, times in enumerate(found)
    ]  # fmt: skip


def _waits(report: Report, language: PaperLanguage) -> str:
    kpi = report.all.kpis["accepted_within"]
    limit = report.limits.in_time
    text = limited("kpi_short.accepted_within", language, report.limits)
    value = kpi_value(kpi.name, kpi.value or 0, language)
    items = _binned(_bins(report.all.waits, _WAIT_BIN, _WAIT_BINS), _WAIT_BIN, limit, language)
    markers = [Marker(limit / _WAIT_BIN, f"{text}: {value}")]
    mean = report.all.mean_wait_seconds
    if mean is not None:
        shown = f"{word('column.mean_wait', language).partition(',')[0]}: {seconds(mean, language)}"
        markers.append(Marker(min(mean / _WAIT_BIN, _WAIT_BINS), shown))
    return histogram(word("section.waits", language), items, markers)


def _lost_waits(report: Report, language: PaperLanguage) -> str:
    limit = report.limits.short_wait
    items = _binned(_bins(report.all.lost_waits, _WAIT_BIN, _WAIT_BINS), _WAIT_BIN, limit, language)
    kpi = report.all.kpis["lost_after"]
    text = limited("kpi_short.lost_after", language, report.limits)
    value = kpi_value(kpi.name, kpi.value or 0, language)
    return histogram(word("call.lost", language), items, [Marker(limit / _WAIT_BIN, f"{text}: {value}")])


def _funnel(report: Report, language: PaperLanguage) -> str:
    one = report.all
    owed = one.lost - one.lost_slices["too_short"]
    possible = owed - one.lost_slices["impossible"]
    treated = possible - one.lost_slices["not_called_back"]
    talked = one.lost_slices["called_again"] + one.reached
    values = {"lost": one.lost, "owed": owed, "possible": possible, "treated": treated, "talked": talked}
    steps = [
        Step(limited(f"funnel.{name}", language, report.limits), value, number(value, language),
             percent(value / one.lost * 100, language))
        for name, value in values.items()
    ]  # fmt: skip
    return funnel(word("section.callbacks", language), steps)


def _callback_times(one: ScopeFigures, language: PaperLanguage) -> str:
    items = _binned(_bins(one.callback_service, _MINUTES_BIN, _MINUTES_BINS), _MINUTES_BIN, 1e9, language)
    markers = []
    for part, key in ((50, "median"), (95, "p95")):
        found = percentile(one.callback_service, part)
        if found is not None:
            text = f"{word(f'column.{key}', language)}: {minutes(found, language)}"
            markers.append(Marker(min(found / _MINUTES_BIN, _MINUTES_BINS + 0.9), text))
    return histogram(word("definition.callback_time", language), items, markers)
