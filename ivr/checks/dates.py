"""Checks that depend on the day they are made: holidays that are only estimated, a calendar that runs out.

Asked by `hotline config check` alone: a configuration does not turn bad by itself. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import holidays

from ivr.calls.opening_hours import Schedule, calendar
from ivr.config.model import Configuration
from ivr.config.problems import Places, Problem

ENDS_SOON: Final = timedelta(days=60)


def estimated(configuration: Configuration, places: Places, today: date) -> Iterator[Problem]:
    """HRS006: working days that the library takes for holidays by the moon, not by an announcement.

    Told once for all schedules that have the same ones; a day that an exception names is decided.
    """
    hotline = configuration.hotline
    last = calendar(today)[1]
    named = holidays.country_holidays(
        hotline.country, years=range(today.year, last.year + 1), language="en_US"
    )
    doubtful = {day: name for day, name in sorted(named.items()) if day >= today and "estimated" in name}
    schedules: dict[str, list[str]] = {}
    for name, hours in configuration.hours.items():
        schedule = Schedule.of(hours, hotline.time_zone, hotline.country)
        days = [day for day in doubtful if day.weekday() in schedule.week and day not in schedule.exceptions]
        if hours.holidays and days:
            told = ", ".join(f"{day} {doubtful[day].partition(' (')[0]}" for day in days)
            schedules.setdefault(told, []).append(name)
    for told, names in schedules.items():
        yield Problem.of("HRS006", places.at("hours", names[0]), names="`, `".join(names), days=told)


def running_out(live_since: date, places: Places, today: date) -> Iterator[Problem]:
    """HRS007: what was put live on that day knows the holidays of too few days to come."""
    last = calendar(live_since)[1]
    if last - today < ENDS_SOON:
        yield Problem.of("HRS007", places.at("hours"), last=last)
