"""The tables of the ministry's own report, in its order: answered and lost to the KPIs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from ivr.figures.inquiries import QUERIES, KindSums
from ivr.figures.parts import ALL
from ivr.reports.report import Report
from ivr.reports.scope import SLICES, ScopeFigures
from ivr.reports.tables import (
    Cell,
    Figure,
    Line,
    Table,
    Unit,
    columns_of,
    count,
    handle,
    kpi_figure,
    kpi_label,
    parts_of_whole,
    share,
    short_titles,
    structures_first,
    target_text,
    titles,
    total_line,
)
from ivr.reports.words import (
    KPI_ORDER,
    PaperLanguage,
    Reason,
    capitalised,
    limited,
    lower,
    row_label,
    seconds,
    word,
    word_or_name,
)


def answered_and_lost(report: Report, language: PaperLanguage) -> Table:
    """Every class of contact; their sum is the number received."""
    scope = report.all
    parts = {
        "answered": scope.answered,
        "ordered": scope.ordered,
        "excluded": scope.excluded,
        "lost": scope.lost,
    }
    lines = [
        Line(word(f"call.{name}", language), _with_share(report, scope, value))
        for name, value in parts.items()
        if value or name in ("answered", "lost")
    ]
    lines.append(total_line(word("call.received", language), _with_share(report, scope, scope.contacts)))
    beside = {"waiting": scope.waiting, "requests_in_menu": report.requests_in_menu}
    lines += [
        Line(word(f"call.{name}", language), [Figure(value), ""]) for name, value in beside.items() if value
    ]
    return Table(columns_of(language, "indicator", "calls", "percent"), lines)


def _with_share(report: Report, scope: ScopeFigures, value: int) -> list[Cell]:
    return [count(report, scope, value), share(value, scope.contacts, "no_contacts")]


def by_period(report: Report, language: PaperLanguage) -> Table:
    """Contacts by the report's rows."""
    whole = (*((row_label(row.label, language), row.figures) for row in report.rows),)
    lines = [Line(label, _of_period(one)) for label, one in whole]
    lines.append(total_line(word("report.total", language), _of_period(report.all)))
    columns = columns_of(language, report.by or "day", "received", "answered", "lost", "answered_percent")
    columns.append(limited("column.within_percent", language, report.limits))
    return Table([*columns, word("column.mean_wait", language)], lines)


def _of_period(one: ScopeFigures) -> list[Cell]:
    return [
        Figure(one.contacts),
        Figure(one.answered),
        Figure(one.lost),
        kpi_figure(one.kpis["accepted_overall"]),
        kpi_figure(one.kpis["accepted_within"]),
        Figure(one.mean_wait_seconds, "seconds", "no_answered"),
    ]


def slices(report: Report, language: PaperLanguage) -> Table:
    """What became of the lost, in the ministry's order."""
    scope = report.all
    rows = (
        (
            limited(f"slice.{name}", language, report.limits),
            value,
            limited(f"definition.{name}", language, report.limits) + _mean_wait(name, scope, language),
        )
        for name, value in scope.lost_slices.items()
    )
    columns = columns_of(language, "indicator", "calls", "percent")
    none: Reason = "no_lost" if scope.contacts else "no_contacts"
    return parts_of_whole(columns, rows, word("call.lost", language), none)


def _mean_wait(name: str, scope: ScopeFigures, language: PaperLanguage) -> str:
    """Of those who did not wait long enough for a callback."""
    if name != "too_short" or scope.mean_too_short_seconds is None:
        return ""
    return f" {word('text.mean_wait', language, mean=seconds(scope.mean_too_short_seconds, language))}"


def slices_by_structure(report: Report, language: PaperLanguage) -> Table:
    """Each structure's slices."""
    known = short_titles(report, language)
    columns = [limited(f"slice_short.{name}", language, report.limits) for name in SLICES]
    lines = [
        Line(
            known[scope.name],
            [*map(Figure, scope.lost_slices.values()), Figure(scope.lost)],
            is_total=scope.name == ALL,
        )
        for scope in structures_first(report)
    ]
    return Table(
        [*columns_of(language, "structure"), *columns, word("report.total", language)],
        lines,
        "" if report.all.contacts else "no_contacts",
    )


