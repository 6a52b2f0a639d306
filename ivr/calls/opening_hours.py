"""Opening hours as a value: how long it is open yet, when it opens next, when the next working day is over.

`Hours` of the configuration, a time zone and a country's public holidays make a `Schedule`; it takes aware
datetimes and gives aware UTC. Used by the menu's compiler and walk, and the callback dialer. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import holidays

from ivr.config.model import Configuration
from ivr.config.sections import DAY_SECONDS, Hours, Span, Weekday, opening_prompt, spans

WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_A_MONDAY: Final = date(2024, 1, 1)
T = TypeVar("T")
LOOK_AHEAD_DAYS: Final = 800
"""Longer than any closure a schedule can mean: two years of days off in a row are a mistake."""

ALL_DAY: Final = DAY_SECONDS
"""Seconds until a closing time of 24:00: as nothing says that the next day does not open at midnight, it ends
nobody's wait."""

Spans = tuple[Span, ...]
"""Those that begin on one day, the earliest first; none if it is closed all day."""


class NeverOpen(Exception):
    """The schedule has no open day in the next two years; `hotline config check` reports such hours."""


@dataclass(frozen=True)
class Schedule:
    """A weekly schedule with its exceptions, in one time zone."""

    zone: ZoneInfo
    week: Mapping[int, Spans]
    """By `date.weekday()`; closed days are absent."""
    public_holidays: Container[date]
    exceptions: Mapping[date, Spans]
    """Days with hours of their own; they beat weekends and holidays."""

    @classmethod
    def of(cls, hours: Hours, time_zone: str = "Asia/Baku", country: str = "AZ") -> Schedule:
        """The schedule those hours describe; the country's holidays close it unless `holidays: false`.

        `closed_on` beats `special`, which beats `open_on`, which has the hours of Monday.
        """
        week = {
            WEEKDAYS.index(day): spans(written) for day, written in hours.week.items() if written != "closed"
        }
        days_off = holidays.country_holidays(country) if hours.holidays else frozenset[date]()
        exceptions = {
            **dict.fromkeys(hours.open_on, week.get(0, ())),
            **{day: spans(own) for day, own in hours.special.items()},
            **dict.fromkeys(hours.closed_on, ()),
        }
        return cls(ZoneInfo(time_zone), week, days_off, exceptions)

    def begins_on(self, day: date) -> Spans:
        """The spans that begin on that day."""
        if day in self.exceptions:
            return self.exceptions[day]
        return () if day in self.public_holidays else self.week.get(day.weekday(), ())

    def open_on(self, day: date) -> Spans:
        """When it is open on that day; what has gone on since the day before begins at 0."""
        return _on_the_wall(self.begins_on(day - timedelta(days=1)), self.begins_on(day))

    def open_for(self, moment: datetime) -> int:
        """Seconds until it closes by the clock on the wall, ALL_DAY if at 24:00; 0 while it is closed."""
        local = moment.astimezone(self.zone).replace(microsecond=0)
        now = seconds(local.time())
        closes = next((end for opens, end in self.open_on(local.date()) if opens <= now < end), now)
        return ALL_DAY if closes == DAY_SECONDS else closes - now

    def is_open(self, moment: datetime) -> bool:
        """Whether it is open then: from the opening time on, until just before the closing time."""
        return self.open_for(moment) > 0

    def next_opening(self, moment: datetime) -> datetime:
        """The first open moment not before `moment`: itself if it is open then. NeverOpen if none."""
        if self.is_open(moment):
            return moment.astimezone(UTC)
        for day, begun in self._working_days(moment.astimezone(self.zone).date()):
            for opens, _ in begun:
                if (opening := self._at(day, opens)) >= moment:
                    return opening
        raise NeverOpen

    def announced_on(self, day: date) -> tuple[tuple[int, str], ...]:
        """What callers hear of the next opening on that day: (until which second, sound file).

        Nothing is said of an opening more than six days ahead.
        """
        said = [(opens, opening_prompt("today", opens)) for opens, _ in self.begins_on(day)]
        for ahead in range(1, len(WEEKDAYS)):
            if begun := self.begins_on(then := day + timedelta(days=ahead)):
                word = "tomorrow" if ahead == 1 else WEEKDAYS[then.weekday()]
                return (*said, (DAY_SECONDS, opening_prompt(word, begun[0][0])))
        return tuple(said)

    def announced(self, moment: datetime) -> str:
        """What a caller hears then of the next opening; empty if nothing."""
        local = moment.astimezone(self.zone)
        said = self.announced_on(local.date())
        return next((prompt for until, prompt in said if seconds(local.time()) < until), "")

    def next_working_day(self, moment: datetime) -> tuple[datetime, datetime]:
        """When the first working day after that of `moment` opens and closes. NeverOpen if there is none."""
        tomorrow = moment.astimezone(self.zone).date() + timedelta(days=1)
        for day, begun in self._working_days(tomorrow):
            return self._at(day, begun[0][0]), self._at(day, begun[-1][1])
        raise NeverOpen

    def open_seconds(self, begin: datetime, end: datetime) -> float:
        """How many seconds from `begin` to `end` it was open; 0 if `end` comes first."""
        open_for, day = 0.0, begin.astimezone(self.zone).date()
        while day <= end.astimezone(self.zone).date():
            for opens, closes in self.open_on(day):
                during = min(end, self._at(day, closes)) - max(begin, self._at(day, opens))
                open_for += max(0.0, during.total_seconds())
            day += timedelta(days=1)
        return open_for

    def _working_days(self, first: date) -> Iterator[tuple[date, Spans]]:
        for day in (first + timedelta(days=ahead) for ahead in range(LOOK_AHEAD_DAYS)):
            if begun := self.begins_on(day):
                yield day, begun

    def _at(self, day: date, second: int) -> datetime:
        """That second of the day by the clock on the wall."""
        return (datetime.combine(day, time.min, self.zone) + timedelta(seconds=second)).astimezone(UTC)


