"""Made weeks whose misses have a known cause: what the first page answers about each of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.figures.kpis import KpiName
from ivr.figures.misses import Miss
from ivr.figures.parts import ALL
from ivr.reports.explained import Question, explained, list_command
from ivr.reports.report import Report
from ivr.reports.words import PaperLanguage
from tests.reports.made import made_report
from tests.reports.papers import plain
from tests.reports.test_misses import WORKDAYS, Days, add, busy_middays, calm_week, report_of, slow_mornings


def answer(report: Report, kpi: KpiName, question: Question, language: PaperLanguage = "en") -> str:
    """With the command behind it; empty if the question is not answered."""
    place = [miss.kpi.name for miss in report.misses].index(kpi)
    found = [one for one in explained(report, language)[place].answers if one.kind == question]
    return plain(" ".join(f"{one.text} {one.command} {one.for_one}" for one in found)).strip()


def lost_on(days: Days, *weekdays: int) -> Report:
    for day in weekdays:
        add(days, day, 28, "aparat", "M", 400, wait=60)
    return report_of(days)


def test_each_structure_that_misses_is_named_with_its_points_and_its_value() -> None:
    assert answer(slow_mornings(), "accepted_within", "where") == (
        "DVX 28.6 points (49.1 %) · Ministry Apparatus 1.0 point (66.7 %)"
    )


def test_structures_that_meet_the_target_are_named_by_what_they_make_up_for() -> None:
    found = answer(lost_on(calm_week(), 1, 2), "lost_after", "where")
    assert found == (
        "Ministry Apparatus 7.3 points (47.1 %) · structures that meet the target take off 4.1 points"
    )


def test_many_structures_are_counted_behind_the_worst_six() -> None:
    days, names = calm_week(), [f"queue-{number}" for number in range(9)]
    for number, name in enumerate(names):
        add(days, 0, 20, name, "M", 100 + number, wait=60)
    found = answer(report_of(days, structures=("dvx", "aparat", *names)), "lost_after", "where", "az")
    assert found.startswith("queue-8 ")
    assert "daha 3 struktur" in found
    assert found.count("queue-") == 6


def test_hours_with_slower_answers_are_worse_and_hours_with_more_calls_are_busier() -> None:
    assert answer(slow_mornings(), "accepted_within", "hours") == (
        "Monday and Tuesday 10:00–12:00: 22.2 points, 33.4 % of the calls; worse than the other hours"
    )
    assert answer(busy_middays(), "accepted_within", "hours") == (
        "not much worse than the other hours; Monday–Friday 10:00–12:00: 16.0 points, 53.3 % of the calls"
    )


def test_a_miss_of_every_day_is_one_of_every_day() -> None:
    found = answer(lost_on(calm_week(), *WORKDAYS), "lost_after", "since")
    assert found == "every day: 13 May 2024 to 17 May 2024"


def test_days_of_a_miss_that_are_the_last_ones_are_named_by_the_first_and_the_last() -> None:
    found = answer(lost_on(calm_week(), 2, 3, 4), "lost_after", "since")
    assert found == "3 of 5 days, in a row: 15 May 2024 to 17 May 2024"


def test_scattered_days_of_a_miss_are_named() -> None:
    assert answer(lost_on(calm_week(), 0, 3), "lost_after", "since", "az") == (
        "5 gün ərzində 2: 13 may 2024, 16 may 2024"
    )


@pytest.mark.parametrize(
    ("lost", "said"), [(100, "was met (1.1 %)"), (1000, "was missed, too (10.0 %)")], ids=["met", "missed"]
)
def test_the_year_before_met_the_same_target_or_missed_it(lost: int, said: str) -> None:
    before = calm_week()
    add(before, 0, 20, "dvx", "M", lost, wait=60)
    report = replace(lost_on(calm_week(), 1, 2), last_year={ALL: report_of(before).all})
    assert answer(report, "lost_after", "since").endswith(f"in the same period of 2023 the target {said}")


def test_earlier_years_of_a_year_are_named_or_not_known() -> None:
    report = made_report()
    report = replace(report, misses=[Miss(report.all.kpis["accepted_within"], 27.0)])
    assert answer(report, "accepted_within", "since").endswith(" · earlier years are not known")
    older = {2022: {ALL: {"accepted_within": 70.0}}}
    known = replace(report, published={**report.published, **older})
    assert answer(known, "accepted_within", "since").endswith(" · 2022: 70.0 %")


def test_a_definition_has_the_counts_it_was_computed_from() -> None:
    assert answer(slow_mornings(), "accepted_within", "definition") == (
        "Calls answered after a wait of at most 30 seconds, of all calls received: 9,000 / 17,850"
    )


def test_a_miss_of_contacts_has_their_number_and_the_command_that_lists_them() -> None:
    assert answer(slow_mornings(), "accepted_within", "calls") == (
        "8,850 calls: 8,850 answered later than 30 seconds; in a terminal:"
        " hotline report week 2024-W20 --list not_in_time DVX alone: --structure dvx"
    )
    found = answer(lost_on(calm_week(), 1, 2), "lost_after", "calls")
    assert found == (
        "800 calls: lost after more than 10 seconds; in a terminal:"
        " hotline report week 2024-W20 --list lost_after Ministry Apparatus alone: --structure aparat"
    )


def test_a_miss_of_minutes_has_the_command_that_exports_them() -> None:
    days = calm_week()
    for key in list(days[min(days)]):
        if key.code == "minutes":
            days[min(days)][key].tallies = {"up": 0, "down": 30}
    report = report_of(days)
    assert answer(report, "availability", "records") == "in a terminal: hotline data export minutes"
    assert answer(report, "availability", "where") == answer(report, "availability", "calls") == ""


def test_the_command_is_of_the_same_structure_and_hours() -> None:
    report = made_report()
    alone = replace(report, scopes=report.scopes[3:4], period=replace(report.period, working_hours_only=True))
    found = "hotline report year 2024 --structure emdx --working-hours --list lost"
    assert list_command(alone, "lost") == found
