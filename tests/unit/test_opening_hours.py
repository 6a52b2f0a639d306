"""Opening hours: weekdays, holidays, moved working days, midnight and changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.calls.opening_hours import ALL_DAY, NeverOpen, Schedule, irregular_days
from ivr.config.loading import configuration_of
from ivr.config.sections import Hours
from tests.unit.starter import shipped

BAKU = ZoneInfo("Asia/Baku")
OFFICE = Schedule.of(configuration_of(shipped()).hours["office"])
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


def baku(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BAKU)


def hours(**fields: Any) -> Hours:
    return Hours.model_validate(fields)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-03T08:59:59.999999", False),
        ("2026-03-03T09:00", True),
        ("2026-03-03T17:59:59.999999", True),
        ("2026-03-03T18:00", False),
        ("2026-03-07T12:00", False),  # a Saturday
        ("2026-01-20T12:00", False),  # the day of national mourning, a Tuesday
        ("2026-05-28T12:00", False),  # independence day, a Thursday
    ],
)
def test_the_office_is_open_on_working_days_from_nine_until_just_before_eighteen(
    moment: str, is_open: bool
) -> None:
    assert OFFICE.is_open(baku(moment)) is is_open


def test_any_time_zone_names_the_same_moment() -> None:
    assert OFFICE.is_open(baku("2026-03-03T09:00").astimezone(UTC))


def test_while_it_is_open_the_next_opening_is_now() -> None:
    now = baku("2026-03-03T12:34:56")
    assert OFFICE.next_opening(now) == now


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2026-03-03T07:00", "2026-03-03T09:00"),
        ("2026-03-03T18:00", "2026-03-04T09:00"),
        ("2026-03-06T19:00", "2026-03-10T09:00"),  # Friday; Monday makes up for women's day on Sunday
        ("2025-12-31T23:59", "2026-01-05T09:00"),
    ],
)
def test_the_next_opening_skips_nights_weekends_and_holidays(moment: str, opening: str) -> None:
    assert OFFICE.next_opening(baku(moment)) == baku(opening)


def test_the_next_working_day_ends_when_it_closes_whatever_the_hour_of_today() -> None:
    for hour in (0, 8, 12, 23):
        assert OFFICE.end_of_next_working_day(baku(f"2026-03-03T{hour:02}:00")) == baku("2026-03-04T18:00")
    assert OFFICE.end_of_next_working_day(baku("2026-03-06T12:00")) == baku("2026-03-10T18:00")


def test_a_day_off_closes_and_a_moved_working_day_opens_with_the_hours_of_monday() -> None:
    schedule = Schedule.of(
        hours(
            week={"mon": "10:00-16:00", "tue": "09:00-18:00"},
            closed_on=["2026-03-03", "2026-03-14"],
            open_on=["2026-03-07", "2026-01-20", "2026-03-14"],
        )
    )
    assert not schedule.is_open(baku("2026-03-03T12:00"))
    assert schedule.is_open(baku("2026-03-07T10:00"))
    assert not schedule.is_open(baku("2026-03-07T16:30"))
    assert schedule.is_open(baku("2026-01-20T12:00"))
    assert not schedule.is_open(baku("2026-03-14T12:00"))


def test_a_special_day_has_hours_of_its_own_even_on_a_holiday() -> None:
    schedule = Schedule.of(
        hours(
            week={"tue": "09:00-18:00", "wed": "09:00-18:00"},
            special={"2026-12-30": "09:00-13:00", "2026-01-20": "10:00-12:00", "2026-03-03": "closed"},
        )
    )
    assert schedule.open_for(baku("2026-12-30T12:59:59")) == 1
    assert not schedule.is_open(baku("2026-12-30T13:00"))
    assert schedule.is_open(baku("2026-01-20T10:00"))
    assert not schedule.is_open(baku("2026-03-03T12:00"))


@given(MOMENTS)
def test_it_is_open_for_exactly_the_seconds_told(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    left = timedelta(seconds=OFFICE.open_for(moment))
    assert bool(left) is OFFICE.is_open(moment)
    if left:
        assert OFFICE.is_open(moment + left - timedelta(seconds=1))
        assert not OFFICE.is_open(moment + left)


def test_a_schedule_without_holidays_is_open_on_them() -> None:
    schedule = Schedule.of(hours(week={"tue": "09:00-18:00"}, holidays=False))
    assert schedule.is_open(baku("2026-01-20T12:00"))


def test_a_day_until_24_has_no_gap_before_midnight() -> None:
    schedule = Schedule.of(hours(week={"mon": "00:00-24:00", "tue": "00:00-24:00"}, holidays=False))
    assert schedule.is_open(baku("2026-03-02T23:59:59.999999"))
    assert schedule.open_for(baku("2026-03-02T23:59:59")) == ALL_DAY
    assert schedule.is_open(baku("2026-03-03T00:00"))
    assert not schedule.is_open(baku("2026-03-04T00:00"))
    assert schedule.end_of_next_working_day(baku("2026-03-02T12:00")) == baku("2026-03-04T00:00")


def test_hours_follow_the_wall_clock_when_it_changes() -> None:
    schedule = Schedule.of(hours(week={"sun": "09:00-18:00"}, holidays=False), "Europe/Berlin", "DE")
    before, after = (schedule.next_opening(datetime(2026, 3, day, tzinfo=UTC)) for day in (22, 29))
    assert after - before == timedelta(days=7, hours=-1)


def test_hours_that_never_open_are_said_to_be_so() -> None:
    never = Schedule.of(hours(week={"mon": "closed"}))
    with pytest.raises(NeverOpen):
        never.next_opening(baku("2026-03-03T12:00"))
    with pytest.raises(NeverOpen):
        never.end_of_next_working_day(baku("2026-03-03T12:00"))


def test_irregular_days_are_those_their_weekday_would_open() -> None:
    days = irregular_days(OFFICE, date(2026, 1, 1), date(2026, 1, 31))
    assert days == dict.fromkeys([date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 20)])


@given(MOMENTS)
def test_the_next_opening_is_open_not_before_now_and_nothing_between_is(moment: datetime) -> None:
    opening = OFFICE.next_opening(moment)
    assert opening >= moment
    assert OFFICE.is_open(opening)
    assert opening == moment or not OFFICE.is_open(moment + (opening - moment) / 2)


@given(MOMENTS)
def test_the_next_working_day_ends_later_than_now_at_the_end_of_an_open_time(moment: datetime) -> None:
    end = OFFICE.end_of_next_working_day(moment)
    assert end > moment
    assert OFFICE.is_open(end - timedelta(microseconds=1))
    assert not OFFICE.is_open(end)
