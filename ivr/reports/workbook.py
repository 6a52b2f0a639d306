"""A report as a spreadsheet: a sheet for each table, in the ministry's order, numbers as numbers.

Percentages are fractions and durations parts of a day, as spreadsheets have them, so both can be computed
with; texts are texts, whatever they look like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from ivr.base.masking import visible
from ivr.reports import further_tables, ministry_tables
from ivr.reports.extra import report_extra
from ivr.reports.quality import quality_figures, quality_lines
from ivr.reports.report import Report
from ivr.reports.sentences import sentences
from ivr.reports.tables import Cell, Figure, Line, Table, Unit, before, columns_of, kpi_figure, kpi_label
from ivr.reports.words import (
    KPI_ORDER,
    PaperLanguage,
    bare_percent,
    half_hour_text,
    moment_text,
    not_measured,
    period_text,
    weekday_text,
    word,
)

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_LONGEST_NAME: Final = 31
_LONGEST_TEXT: Final = 32_000
"""Characters of a sheet's name and of a cell, a little below the format's limit."""
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\']+")
_HEAD_ROW: Final = 2
"""Below the title and an empty row."""
_WIDEST: Final = 60
_RECORD_WIDTH: Final = 24
_MOMENTS: Final = {"default_date_format": "dd.mm.yyyy hh:mm", "remove_timezone": True}
"""They are local ones already."""
_FORMATS: Final[Mapping[Unit, str]] = {
    "count": "#,##0",
    "seconds": "[h]:mm:ss",
    "minutes": "[h]:mm:ss",
    "days": "0.0",
    "points": "+0.0;-0.0;0.0",
}
_PARTS: Final[Mapping[Unit, float]] = {"percent": 100, "seconds": 86_400, "minutes": 1_440}
"""What is to be divided by this; the rest stays as it is."""
_IN_SECONDS: Final = ("mean_wait", "mean_handle", "mean_talk")
"""Columns whose head has the unit and whose cells have not."""


class _Sheet(NamedTuple):
    title: str
    table: Table
    notes: Sequence[str] = ()


_Value = str | float | datetime


class _Records(NamedTuple):
    """Rows that are no figures of a table; `none` says what it means that there are none."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[_Value]]
    none: str


def workbook(report: Report, language: PaperLanguage) -> bytes:
    """The report as XLSX. Raises ExtraMissing."""
    with report_extra():
        from xlsxwriter import Workbook
    file = BytesIO()
    as_texts = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(file, {"in_memory": True, **as_texts, **_MOMENTS}) as book:
        period = period_text(report.period, language)
        title = _plain(word("report.title", language, period=period))
        book.set_properties({"title": title, "created": report.made_at.replace(tzinfo=None)})
        printer = _Printer(book, language)
        for sheet in _sheets(report, language):
            printer.add(sheet)
    return file.getvalue()


def _sheets(report: Report, language: PaperLanguage) -> Iterator[_Sheet | _Records]:
    zone = report.period.time_zone
    made = word("report.made", language, moment=moment_text(report.made_at, zone, language))
    about = [period_text(report.period, language), zone, made]
    if report.period.working_hours_only:
        about.append(word("report.working_hours", language))
    notes = [*sentences(report.misses, report, language), " · ".join(about)]
    yield _Sheet(word("section.targets", language), _targets(report, language), notes)
    for key, make in _MINISTRY.items():
        yield _Sheet(word(key, language), make(report, language))
    if report.by:
        yield _Sheet(word(f"period.{report.by}", language), ministry_tables.by_period(report, language))
        over_time = ministry_tables.kpis_by_period(report, language)
        yield _Sheet(word("text.kpis_by_period", language), over_time)
    yield _Sheet(word("section.heat", language), _half_hours(report, language))
    for key, make in _FURTHER.items():
        yield _Sheet(word(key, language), make(report, language))
    yield from _quality(report, language)
    columns = [word("column.indicator", language), word("section.definitions", language)]
    lines = [Line(name, [text]) for name, text in ministry_tables.definitions(report, language)]
    yield _Sheet(word("section.definitions", language), Table(columns, lines))


