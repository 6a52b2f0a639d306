"""Hours in which far fewer contacts came than in the same hour of like weekdays."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from ivr.calls.opening_hours import Schedule
from ivr.figures.suspicious import SuspiciousHour, suspicious_hours

TUESDAY = date(2024, 5, 14)
OPENS, CLOSES = 9, 18
HOURS = Schedule(ZoneInfo("Asia/Baku"), dict.fromkeys(range(5), ((OPENS * 3600, CLOSES * 3600),)), (), {})
Week = dict[int, list[int]]


def day(contacts: int, **other: int) -> list[int]:
    """So many in each of the 24 hours, but for those that are named, as `h9=0`."""
    return [other.get(f"h{hour}", contacts) for hour in range(24)]


def found(weeks: Week, hours: Schedule = HOURS) -> list[SuspiciousHour]:
    """Of Tuesdays, by how many weeks after that one."""
    contacts = {TUESDAY + timedelta(weeks=number): its for number, its in weeks.items()}
    return list(suspicious_hours(contacts, hours))


def test_an_hour_with_less_than_a_quarter_of_the_usual_contacts_is_suspicious() -> None:
    others = {-1: day(20), 1: day(40), 2: day(60)}
    assert found({0: day(40, h10=9), **others}) == [SuspiciousHour(TUESDAY, 10, 9, 40.0)]
    assert found({0: day(40, h10=10), **others}) == []


def test_of_an_hour_that_usually_has_fewer_than_eight_contacts_nothing_is_said() -> None:
    for usual, number in ((8, 1), (7, 0)):
        assert len(found({0: day(usual, h10=0), 1: day(usual), 2: day(usual)})) == number


@pytest.mark.parametrize(("hour", "is_said"), [(8, False), (9, True), (17, True), (18, False)])
def test_only_service_hours_can_be_suspicious(hour: int, is_said: bool) -> None:
    assert bool(found({0: day(20, **{f"h{hour}": 0}), 1: day(20), 2: day(20)})) == is_said


def test_two_like_weekdays_are_enough_and_one_is_not() -> None:
    empty = day(20, h12=0)
    assert found({0: empty, 1: day(20)}) == []
    assert [one.hour for one in found({0: empty, 1: day(20), 2: day(20)})] == [12]


def test_weekdays_up_to_four_weeks_before_and_after_are_like_and_the_day_itself_is_not() -> None:
    empty = day(0)
    assert found({0: empty, -4: day(20), 4: day(20)})
    for weeks in ({-5: day(20), 4: day(20)}, {-4: day(20), 5: day(20)}):
        assert not [one for one in found({0: empty, **weeks}) if one.day == TUESDAY]


def test_a_day_with_other_hours_is_no_like_day() -> None:
    short = TUESDAY + timedelta(weeks=1)
    hours = Schedule(HOURS.zone, HOURS.week, (), {short: ((OPENS * 3600, 13 * 3600),)})
    weeks = {0: day(0), 1: day(20), 2: day(20)}
    assert found(weeks, hours) == []
    assert found({**weeks, -1: day(20)}, hours)


def test_days_come_in_their_order_and_hours_in_theirs() -> None:
    hours = found({2: day(20, h11=0), 0: day(20, h16=0, h9=0), 3: day(20), 4: day(20), 5: day(20)})
    assert [(one.day, one.hour) for one in hours] == [
        (TUESDAY, 9), (TUESDAY, 16), (TUESDAY + timedelta(weeks=2), 11),
    ]  # fmt: skip