def topics(report: Report, language: PaperLanguage) -> Table:
    """Topics in the configuration's order; several may belong to one call."""
    counts = report.all.topics
    order = [*report.topic_titles, *sorted(set(counts) - set(report.topic_titles))]
    known = {name: title.get(language) or name for name, title in report.topic_titles.items()}
    rows = ((known.get(name, name), counts.get(name, 0), "") for name in order)
    columns = columns_of(language, "topic", "marks", "percent")
    return parts_of_whole(columns, rows, word("report.total", language), "no_topics")


def structures(report: Report, language: PaperLanguage) -> Table:
    """Each structure's calls and times."""
    known, short = titles(report, language), short_titles(report, language)
    columns = columns_of(
        language, "structure", "received", "answered", "lost", "answered_percent", "lost_percent"
    )
    columns.append(limited("column.within_percent", language, report.limits))
    columns += columns_of(
        language, "mean_wait", handle(report.all, "mean_handle", "mean_talk"), "per_agent_day"
    )
    lines = []
    for one in structures_first(report):
        cells: list[Cell] = [
            count(report, one, one.contacts),
            count(report, one, one.answered),
            count(report, one, one.lost),
            kpi_figure(one.kpis["accepted_overall"]),
            share(one.lost, one.contacts, "no_contacts"),
            kpi_figure(one.kpis["accepted_within"]),
            Figure(one.mean_wait_seconds, "count", "no_answered"),
            Figure(one.mean_handle_seconds, "count", "no_answered"),
            Figure(one.answered_per_agent_day, "count", "no_agents"),
        ]
        lines.append(Line(short[one.name], cells, _full(one.name, short, known), one.name == ALL))
    return Table(columns, lines)


def _full(name: str, short: Mapping[str, str], known: Mapping[str, str]) -> str:
    """The full title where the label is an abbreviation."""
    return known[name] if known[name] != short[name] else ""


def sheets(report: Report, language: PaperLanguage) -> Table:
    """Inquiry sheets prepared, by kind and structure."""
    lines = [_sheets_of_kind(report, kind, "prepared", language) for kind in _kinds(report.all)]
    total = [Figure(one.inquiries.total.prepared) for one in structures_first(report)]
    return _by_structure(report, [*lines, total_line(word("report.total", language), total)], language)


def _sheets_of_kind(report: Report, kind: str, name: str, language: PaperLanguage) -> Line:
    scopes = structures_first(report)
    cells = [Figure(getattr(one.inquiries.kinds.get(kind, KindSums()), name)) for one in scopes]
    return Line(word_or_name(f"sheet.{kind}", language), cells)


def _by_structure(report: Report, lines: Sequence[Line], language: PaperLanguage) -> Table:
    known = short_titles(report, language)
    columns = [*columns_of(language, "sheets"), *(known[one.name] for one in structures_first(report))]
    return Table(columns, lines, _no_sheets(report))


def _kinds(scope: ScopeFigures) -> list[str]:
    order = ["complex_question", "e_service_error", "complaint_about_third_party",
             "complaint_about_body_or_staff", "reception_booking", "proposal"]  # fmt: skip
    return [*order, *sorted(set(scope.inquiries.kinds) - set(order))]


def _no_sheets(report: Report) -> Reason | Literal[""]:
    return "" if report.all.inquiries.is_fed else "no_inquiries"


def sheets_carried(report: Report, language: PaperLanguage) -> Table:
    """Inquiry sheets of each kind with those carried in and out."""
    names = ("carried_in", "prepared", "answered_by_centre", "sent_on", "carried_out")
    kinds = report.all.inquiries.kinds
    rows = [
        (word_or_name(f"sheet.{kind}", language), kinds.get(kind, KindSums())) for kind in _kinds(report.all)
    ]
    lines = [Line(label, [Figure(getattr(sums, name)) for name in names]) for label, sums in rows]
    total = report.all.inquiries.total
    lines.append(total_line(word("report.total", language), [Figure(getattr(total, name)) for name in names]))
    return Table(columns_of(language, "sheets", *names), lines, _no_sheets(report))


