"""What `config check` says of holidays that nobody has announced, and of a calendar that runs out."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ivr.calls.opening_hours import calendar
from ivr.checks.calls import day_of, estimated, expired, running_out
from ivr.config.loading import Loaded, configuration_of
from tests.unit.starter import load_changed, shipped

TODAY = date(2026, 11, 23)
SOON = date(2027, 2, 20)


def _told(loaded: Loaded, today: date = SOON) -> list[tuple[str, str]]:
    return [
        (problem.code, problem.message)
        for problem in estimated(configuration_of(loaded), loaded.places, today)
    ]


def test_estimated_holidays_are_named_once_for_all_schedules_that_have_them() -> None:
    [(code, message)] = _told(shipped())
    assert code == "HRS006"
    assert message == (
        "`office`, `calling`: holidays that are only estimated: "
        "2027-03-09 Eid al-Fitr, 2027-03-10 Eid al-Fitr"
    )


@pytest.mark.parametrize(("today", "is_told"), [(date(2027, 2, 6), False), (date(2027, 2, 7), True)])
def test_an_estimated_holiday_is_told_from_thirty_days_before_it(today: date, is_told: bool) -> None:
    assert bool(_told(shipped(), today)) is is_told


@pytest.mark.parametrize("field", ["closed_on: [{}]", "open_on: [{}]", "special: {{{}: 09:00-13:00}}"])
def test_a_day_the_admin_has_decided_is_not_named_again(field: str) -> None:
    name = field.partition(":")[0]
    old = f"{name}: {{}}" if name == "special" else f"{name}: []"
    office, calling = _told(load_changed("hours.yaml", old, field.format("2027-03-09")))
    assert "2027-03-09" not in office[1]
    assert "2027-03-09" in calling[1]


def test_a_contact_is_told_from_the_day_after_its_last_on() -> None:
    until = "valid_until: 2026-11-22"
    contact = f'contacts: {{head: {{structure: dvx, name: N, number: "+994124931234", {until}}}}}\n'
    loaded = load_changed("menu.yaml", "menu:", f"{contact}menu:")
    for today, codes in ((TODAY, ["CON005"]), (date(2026, 11, 22), [])):
        found = expired(configuration_of(loaded), loaded.places, today)
        assert [problem.code for problem in found] == codes


def test_without_holidays_nothing_is_estimated() -> None:
    [(_, message)] = _told(load_changed("hours.yaml", "holidays: true", "holidays: false"))
    assert message.startswith("`calling`:")


@pytest.mark.parametrize(
    ("live_since", "today", "is_told"),
    [
        (date(2025, 12, 31), date(2026, 11, 1), False),
        (date(2025, 12, 31), date(2026, 11, 2), True),
        (date(2025, 1, 1), date(2027, 1, 1), True),
        (date(2026, 1, 1), date(2026, 12, 31), False),
    ],
)
def test_a_calendar_that_ends_within_sixty_days_is_told(live_since: date, today: date, is_told: bool) -> None:
    found = [problem.code for problem in running_out(live_since, shipped().places, today)]
    assert found == (["HRS007"] if is_told else [])
    assert calendar(live_since)[1] > live_since


def test_the_day_is_that_of_the_hotlines_time_zone() -> None:
    """At 20:00 UTC it is midnight in Baku; a machine in UTC has yesterday's plan then."""
    days = [
        day_of(datetime(2026, 12, 31, hour, tzinfo=UTC), configuration_of(shipped())) for hour in (19, 20)
    ]
    assert days == [date(2026, 12, 31), date(2027, 1, 1)]
