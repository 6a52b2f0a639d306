"""The KPIs on a terminal: all and each structure, target, the year before, met or missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ivr.figures.kpis import IN_DAYS, KpiName
from ivr.reports.report import Report
from ivr.reports.spans import GAP, WIDTH, Column, Span, Spans, head_of, table
from ivr.reports.tables import Figure, before, kpi_figure, kpi_label, short_titles, shown, target_text
from ivr.reports.words import KPI_ORDER, PaperLanguage, not_measured, number, word


def is_provisional(report: Report) -> bool:
    """Whether every figure is."""
    known = [kpi for kpi in report.all.kpis.values() if kpi.value is not None]
    return bool(known) and all(kpi.is_provisional for kpi in known)


def kpi_lines(report: Report, language: PaperLanguage) -> Iterator[Spans]:
    """A line for each KPI, with as many structures as fit, then what its marks mean."""
    names = KPI_ORDER
    known = short_titles(report, language)
    label = word("column.indicator", language)
    left = [
        Column([label], [Span(kpi_label(report, name, language, "kpi_short")) for name in names], True),
        Column(head_of(known[report.all.name]), _values(report, 0, names, language)),
    ]
    right = [*_beside(report, names, language), _outcomes(report, names, language)]
    rest = [
        Column(head_of(known[one.name]), _values(report, place, names, language))
        for place, one in enumerate(report.scopes)
        if place and len(report.scopes) > 2
    ]
    free = WIDTH - sum(column.width + len(GAP) for column in (*left, *right))
    middle: list[Column] = []
    for column in rest:
        free -= column.width + len(GAP)
        if free < 0:
            break
        middle.append(column)
    missing = {
        row: not_measured(language, report.all.kpis[name].missing)
        for row, name in enumerate(names)
        if report.all.kpis[name].value is None
    }
    columns = [*left, *middle, *right]
    yield from table(columns, missing)
    shown_cells = [
        cell.text
        for column in columns[1 : len(left) + len(middle)]
        for row, cell in enumerate(column.cells)
        if row not in missing
    ]
    notes = [word("short.dash", language)] * ("–" in shown_cells)
    notes += [word("short.star", language)] * any("*" in one for one in shown_cells)
    if left_out := len(rest) - len(middle):
        notes.append(word("short.more", language, number=number(left_out, language)))
    if notes:
        yield [Span(" · ".join(notes), "dim")]


def _values(report: Report, place: int, names: Sequence[KpiName], language: PaperLanguage) -> list[Span]:
    """The KPIs of one scope; a dash where one is not measured."""
    is_marked = not is_provisional(report)
    found = []
    for name in names:
        kpi = report.scopes[place].kpis[name]
        star = "*" * (kpi.is_provisional and is_marked)
        value = "–" if kpi.value is None else f"{shown(kpi_figure(kpi), language)}{star}"
        found.append(Span(value, "" if place else "bold"))
    return found


def _beside(report: Report, names: Sequence[KpiName], language: PaperLanguage) -> Iterator[Column]:
    """Targets, and the year before if anything is known of it."""
    kpis = report.all.kpis
    targets = [Span(target_text(kpis[name], language), "dim") for name in names]
    yield Column([word("column.target", language)], targets)
    earlier = {name: before(report, report.all.name, name) for name in names}
    if years := {found[0] for found in earlier.values() if found}:
        values = [_earlier(name, earlier[name], language) for name in names]
        yield Column([str(*years)], [Span(value, "dim") for value in values])


def _earlier(name: KpiName, found: tuple[int, float] | None, language: PaperLanguage) -> str:
    if found is None:
        return ""
    return shown(Figure(found[1], "days" if name in IN_DAYS else "percent"), language)


def _outcomes(report: Report, names: Sequence[KpiName], language: PaperLanguage) -> Column:
    cells = []
    for name in names:
        match report.all.kpis[name].met:
            case None:
                cells.append(Span(""))
            case True:
                cells.append(Span(word("short.met", language), "good"))
            case False:
                cells.append(Span(word("short.missed", language), "bad"))
    return Column([word("column.outcome", language)], cells, True)
