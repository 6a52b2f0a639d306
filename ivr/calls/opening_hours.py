"""Opening hours as a value: is it open now, when does it open next, when is the next working day over.

`Hours` of the configuration, a time zone and a country's public holidays make a `Schedule`; it takes aware
datetimes and gives aware UTC. Used by the menu's compiler and the callback dialer. Pure.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

import holidays

from ivr.config.model import Hours, Weekday, clock

WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LOOK_AHEAD_DAYS: Final = 800
"""Longer than any closure a schedule can mean: two years of days off in a row are a mistake."""

Span = tuple[time, time]
"""Opening and closing time of one day; a closing time of `time.max` is the end of the day."""


class NeverOpen(Exception):
    """The schedule has no open day in the next two years; `hotline config check` reports such hours."""


@dataclass(frozen=True)
class Schedule:
    """A weekly schedule with its exceptions, in one time zone."""

    zone: ZoneInfo
    week: Mapping[int, Span]
    """By `date.weekday()`; closed days are absent."""
    public_holidays: Container[date]
    closed_on: frozenset[date]
    open_on: frozenset[date]

    @classmethod
    def of(cls, hours: Hours, time_zone: str = "Asia/Baku", country: str = "AZ") -> Schedule:
        """The schedule those hours describe; the country's holidays close it unless `holidays: false`."""
        week = {
            WEEKDAYS.index(day): clock(written) for day, written in hours.week.items() if written != "closed"
        }
        days_off = holidays.country_holidays(country) if hours.holidays else frozenset[date]()
        return cls(ZoneInfo(time_zone), week, days_off, frozenset(hours.closed_on), frozenset(hours.open_on))

    def span(self, day: date) -> Span | None:
        """Opening and closing time of that day, None if it is closed all day.

        `closed_on` beats `open_on`, which beats weekends and holidays and has the hours of Monday.
        """
        if day in self.closed_on:
            return None
        if day in self.open_on:
            return self.week.get(0)
        return None if day in self.public_holidays else self.week.get(day.weekday())

    def is_open(self, moment: datetime) -> bool:
        """Whether it is open then: from the opening time on, until just before the closing time."""
        local = moment.astimezone(self.zone)
        span = self.span(local.date())
        return (
            span is not None and span[0] <= local.time() and (local.time() < span[1] or span[1] == time.max)
        )

    def next_opening(self, moment: datetime) -> datetime:
        """The first open moment not before `moment`: itself if it is open then. NeverOpen if none."""
        if self.is_open(moment):
            return moment.astimezone(UTC)
        for day, (opens, _) in self._working_days(moment.astimezone(self.zone).date()):
            opening = datetime.combine(day, opens, self.zone).astimezone(UTC)
            if opening >= moment:
                return opening
        raise NeverOpen

    def end_of_next_working_day(self, moment: datetime) -> datetime:
        """When the first working day after that of `moment` closes. NeverOpen if there is none."""
        tomorrow = moment.astimezone(self.zone).date() + timedelta(days=1)
        for day, (_, closes) in self._working_days(tomorrow):
            if closes == time.max:
                day, closes = day + timedelta(days=1), time.min
            return datetime.combine(day, closes, self.zone).astimezone(UTC)
        raise NeverOpen

    def _working_days(self, first: date) -> Iterator[tuple[date, Span]]:
        for day in (first + timedelta(days=ahead) for ahead in range(LOOK_AHEAD_DAYS)):
            if span := self.span(day):
                yield day, span


def days_closed(schedule: Schedule, first: date, last: date) -> list[date]:
    """Days from `first` to `last` that their weekday would open but a holiday or `closed_on` closes."""
    days = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    return [day for day in days if day.weekday() in schedule.week and schedule.span(day) is None]


def week_spans(hours: Hours) -> list[tuple[str, str]]:
    """Neighbouring weekdays with the same hours: `("mon-fri", "09:00-18:00"), ("sat-sun", "closed")`."""
    spans = []
    for opening, days in groupby(WEEKDAYS, key=lambda day: hours.week.get(day, "closed")):
        names = list(days)
        spans.append((names[0] if len(names) == 1 else f"{names[0]}-{names[-1]}", opening))
    return spans
