"""The rows of a report: what belongs to an hour, a day, a week or a month of the period."""

from __future__ import annotations

from datetime import date

import pytest

from ivr.config.model import Targets
from ivr.figures.classes import Limits
from ivr.figures.inquiries import DatedSheet
from ivr.figures.kpis import Basis
from ivr.figures.parts import AGENTS, ALL, WHOLE_DAY, Cell, CellKey, Parts
from ivr.figures.period_sums import summed
from ivr.reports.period import range_of
from ivr.reports.report import By, Row
from ivr.reports.rows import label_of, rows

PERIOD = range_of(date(2024, 5, 2), date(2024, 6, 20), "Asia/Baku")
"""From a Thursday to a Thursday."""


def day(*half_hours: int, structure: str = "dvx") -> Parts:
    """One answered contact in each of these half hours, by one agent."""
    parts: Parts = {CellKey(structure, half, "A"): Cell(count=1) for half in half_hours}
    return parts | {CellKey(structure, WHOLE_DAY, AGENTS): Cell(count=1)}


DAYS = {date(2024, 5, 8): day(18, 19, 24), date(2024, 6, 19): day(19, structure="emdx")}


def sheet(opened: date, closed: date | None = None, structure: str = "dvx") -> DatedSheet:
    return DatedSheet("complex_question", structure, opened, closed, "answered_by_centre" if closed else "")


def of(by: By, *sheets: DatedSheet, structure: str = ALL) -> list[Row]:
    basis = Basis(sheets, Targets(), Limits(), False, True, bool(sheets))
    return rows(summed(DAYS.items(), label_of(by)), PERIOD, structure, by, basis)


def counts(found: list[Row]) -> dict[str, int]:
    return {row.label: row.figures.contacts for row in found}


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        ("hour", {"09": 3, "12": 1}),
        ("day", {"2024-05-08": 3, "2024-06-19": 1}),
        ("week", {"2024-W19": 3, "2024-W25": 1}),
        ("month", {"2024-05": 3, "2024-06": 1}),
    ],
)
def test_there_is_a_row_for_what_has_contacts_in_the_order_of_time(by: By, wanted: dict[str, int]) -> None:
    assert list(counts(of(by)).items()) == list(wanted.items())


def test_rows_of_one_structure_count_its_contacts_alone() -> None:
    assert counts(of("month", structure="emdx")) == {"2024-05": 0, "2024-06": 1}


def test_agents_of_a_day_belong_to_no_hour() -> None:
    assert [row.figures.agent_days for row in of("hour")] == [0, 0]
    assert [row.figures.agent_days for row in of("day", structure="dvx")] == [1, 0]


def test_a_row_counts_the_sheets_of_its_days_without_a_call_but_none_outside_the_period() -> None:
    sheets = [sheet(date(2024, 5, number)) for number in (1, 2, 6, 31)] + [sheet(date(2024, 6, 21))]
    prepared = {row.label: row.figures.inquiries.queries_prepared for row in of("month", *sheets)}
    assert prepared == {"2024-05": 3, "2024-06": 0}
    weeks = {row.label: row.figures.inquiries.queries_prepared for row in of("week", *sheets)}
    assert weeks == {"2024-W18": 1, "2024-W19": 1, "2024-W22": 1, "2024-W25": 0}


def test_a_day_on_which_a_sheet_was_closed_has_a_row_even_without_a_call() -> None:
    closed = sheet(date(2024, 4, 2), date(2024, 5, 6))
    assert {row.label: row.figures.inquiries.queries_closed for row in of("day", closed)} == {
        "2024-05-06": 1, "2024-05-08": 0, "2024-06-19": 0,
    }  # fmt: skip
    assert [row.label for row in of("day", closed, structure="emdx")] == ["2024-05-08", "2024-06-19"]


def test_hours_have_no_inquiry_sheets() -> None:
    of_hours = [row.figures.inquiries for row in of("hour", sheet(date(2024, 5, 8)))]
    assert [(one.is_fed, one.kinds) for one in of_hours] == [(False, {})] * 2