def queries_carried(report: Report, language: PaperLanguage) -> Table:
    """By structure: the sheets that the centre answers itself, carried in and out; and those it sent on."""
    lines = []
    for kind in (kind for kind in _kinds(report.all) if kind in QUERIES):
        for name in ("carried_in", "prepared", "answered_by_centre", "carried_out"):
            line = _sheets_of_kind(report, kind, name, language)
            what = lower(word(f"column.{name}", language), language)
            lines.append(line._replace(label=f"{line.label}: {what}"))
    sent_on = [Figure(one.inquiries.total.sent_on) for one in structures_first(report)]
    return _by_structure(report, [*lines, Line(word("column.sent_on", language), sent_on)], language)


def directions(report: Report, language: PaperLanguage) -> Table:
    """How contacts were dealt with; without inquiry sheets nothing of it is known."""
    rows = ((word(f"direction.{name}", language), n, "") for name, n in report.all.directions.items())
    columns = columns_of(language, "indicator", "calls_and_sheets", "percent")
    if not report.all.inquiries.is_fed:
        return Table(columns, (), "no_inquiries")
    return parts_of_whole(columns, rows, word("report.total", language), "no_contacts")


def kpi_table(report: Report, language: PaperLanguage) -> Table:
    """Every KPI of each structure and of all, beside its target and earlier years as published."""
    scopes = structures_first(report)
    known = short_titles(report, language) | {ALL: word("report.overall", language)}
    years = earlier_years(report)
    lines = []
    for name in KPI_ORDER:
        kpi = report.all.kpis[name]
        unit: Unit = "days" if name == "inquiry_answer_days" else "percent"
        earlier = [report.published[year].get(report.all.name, {}).get(name) for year in years]
        cells: list[Cell] = [target_text(kpi, language), *(kpi_figure(one.kpis[name]) for one in scopes)]
        cells += ["–" if value is None else Figure(value, unit) for value in earlier]
        note = kpi_label(report, name, language, "definition")
        lines.append(Line(kpi_label(report, name, language), cells, note))
    columns = [*columns_of(language, "indicator", "target"), *(known[one.name] for one in scopes)]
    return Table([*columns, *map(str, years)], lines)


def earlier_years(report: Report) -> list[int]:
    """The years before that were published, the latest first, at most three."""
    return sorted((year for year in report.published if year < report.period.first.year), reverse=True)[:3]


def kpis_by_period(report: Report, language: PaperLanguage) -> Table:
    """The targets, then every KPI by the report's rows; their total is the report's figure."""
    names = [
        name for name in KPI_ORDER if any(row.figures.kpis[name].value is not None for row in report.rows)
    ]
    targets = [target_text(report.all.kpis[name], language) for name in names]
    lines = [Line(word("column.target", language), targets)]
    lines += [
        Line(row_label(row.label, language), [kpi_figure(row.figures.kpis[name]) for name in names])
        for row in report.rows
    ]
    total = [kpi_figure(report.all.kpis[name]) for name in names]
    lines.append(total_line(word("report.whole_period", language), total))
    heads = [kpi_label(report, name, language, "kpi_short") for name in names]
    return Table([word(f"column.{report.by or 'day'}", language), *heads], lines)


def definitions(report: Report, language: PaperLanguage) -> list[tuple[str, str]]:
    """What each figure is: its name and a sentence."""
    terms = {
        "contact": "call.received",
        "lost": "call.lost",
        "wait": "column.wait",
        **{name: f"kpi.{name}" for name in KPI_ORDER},
        **{name: f"slice.{name}" for name in SLICES},
        "handle": "key_figure.mean_handle",
        "per_agent_day": "column.per_agent_day",
        "topics": "section.topics",
        "directions": "section.directions",
        "callback_time": "text.callback_times",
        "provisional": "mark.provisional_word",
    }

    def said(key: str) -> str:
        return capitalised(limited(key, language, report.limits), language)

    return [(said(term), said(f"definition.{name}")) for name, term in terms.items()]