_MINISTRY: Final = {
    "section.answered_lost": ministry_tables.answered_and_lost,
    "section.slices": ministry_tables.slices,
    "text.slices_by_structure": ministry_tables.slices_by_structure,
    "section.topics": ministry_tables.topics,
    "section.structures": ministry_tables.structures,
    "text.prepared": ministry_tables.sheets,
    "text.carried": ministry_tables.sheets_carried,
    "text.queries": ministry_tables.queries_carried,
    "section.directions": ministry_tables.directions,
    "section.kpis": ministry_tables.kpi_table,
}
_FURTHER: Final = {
    "text.agents": further_tables.agents,
    "section.waits": further_tables.waits,
    "text.service_levels": further_tables.service_levels,
    "text.attempts": further_tables.attempts,
    "text.attempts_by_hour": further_tables.attempts_by_hour,
    "text.callback_times": further_tables.callback_times,
    "section.menu": further_tables.menu_nodes,
    "quality.balance": further_tables.balance,
    "quality.missed": further_tables.missed_calls,
    "quality.hidden": further_tables.hidden_numbers,
}


def _targets(report: Report, language: PaperLanguage) -> Table:
    """Each KPI, its target and last year's as numbers, met or missed as a word."""
    lines = []
    for name in KPI_ORDER:
        kpi = report.all.kpis[name]
        figure = kpi_figure(kpi)
        outcome = "unknown" if kpi.met is None else "met" if kpi.met else "missed"
        earlier = before(report, report.all.name, name)
        cells: list[Cell] = [
            figure,
            "–" if kpi.target is None else Figure(kpi.target, figure.unit),
            "–" if kpi.target is None else word(f"outcome.{outcome}", language),
            Figure(earlier[1], figure.unit) if earlier else word("text.not_known_last_year", language),
        ]
        lines.append(Line(kpi_label(report, name, language), cells))
    heads = [word(f"column.{name}", language) for name in ("indicator", "value", "target", "outcome")]
    return Table([*heads, str(report.period.first.year - 1)], lines)


def _half_hours(report: Report, language: PaperLanguage) -> Table:
    """Contacts by half hour and weekday."""
    cells = report.heat.get(report.all.name, {})
    days = sorted({weekday for weekday, _ in cells})
    halves = sorted({half for _, half in cells})
    counts = {where: cell.contacts for where, cell in cells.items()}

    def row(some: Sequence[int]) -> list[Cell]:
        each = [sum(counts.get((day, half), 0) for half in some) for day in days]
        return [Figure(value) for value in (*each, sum(each))]

    lines = [Line(half_hour_text(half), row([half])) for half in halves]
    total = word("report.total", language)
    heads = [word("column.hour", language), *(weekday_text(day, language) for day in days), total]
    return Table(heads, [*lines, Line(total, row(halves), is_total=True)], "" if cells else "no_contacts")


def _quality(report: Report, language: PaperLanguage) -> Iterator[_Sheet | _Records]:
    found, data, zone = quality_lines(report, language), report.data, ZoneInfo(report.period.time_zone)
    heads = columns_of(language, "indicator", "value")
    lines = [Line(label, [figure]) for label, figure in quality_figures(report, language)]
    yield _Sheet(word("section.quality", language), Table(heads, lines), [found.statement])
    gaps: list[Sequence[_Value]] = [
        (
            gap.server,
            gap.began_at.astimezone(zone),
            gap.ended_at.astimezone(zone),
            word("quality.not_rebuilt", language) if gap.rebuilt is None else gap.rebuilt,
        )
        for gap in data.gaps
    ]
    heads = columns_of(language, "server", "from", "until", "rebuilt")
    yield _Records(word("quality.gaps", language), heads, gaps, found.no_gaps)
    hours: list[Sequence[_Value]] = [
        (datetime.combine(day, time(hour)), *contacts) for day, hour, *contacts in data.suspicious_hours
    ]
    heads, none = (
        columns_of(language, "from", "received", "expected"),
        word("quality.no_suspicious", language),
    )
    yield _Records(word("quality.suspicious", language), heads, hours, none)


