"""Opening hours: weekdays, holidays, moved working days, midnight and changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.calls.opening_hours import ALL_DAY, NeverOpen, Schedule, by_day
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
        assert OFFICE.next_working_day(baku(f"2026-03-03T{hour:02}:00"))[1] == baku("2026-03-04T18:00")
    assert OFFICE.next_working_day(baku("2026-03-06T12:00"))[1] == baku("2026-03-10T18:00")


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
    assert schedule.next_working_day(baku("2026-03-02T12:00"))[1] == baku("2026-03-04T00:00")


def test_hours_follow_the_wall_clock_when_it_changes() -> None:
    schedule = Schedule.of(hours(week={"sun": "09:00-18:00"}, holidays=False), "Europe/Berlin", "DE")
    before, after = (schedule.next_opening(datetime(2026, 3, day, tzinfo=UTC)) for day in (22, 29))
    assert after - before == timedelta(days=7, hours=-1)


NIGHTS = Schedule.of(
    hours(
        week=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "14:00-18:00,  22:00-06:00, 09:00-13:00"),
        open_on=["2026-12-26"],
        special={"2026-12-29": "12:00-12:30, 20:00-22:00"},
        closed_on=["2027-01-06"],
    )
)
"""Two spans and a night, written in any order."""


@pytest.mark.parametrize(
    ("moment", "left"),
    [
        ("2026-03-03T12:59:59", 1),
        ("2026-03-03T13:00", 0),
        ("2026-03-03T14:00", 4 * 3600),
        ("2026-03-03T22:00", 8 * 3600),
        ("2026-03-04T05:59:59", 1),
        ("2026-03-04T06:00", 0),
        ("2026-03-02T05:00", 0),  # a Monday: no night begins on a Sunday
        ("2026-03-07T05:00", 3600),  # a Saturday: Friday's night goes on
        ("2026-12-27T05:00", 3600),  # a Sunday after a moved working day
        ("2026-12-30T05:00", 0),  # the special day before had no night
        ("2026-12-31T05:00", 3600),  # a holiday: the night began on a working day
        ("2026-12-31T22:00", 0),
        ("2027-01-06T05:00", 3600),
        ("2027-01-07T05:00", 0),
    ],
)
def test_a_span_belongs_to_the_day_it_begins_on(moment: str, left: int) -> None:
    assert NIGHTS.open_for(baku(moment)) == left


def test_the_next_opening_may_be_the_same_afternoon_and_a_night_is_no_opening_of_the_day_it_ends_on() -> None:
    assert NIGHTS.next_opening(baku("2026-03-03T13:00")) == baku("2026-03-03T14:00")
    assert NIGHTS.next_opening(baku("2026-03-03T18:00")) == baku("2026-03-03T22:00")
    opens, closes = NIGHTS.next_working_day(baku("2026-03-03T23:00"))
    assert (opens, closes) == (baku("2026-03-04T09:00"), baku("2026-03-05T06:00"))


def test_spans_that_touch_at_midnight_are_one() -> None:
    schedule = Schedule.of(hours(week={"mon": "20:00-06:00", "tue": "06:00-12:00"}, holidays=False))
    assert schedule.open_for(baku("2026-03-03T05:59:59")) == 6 * 3600 + 1


@pytest.mark.parametrize(
    ("moment", "prompt"),
    [
        ("2026-03-03T08:59:59", "opens_today_0900"),
        ("2026-03-03T13:00", "opens_today_1400"),
        ("2026-03-03T18:00", "opens_today_2200"),
        ("2026-03-04T06:00", "opens_today_0900"),
        ("2026-03-07T06:00", "opens_tue_0900"),  # a Saturday before women's day, which Monday makes up for
        ("2026-12-29T22:00", "opens_tomorrow_0900"),
        ("2026-12-31T06:00", "opens_tue_0900"),  # Monday makes up for a holiday on Saturday
    ],
)
def test_the_next_opening_is_announced_with_its_day_and_time(moment: str, prompt: str) -> None:
    assert NIGHTS.announced(baku(moment)) == prompt


def test_an_opening_more_than_six_days_ahead_is_not_announced() -> None:
    schedule = Schedule.of(hours(week={"mon": "09:00-18:00"}, holidays=False))
    assert schedule.announced(baku("2026-03-02T18:00")) == ""
    assert schedule.announced(baku("2026-03-03T00:00")) == "opens_mon_0900"


def test_hours_that_never_open_are_said_to_be_so() -> None:
    never = Schedule.of(hours(week={"mon": "closed"}))
    with pytest.raises(NeverOpen):
        never.next_opening(baku("2026-03-03T12:00"))
    with pytest.raises(NeverOpen):
        never.next_working_day(baku("2026-03-03T12:00"))[1]


def test_days_that_are_not_as_their_weekday_are_found() -> None:
    _, days = by_day(OFFICE, Schedule.open_on, date(2026, 1, 1), date(2026, 1, 31))
    assert days == dict.fromkeys([date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 20)], ())


@given(MOMENTS)
def test_the_next_opening_is_open_not_before_now_and_nothing_between_is(moment: datetime) -> None:
    opening = OFFICE.next_opening(moment)
    assert opening >= moment
    assert OFFICE.is_open(opening)
    assert opening == moment or not OFFICE.is_open(moment + (opening - moment) / 2)


@given(MOMENTS)
def test_the_next_working_day_ends_later_than_now_at_the_end_of_an_open_time(moment: datetime) -> None:
    end = OFFICE.next_working_day(moment)[1]
    assert end > moment
    assert OFFICE.is_open(end - timedelta(microseconds=1))
    assert not OFFICE.is_open(end)
