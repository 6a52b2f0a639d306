"""Checks of dates and contacts: holidays only estimated, a calendar that runs out, contacts nobody can dial.

`contacts` is called by `ivr.checks.whole`. The others depend on the day they are made, and a configuration
does not turn bad by itself, so only `hotline config check` asks them. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import holidays

from ivr.calls.numbers import is_carried, normalise
from ivr.calls.opening_hours import Schedule, calendar
from ivr.config.model import Configuration
from ivr.config.problems import Places, Problem

ENDS_SOON: Final = timedelta(days=60)
ANNOUNCED: Final = timedelta(days=30)
"""Before a holiday its date should be known; a warning that comes earlier is only read over."""


def day_of(moment: datetime, configuration: Configuration) -> date:
    """The day of that moment in the hotline's time zone, whatever the machine's is."""
    return moment.astimezone(ZoneInfo(configuration.hotline.time_zone)).date()


def estimated(configuration: Configuration, places: Places, today: date) -> Iterator[Problem]:
    """HRS006: working days soon that the library takes for holidays by the moon, not by an announcement.

    Told once for all schedules that have the same ones; a day that an exception names is decided.
    """
    hotline = configuration.hotline
    last = today + ANNOUNCED
    named = holidays.country_holidays(
        hotline.country, years=range(today.year, last.year + 1), language="en_US"
    )
    doubtful = {
        day: name for day, name in sorted(named.items()) if today <= day <= last and "estimated" in name
    }
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


def contacts(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """CON003, CON004: not to be dialled, valid on no day."""
    denied = configuration.callback.deny
    for name, contact in configuration.contacts.items():
        place = places.value_at("contacts", name, "number")
        carried = any(is_carried(contact.number, trunk) for trunk in configuration.trunks.values())
        number = normalise(contact.number, country=configuration.hotline.country)
        if number.e164 != contact.number or number.kind == "premium":
            yield Problem.of("CON003", place, number=contact.number)
            continue
        is_denied = contact.number.startswith(tuple(denied))
        if (is_denied or not carried) and places.is_whole("trunks"):
            yield Problem.of("CON003.not_carried", place, number=contact.number)
        if contact.valid_from and contact.valid_until and contact.valid_until < contact.valid_from:
            yield Problem.of("CON004", places.value_at("contacts", name, "valid_until"), name=name)


def expired(configuration: Configuration, places: Places, today: date) -> Iterator[Problem]:
    """CON005: nobody is put through to that contact any more."""
    for name, contact in configuration.contacts.items():
        if contact.valid_until and contact.valid_until < today:
            place = places.value_at("contacts", name, "valid_until")
            yield Problem.of("CON005", place, name=name, day=contact.valid_until)
