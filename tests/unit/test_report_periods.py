"""From the words of a command to days."""

from __future__ import annotations

from datetime import date

import pytest

from ivr.reports.period import NotAPeriod, period_of, range_of, year_before
from ivr.reports.report import Kind


@pytest.mark.parametrize(
    ("kind", "label", "first", "last"),
    [
        ("day", "2024-05-14", date(2024, 5, 14), date(2024, 5, 14)),
        ("week", "2024-W01", date(2024, 1, 1), date(2024, 1, 7)),
        ("week", "2020-W53", date(2020, 12, 28), date(2021, 1, 3)),
        ("month", "2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("month", "2024-12", date(2024, 12, 1), date(2024, 12, 31)),
        ("quarter", "2024-Q2", date(2024, 4, 1), date(2024, 6, 30)),
        ("quarter", "2024-Q4", date(2024, 10, 1), date(2024, 12, 31)),
        ("year", "2024", date(2024, 1, 1), date(2024, 12, 31)),
    ],
)
def test_a_period_has_its_first_and_last_day(kind: Kind, label: str, first: date, last: date) -> None:
    period = period_of(kind, label, "Asia/Baku")
    assert (period.first, period.last) == (first, last)


@pytest.mark.parametrize(
    ("kind", "label", "says"),
    [
        ("day", "2023-02-29", "there is no day 2023-02-29"),
        ("day", "14.05.2024", "one is 2024-05-14"),
        ("week", "2024-W53", "there is no week 2024-W53"),
        ("month", "2024-13", "there is no month 2024-13"),
        ("quarter", "2024-Q5", "one is 2024-Q2"),
        ("year", "24", "one is 2024"),
        ("year", "0000", "0000"),
        ("year", "9999", "9999"),
        ("quarter", "9999-Q2", "no quarter is written '9999-Q2'"),
    ],
)
def test_what_is_no_period_is_refused_with_how_one_is_written(kind: Kind, label: str, says: str) -> None:
    with pytest.raises(NotAPeriod, match=says):
        period_of(kind, label, "Asia/Baku")


@pytest.mark.parametrize("label", ["1970", "9998"])
def test_the_first_and_the_last_year_there_is_are_periods(label: str) -> None:
    assert period_of("year", label, "Asia/Baku").first.year == int(label)


def test_a_range_may_be_one_day() -> None:
    day = date(2024, 5, 1)
    found = range_of(day, day, "Asia/Baku")
    assert (found.first, found.last, found.label, found.kind) == (day, day, "2024-05-01 2024-05-01", "range")


def test_a_period_has_all_hours_unless_working_hours_alone_are_asked_for() -> None:
    day = date(2024, 5, 1)
    for found in (period_of("year", "2024", "UTC"), range_of(day, day, "UTC")):
        assert not found.working_hours_only
    hours = period_of("year", "2024", "UTC", working_hours_only=True)
    assert hours.working_hours_only
    assert range_of(day, day, "UTC", working_hours_only=True).working_hours_only
    before = year_before(hours)
    assert before is not None
    assert (before.label, before.time_zone, before.working_hours_only) == ("2023", "UTC", True)


def test_a_range_does_not_run_backwards() -> None:
    with pytest.raises(NotAPeriod, match="2024-05-01 is before 2024-05-02"):
        range_of(date(2024, 5, 2), date(2024, 5, 1), "Asia/Baku")


@pytest.mark.parametrize(
    ("kind", "label", "before"),
    [
        ("quarter", "2024-Q2", "2023-Q2"),
        ("week", "2020-W53", None),
        ("day", "2024-02-29", None),
        ("year", "2024", "2023"),
    ],
)
def test_the_year_before_has_the_same_period_if_it_has_such_a_one(
    kind: Kind, label: str, before: str | None
) -> None:
    found = year_before(period_of(kind, label, "Asia/Baku"))
    assert (found.label if found else None) == before
