"""A report's tables as values: labels in one language, figures with their unit; any format may print them.

Each has its total, and a figure that is not measured says why instead of a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ivr.figures.kpis import AT_MOST, Kpi, KpiName
from ivr.figures.parts import ALL
from ivr.reports.report import Report
from ivr.reports.scope import ScopeFigures
from ivr.reports.words import (
    PaperLanguage,
    Reason,
    days,
    limited,
    minutes,
    not_measured,
    number,
    percent,
    seconds,
    short_title,
    word,
)

Unit = Literal["count", "percent", "seconds", "minutes", "days", "points"]


class Figure(NamedTuple):
    """A number of a unit, or None with the reason. `is_met`: of one that has a target."""

    value: float | None
    unit: Unit = "count"
    missing: Reason | Literal[""] = ""
    is_provisional: bool = False
    is_met: bool | None = None


Cell = Figure | str


class Line(NamedTuple):
    """`note`: a sentence below the label."""

    label: str
    cells: Sequence[Cell]
    note: str = ""
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`columns`: the head of the labels, then one for each cell. `missing`: why it has no lines."""

    columns: Sequence[str]
    lines: Sequence[Line]
    missing: Reason | Literal[""] = ""


def shown(cell: Cell, language: PaperLanguage) -> str:
    """A cell as text; the star of a provisional figure is the printer's."""
    if isinstance(cell, str):
        return cell
    if cell.value is None:
        return not_measured(language)
    match cell.unit:
        case "count":
            return number(cell.value, language)
        case "percent":
            return percent(cell.value, language)
        case "points":
            return (
                f"{'+' if round(cell.value, 1) > 0 else ''}{number(round(cell.value, 1) + 0.0, language, 1)}"
            )
        case "seconds":
            return seconds(cell.value, language)
        case "minutes":
            return minutes(cell.value, language)
        case "days":
            return days(cell.value, language)


def share(part: float, whole: float, missing: Reason) -> Figure:
    """`part` of `whole` in percent; of nothing it is not measured."""
    return Figure(part / whole * 100, "percent") if whole else Figure(None, "percent", missing)


def count(report: Report, scope: ScopeFigures, value: int) -> Figure:
    """A count of contacts; not measured if there are none at all and the records are not complete."""
    is_known = scope.contacts or scope.waiting or report.data.is_complete
    return Figure(value) if is_known else Figure(None, "count", "no_contacts")


def titles(report: Report, language: PaperLanguage) -> dict[str, str]:
    """The full title of each scope."""
    found = {ALL: word("report.all", language)}
    for name in (scope.name for scope in report.scopes if scope.name != ALL):
        found[name] = report.titles.get(name, {}).get(language) or name
    return found


def short_titles(report: Report, language: PaperLanguage) -> dict[str, str]:
    """What stands in the narrow columns of tables."""
    found = {ALL: word("report.all", language)}
    for name in (scope.name for scope in report.scopes if scope.name != ALL):
        found[name] = short_title(report.titles.get(name, {}), name, language)
    return found


def kpi_label(report: Report, name: KpiName, language: PaperLanguage, kind: str = "kpi") -> str:
    """Its name, or with `kpi_short` or `definition` those words."""
    return limited(f"{kind}.{name}", language, report.limits)


def kpi_figure(kpi: Kpi) -> Figure:
    """A KPI as a cell."""
    unit: Unit = "days" if kpi.name == "inquiry_answer_days" else "percent"
    return Figure(kpi.value, unit, kpi.missing, kpi.is_provisional, kpi.met)


def target_text(kpi: Kpi, language: PaperLanguage) -> str:
    """`≥ 80 %`; a dash if it has none."""
    if kpi.target is None:
        return "–"
    sign = "≤" if kpi.name in AT_MOST else "≥"
    value = number(kpi.target, language, None)
    return f"{sign} {days(kpi.target, language) if kpi.name == 'inquiry_answer_days' else f'{value} %'}"


def before(report: Report, scope: str, name: KpiName) -> tuple[int, float] | None:
    """The year and value of the KPI a year ago: as published, or else of our own records."""
    year = report.period.first.year - 1
    published = report.published.get(year, {}).get(scope, {}) if report.period.kind == "year" else {}
    if name in published:
        return year, published[name]
    known = report.last_year.get(scope)
    value = known.kpis[name].value if known else None
    return None if value is None else (year, value)


def columns_of(language: PaperLanguage, *names: str) -> list[str]:
    """The heads of columns."""
    return [word(f"column.{name}", language) for name in names]


def total_line(label: str, cells: Sequence[Cell]) -> Line:
    """The last line of a table."""
    return Line(label, cells, is_total=True)


def parts_of_whole(
    columns: Sequence[str], rows: Iterable[tuple[str, int, str]], total: str, none: Reason
) -> Table:
    """Label, count and note of each row with its share of them all, and their total; `none`: of nothing."""
    counted = list(rows)
    whole = sum(value for _, value, _ in counted)
    lines = [Line(label, [Figure(n), share(n, whole, none)], note) for label, n, note in counted]
    lines.append(total_line(total, [Figure(whole), share(whole, whole, none)]))
    return Table(columns, lines, "" if whole else none)


def structures_first(report: Report) -> list[ScopeFigures]:
    """The structures, then all of them if the report is of all."""
    return sorted(report.scopes, key=lambda one: one.name == ALL)


def handle(scope: ScopeFigures, measured: str, talk_alone: str) -> str:
    """The one key or the other: handle time is called talk where no wrap-up was measured."""
    return measured if scope.is_wrapup_measured else talk_alone


def key_figures(report: Report, language: PaperLanguage) -> list[tuple[str, str]]:
    """The figures that every reader asks for first: number and what it is."""
    one = report.all
    spoken = handle(one, "mean_handle", "mean_talk")
    figures = {
        "contacts": count(report, one, one.contacts),
        "answered": count(report, one, one.answered),
        "lost": count(report, one, one.lost),
        "mean_wait": Figure(one.mean_wait_seconds, "seconds", "no_answered"),
        spoken: Figure(one.mean_handle_seconds, "seconds", "no_answered"),
        "per_agent_day": Figure(one.answered_per_agent_day, "count", "no_agents"),
    }
    return [(shown(cell, language), word(f"key_figure.{name}", language)) for name, cell in figures.items()]
