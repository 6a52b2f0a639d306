"""The report as a spreadsheet, read back by another library."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.workbook import Workbook

from ivr.figures.misses import Miss
from ivr.reports.report import Report
from ivr.reports.sentences import sentences
from ivr.reports.words import PaperLanguage, word
from ivr.reports.workbook import workbook
from tests.reports.made import empty_report, made_report

FIRST_ROW = 4
HOSTILE = ('=HYPERLINK("http://x")', "+1", "@SUM(1)", "https://example.org", "Ə" * 300, "a\x07\u202eb\nc")


def read(report: Report, language: PaperLanguage = "en") -> Workbook:
    return load_workbook(BytesIO(workbook(report, language)))


@cache
def year(language: PaperLanguage = "en") -> Workbook:
    return read(made_report(), language)


def sheet(book: Workbook, title: str) -> Any:
    (found,) = (one for one in book if one["A1"].value == title)
    return found


def cells(book: Workbook, title: str, label: str) -> list[Any]:
    """The cells beside that label."""
    (found,) = (row for row in sheet(book, title).iter_rows(min_row=FIRST_ROW) if row[0].value == label)
    return list(found[1:])


@pytest.mark.parametrize(
    ("title", "label", "column", "value", "form"),
    [
        ("Performance against targets", "Accepted within 30 seconds", 0, 0.5297405, "0.0%"),
        ("Performance against targets", "Accepted within 30 seconds", 1, 0.8, "0.0%"),
        ("Performance against targets", "Mean days to answer an inquiry", 1, 7, "0.0"),
        ("Answered and lost calls", "Calls received", 0, 561994, "#,##0"),
        ("Answered and lost calls", "Lost calls", 0, 48571, "#,##0"),
        ("What became of the lost calls", "Called back by the centre", 0, 11541, "#,##0"),
        ("What became of the lost calls", "Called back by the centre", 1, 0.2376109, "0.0%"),
        ("Topics of the calls", "Help with services", 0, 236196, "#,##0"),
        ("Calls by structure", "DVX", 0, 425892, "#,##0"),
        ("Calls by structure", "ƏMDX", 2, 8956, "#,##0"),
        ("Calls by structure", "All", 6, timedelta(seconds=66.211), "[h]:mm:ss"),
        ("Key performance indicators", "Inquiry share", 3, 2 / 84830, "0.000%"),
        ("How the calls were dealt with", "Lost without any contact", 0, 17964, "#,##0"),
        ("By month", "May", 0, 38928, "#,##0"),
        ("Time to callback", "All", 2, timedelta(minutes=292), "[h]:mm:ss"),
    ],
)  # fmt: skip
def test_a_figure_is_a_number_beside_its_label(
    title: str, label: str, column: int, value: Any, form: str
) -> None:
    found = cells(year(), title, label)[column]
    assert found.number_format == form
    assert found.value == value if isinstance(value, timedelta) else found.value == pytest.approx(value)


@pytest.mark.parametrize("language", ["az", "en"])
def test_no_number_share_duration_or_moment_is_text(language: PaperLanguage) -> None:
    """But for targets beside their sign, and what words say."""
    a_number = re.compile(r"[-+]?[\d .,:–]*\d( ?%| \w+)?")
    texts = [
        (one.title, cell.value)
        for one in year(language)
        for row in one.iter_rows(min_row=FIRST_ROW, min_col=2)
        for cell in row
        if isinstance(cell.value, str) and a_number.fullmatch(cell.value)
    ]
    assert texts == []


def test_data_quality_can_be_computed_with() -> None:
    found = cells(year(), "Data quality", "Calls rebuilt from queue_log alone")[0]
    assert (found.number_format, found.value) == ("0.0%", pytest.approx(0.013))
    (minutes,) = cells(year(), "Data quality", "Minutes of the service hours whose state is unknown")
    assert minutes.value == 214
    _, began, ended, rebuilt = (cell.value for cell in sheet(year(), word("quality.gaps", "en"))[FIRST_ROW])
    assert (began, ended - began) == (datetime(2024, 3, 11, 11, 12), timedelta(minutes=110))
    assert rebuilt == 1204
    hours = sheet(year(), word("quality.suspicious", "en"))
    assert [cell.value for cell in hours[FIRST_ROW]] == [datetime(2024, 9, 2, 14), 19, 288]


@pytest.mark.parametrize(
    ("title", "total", "columns"),
    [
        ("What became of the lost calls", "Lost calls", (0, 1)),
        ("Lost calls by structure", "All", range(6)),
        ("Topics of the calls", "Total", (0, 1)),
        ("Calls by structure", "All", range(3)),
        ("Sheets prepared, by structure", "Total", range(5)),
        ("How the calls were dealt with", "Total", (0, 1)),
        ("By month", "Total", range(3)),
        ("Load by weekday and half hour", "Total", range(6)),
        ("Waiting time", "Total", (0, 2)),
        ("Attempts to call back, by hour", "Total", range(8)),
        ("Balance of the lost calls", "Total", (0, 1)),
    ],
)
def test_the_total_of_a_table_is_the_sum_of_its_lines(title: str, total: str, columns: Any) -> None:
    lines = [row for row in sheet(year(), title).iter_rows(min_row=FIRST_ROW) if row[1].value is not None]
    assert lines[-1][0].value == total
    for column in columns:
        above = sum(row[column + 1].value for row in lines[:-1])
        assert lines[-1][column + 1].value == pytest.approx(above), column


def test_sheets_are_in_the_ministrys_order_with_names_a_spreadsheet_takes() -> None:
    names = year().sheetnames
    assert [name.partition(" ")[2] for name in names[1:3]] == [
        "Answered and lost calls", "What became of the lost calls",
    ]  # fmt: skip
    assert names[-1].endswith("Definitions")
    for name in (*names, *year("az").sheetnames):
        assert len(name) <= 31
        assert not set(name) & set("[]:*?/\\'")


def test_the_head_of_every_sheet_stays_while_it_is_scrolled() -> None:
    assert {one.freeze_panes for one in year()} == {"B4"}


def test_an_azerbaijani_workbook_has_azerbaijani_labels() -> None:
    assert cells(year("az"), "Cavablandırılmış və itirilmiş zənglər", "İtirilmiş zənglər")[0].value == 48571


def test_the_first_sheet_says_why_targets_were_missed() -> None:
    report = made_report()
    misses = [Miss(report.all.kpis["accepted_within"], 27.0, {"dvx": 24.0, "emdx": 3.0})]
    (why,) = sentences(misses, report, "en")
    first = read(replace(report, misses=misses)).worksheets[0]
    assert why.replace("\N{NO-BREAK SPACE}", " ") in [row[0].value for row in first.iter_rows()]


def test_text_from_outside_stays_text() -> None:
    report = made_report()
    titles = dict(zip(report.titles, ({"az": one, "en": one} for one in HOSTILE), strict=False))
    topics = {
        name: {"az": one, "en": one}
        for name, one in zip(report.topic_titles, reversed(HOSTILE), strict=False)
    }
    gaps = [gap._replace(server=HOSTILE[2]) for gap in report.data.gaps]
    data = replace(report.data, gaps=gaps)
    book = read(replace(report, titles=titles, topic_titles=topics, data=data))
    every = [cell for one in book for row in one.iter_rows() for cell in row]
    assert not [cell for cell in every if cell.data_type == "f" or cell.hyperlink]
    texts = {cell.value for cell in every if isinstance(cell.value, str)}
    assert {HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[3], HOSTILE[4], "a\\u0007\\u202eb\\nc"} <= texts


def test_a_provisional_figure_has_a_star_and_stays_a_number() -> None:
    report = made_report()
    kpis = {name: kpi._replace(is_provisional=True) for name, kpi in report.all.kpis.items()}
    book = read(replace(report, scopes=[replace(report.all, kpis=kpis), *report.scopes[1:]]))
    found = cells(book, "Performance against targets", "Accepted overall")[0]
    assert (found.value, found.number_format) == (pytest.approx(513423 / 561994), '0.0%"*"')


@pytest.mark.parametrize("language", ["az", "en"])
def test_an_empty_report_says_not_measured_and_why(language: PaperLanguage) -> None:
    book = read(empty_report(), language)
    numbers = [
        (row[0].value, cell.value)
        for one in book
        for row in one.iter_rows(min_row=FIRST_ROW)
        for cell in row[1:]
        if isinstance(cell.value, int | float) and one.title != book.sheetnames[0]
    ]
    assert numbers == [(word("quality.deleted_days", language), 0)], "this is known: none has been deleted"
    said = {cell.value for row in book.worksheets[0].iter_rows() for cell in row}
    assert ("not measured" if language == "en" else "ölçülməyib") in said
    assert any("survey" in str(one) or "sorğu" in str(one) for one in said)
