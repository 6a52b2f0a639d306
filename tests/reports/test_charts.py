"""What charts say of few contacts, of a long tail, and of records that are not complete."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from ivr.reports import charts
from ivr.reports.further_tables import attempts, menu_nodes
from ivr.reports.quality import quality_lines
from ivr.reports.report import HeatCell, Report
from ivr.reports.tables import Figure
from tests.reports.made import empty_report, made_report
from tests.reports.papers import plain


def texts(report: Report, chart: str) -> list[str]:
    drawing = ElementTree.fromstring(charts.drawn(report, "en")[chart])
    return [plain(one.text or "") for one in drawing.iter("{http://www.w3.org/2000/svg}text")]


def test_a_half_hour_of_few_calls_is_counted_and_not_judged() -> None:
    few, enough = HeatCell(19, 0, 19, 0), HeatCell(20, 5, 20, 0)
    report = replace(made_report(), heat={"all": {(0, 20): few, (0, 21): enough}})
    assert texts(report, "heat_contacts")[-3:] == ["19", "20", "39"]
    assert texts(report, "heat_in_time")[-3:] == ["–", "25", "13"]


@pytest.mark.parametrize("longest", [30, 300, 3000])
def test_a_few_of_the_times_to_callback_share_the_last_column_which_says_how_many(longest: int) -> None:
    times = Counter(range(1, longest + 1)) + Counter({longest * 9: longest // 50 + 1})
    report = made_report()
    report = replace(report, scopes=[replace(report.all, callback_service=times)])
    found = texts(report, "callback_times")
    (at,) = (place for place, text in enumerate(found) if text.endswith("+"))
    begins = int(found[at].removesuffix("+").replace(",", ""))
    assert longest * 0.95 <= begins <= longest * 3
    assert int(found[at - 1]) == sum(number for minutes, number in times.items() if minutes > begins)


@pytest.mark.parametrize(
    ("called_back", "why"), [(0, "no_attempts"), (11541, "no_numbered_attempts")], ids=["none", "imported"]
)
def test_without_attempts_of_our_own_a_table_says_whether_others_called_back(
    called_back: int, why: str
) -> None:
    report = made_report()
    slices = {**report.all.lost_slices, "called_back": called_back}
    report = replace(report, scopes=[replace(report.all, attempts={}, lost_slices=slices)])
    assert attempts(report, "az").missing == why


def test_ways_out_of_a_node_add_up_to_the_node() -> None:
    table = menu_nodes(made_report(), "az")
    assert [(line.label, line.cells[0]) for line in table.lines[:2]] == [
        ("ministry", "dvx"), ("ministry", "emdx"),
    ]  # fmt: skip
    shares = [line.cells[2] for line in table.lines if line.label == "ministry"]
    assert sum(one.value or 0 for one in shares if isinstance(one, Figure)) == pytest.approx(100)
    report = replace(made_report(), nodes={("welcome", "1"): 3, ("welcome", "hung up"): 1})
    assert [line.cells[0] for line in menu_nodes(report, "en").lines] == ["key 1", "hung up"]


def test_the_menu_is_in_no_report_of_one_structure() -> None:
    report = made_report()
    alone = replace(report, scopes=report.scopes[1:2])
    assert (menu_nodes(alone, "az").lines, menu_nodes(alone, "az").missing) == ((), "of_the_hotline")
    assert menu_nodes(empty_report(), "az").missing == "no_menu"


def test_incomplete_records_say_each_reason() -> None:
    report = made_report()
    assert quality_lines(report, "en").statement == (
        "The records of the period are incomplete: gaps not yet filled from queue_log: 1, calls may be"
        " added, the state of 214 minutes of the service hours is not known, availability is of the other"
        " minutes"
    )
    at_night = replace(report, data=replace(report.data, gaps=[], unknown_minutes=0))
    assert quality_lines(at_night, "en").statement.startswith("Every minute of the service hours is known")
    assert [quality_lines(one, "en").can_change_figures for one in (report, at_night)] == [True, False]
    assert quality_lines(empty_report(), "en").statement.endswith("no server was watched in the period")
    complete = replace(report, data=replace(report.data, is_complete=True))
    assert quality_lines(complete, "en").statement == "The records of the period are complete"


def test_where_nobody_listened_no_gap_does_not_mean_that_there_was_none() -> None:
    report = made_report()
    assert "not known" in quality_lines(rebuilt(report, 100.0), "en").no_gaps
    assert quality_lines(rebuilt(report, 1.3), "en").no_gaps == "No gap in the connection is recorded"


def rebuilt(report: Report, percent: float) -> Report:
    return replace(report, data=replace(report.data, rebuilt_percent=percent))