def _on_the_wall(day_before: Spans, day: Spans) -> Spans:
    """What is open on a day: spans that touch or overlap over midnight are one."""
    found: list[Span] = []
    gone_on = ((opens - DAY_SECONDS, closes - DAY_SECONDS) for opens, closes in day_before)
    for opens, closes in (*gone_on, *day):
        if found and opens <= found[-1][1]:
            opens, closes = found[-1][0], max(found.pop()[1], closes)
        found.append((opens, closes))
    return tuple((max(opens, 0), closes) for opens, closes in found if closes > 0)


def calling_hours(configuration: Configuration) -> Schedule:
    """When citizens may be called: the schedule of `callback.hours`."""
    hours, hotline = configuration.hours[configuration.callback.hours], configuration.hotline
    return Schedule.of(hours, hotline.time_zone, hotline.country)


def by_day(
    schedule: Schedule, ask: Callable[[Schedule, date], T], first: date, last: date
) -> tuple[list[T], dict[date, T]]:
    """The answer on a Monday, a Tuesday …, and on each day from `first` to `last` that has another one."""
    always = replace(schedule, public_holidays=(), exceptions={})
    usual = [ask(always, _A_MONDAY + timedelta(days=ahead)) for ahead in range(len(WEEKDAYS))]
    days = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    return usual, {day: found for day in days if (found := ask(schedule, day)) != usual[day.weekday()]}


def calendar(compiled_on: date) -> tuple[date, date]:
    """The first and last day a dialplan compiled on that day knows holidays and exceptions of."""
    return date(compiled_on.year, 1, 1), date(compiled_on.year + 1, 12, 31)


def seconds(clock_time: time) -> int:
    """Whole seconds since midnight."""
    return clock_time.hour * 3600 + clock_time.minute * 60 + clock_time.second


def week_spans(hours: Hours) -> list[tuple[str, str]]:
    """Neighbouring weekdays with the same hours: `("mon-fri", "09:00-18:00"), ("sat-sun", "closed")`."""
    spans = []
    for opening, days in groupby(WEEKDAYS, key=lambda day: hours.week.get(day, "closed")):
        names = list(days)
        spans.append((names[0] if len(names) == 1 else f"{names[0]}-{names[-1]}", opening))
    return spans