class _Printer:
    """Writes sheets into one workbook."""

    def __init__(self, book: Workbook, language: PaperLanguage) -> None:
        self._book = book
        self._language = language
        self._formats: dict[tuple[str, bool], Format] = {}
        self._title = book.add_format({"bold": True, "font_size": 14})
        self._head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self._note = book.add_format({"italic": True})

    def add(self, sheet: _Sheet | _Records) -> None:
        """One more sheet, after those that are there."""
        if isinstance(sheet, _Records):
            self._add_records(sheet)
        else:
            self._add_table(sheet)

    def _page(self, title: str, columns: Sequence[str]) -> Worksheet:
        """One with a title and a head, and nothing below it yet."""
        page = self._book.add_worksheet(_name(len(self._book.worksheets()) + 1, title))
        page.write_string(0, 0, _plain(title), self._title)
        for place, column in enumerate(columns):
            page.write_string(_HEAD_ROW, place, _plain(column), self._head)
        page.freeze_panes(_HEAD_ROW + 1, 1)
        page.repeat_rows(_HEAD_ROW)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        return page

    def _add_records(self, sheet: _Records) -> None:
        page = self._page(sheet.title, sheet.columns)
        page.set_column(0, len(sheet.columns) - 1, _RECORD_WIDTH)
        for row, values in enumerate(sheet.rows, _HEAD_ROW + 1):
            for place, value in enumerate(values):
                page.write(row, place, _plain(value) if isinstance(value, str) else value)
        if not sheet.rows:
            page.write_string(_HEAD_ROW + 2, 0, _plain(sheet.none), self._note)

    def _add_table(self, sheet: _Sheet) -> None:
        table, is_duration = self._durations(sheet.table)
        page = self._page(sheet.title, table.columns)
        self._set_widths(page, table)
        row, whys = _HEAD_ROW + 1, []
        if table.missing:
            whys.append(not_measured(self._language, table.missing))
        for line in () if table.missing else table.lines:
            self._text(page, row, 0, line.label, line.is_total)
            for place, cell in enumerate(line.cells, 1):
                if isinstance(cell, str):
                    self._text(page, row, place, cell, line.is_total)
                elif cell.value is None:
                    self._text(page, row, place, not_measured(self._language), line.is_total)
                    whys.append(not_measured(self._language, cell.missing))
                else:
                    known = cell._replace(unit="seconds") if place in is_duration else cell
                    self._number(page, row, place, known, line.is_total)
            row += 1
        for note in (*sheet.notes, *dict.fromkeys(whys)):
            row += 1
            page.write_string(row, 0, _plain(note), self._note)

    def _durations(self, table: Table) -> tuple[Table, set[int]]:
        """The columns whose head has seconds for unit, and the table without that unit there."""
        heads = {word(f"column.{name}", self._language) for name in _IN_SECONDS}
        found = {place for place, head in enumerate(table.columns) if head in heads}
        columns = [
            head.rpartition(", ")[0] if place in found else head for place, head in enumerate(table.columns)
        ]
        return replace(table, columns=columns), found

    def _text(self, page: Worksheet, row: int, place: int, text: str, is_total: bool) -> None:
        page.write_string(row, place, _plain(text), self._format("", is_total))

    def _number(self, page: Worksheet, row: int, place: int, cell: Figure, is_total: bool) -> None:
        """A provisional figure has a star behind it, and stays a number."""
        form = _percent_form(cell.value or 0) if cell.unit == "percent" else _FORMATS[cell.unit]
        form += '"*"' * cell.is_provisional
        value = (cell.value or 0) / _PARTS.get(cell.unit, 1)
        page.write_number(row, place, value, self._format(form, is_total))

    def _format(self, form: str, is_total: bool) -> Format:
        known = self._formats.get((form, is_total))
        if known is None:
            wanted: dict[str, Any] = {"num_format": form} if form else {"text_wrap": True, "valign": "top"}
            wanted |= {"bold": True, "top": 1} if is_total else {}
            known = self._formats[form, is_total] = self._book.add_format(wanted)
        return known

    def _set_widths(self, page: Worksheet, table: Table) -> None:
        labels = [line.label for line in table.lines]
        page.set_column(0, 0, _width([table.columns[0], *labels]))
        for place, head in enumerate(table.columns[1:], 1):
            texts = [cell for line in table.lines if isinstance(cell := line.cells[place - 1], str)]
            longest = max(head.split(), key=len, default="")
            page.set_column(place, place, _width([longest, not_measured(self._language), *texts]))


def _percent_form(value: float) -> str:
    """One digit after the point, or up to the first that is not 0, as everywhere in reports."""
    return f"0.{'0' * len(bare_percent(value, 'en').partition('.')[2])}%"


def _width(texts: Sequence[str]) -> int:
    return min(_WIDEST, max(map(len, texts)) + 2)


def _plain(text: str) -> str:
    """As a cell may hold it: visible, and with spaces for no-break ones."""
    return visible(text.replace("\N{NO-BREAK SPACE}", " "))[:_LONGEST_TEXT]


def _name(number: int, title: str) -> str:
    """A name no other sheet has, of characters that a sheet's name may have."""
    name = f"{number} {_plain(_FORBIDDEN.sub(' ', title))}"
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1].rstrip()}…"
