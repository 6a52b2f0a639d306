"""Small sections of the configuration: opening hours, contacts, callers who are not let in.

`ivr.calls.opening_hours` says what hours mean. A menu node may redirect to a contact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Final, Literal

from pydantic import Field

from ivr.config.shapes import Frozen, Line, Name, OpeningTime, Prefix, Seconds

_CLOCK = re.compile("([0-9]+):([0-9]+)")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Hours(Frozen):
    """A weekly schedule with exceptions: `"09:00-18:00"`, `"09:00-13:00, 14:00-18:00"`, `"22:00-06:00"` or
    `"closed"` per weekday (closed if absent). A span over midnight belongs to the day it begins on."""

    week: dict[Weekday, OpeningTime]
    holidays: bool = True
    """Whether public holidays are days off."""
    closed_on: list[date] = Field([], examples=[["2026-12-31"]])
    """Further days off."""
    open_on: list[date] = Field([], examples=[["2026-01-24"]])
    """Working days in spite of a holiday or weekend (moved working days); the hours of Monday apply."""
    special: dict[date, OpeningTime] = Field({}, examples=[{"2026-12-30": "09:00-13:00"}])
    """Days with hours of their own, half days for example."""


Span = tuple[int, int]
"""Opening and closing time, in seconds since the day's midnight by the clock on the wall; a span over
midnight closes after DAY_SECONDS."""
DAY_SECONDS: Final = 86_400


def spans(text: str) -> tuple[Span, ...]:
    """`"09:00-13:00, 14:00-18:00"` as spans, the earliest first; none if `closed`."""
    found = []
    for span in text.split(",") if text != "closed" else ():
        opens, closes = (60 * (60 * int(hour) + int(minute)) for hour, minute in _CLOCK.findall(span))
        found.append((opens, closes if opens <= closes else closes + DAY_SECONDS))
    return tuple(sorted(found))


OPENING_PROMPTS: Final = tuple(
    f"opens_{day}" for day in ("today", "tomorrow", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
)
"""Say when closed hours open next; `{time}` in them is that time."""


def opening_prompt(day: str, opens: int) -> str:
    """Name of the sound file that says it: `opens_tomorrow_0900`."""
    hour, minute = divmod(opens // 60, 60)
    return f"opens_{day}_{hour:02}{minute:02}"


def opening_times(hours: Iterable[Hours]) -> list[int]:
    """Every time at which some of these hours open, in seconds since midnight."""
    written = (text for each in hours for text in (*each.week.values(), *each.special.values()))
    return sorted({opens for text in written for opens, _ in spans(text)})


class Blocked(Frozen):
    """Callers who hear the prompt `say` and nothing else: numbers or prefixes in E.164, `+994501234567`."""

    say: Name
    numbers: list[Prefix] = Field([], examples=[["+994501234567"]])


class Contact(Frozen):
    """Whom a structure lets callers be put through to, at that number alone and on those days."""

    structure: Name = Field(examples=["dvx"])
    name: Line = Field(examples=["Head of the tax service's office"])
    number: Prefix = Field(examples=["+994124931234"])
    """Complete, in E.164: `+994124931234`."""
    valid_from: date | None = Field(None, examples=["2026-01-01"])
    valid_until: date | None = Field(None, examples=["2026-12-31"])
    """The last day."""
    ring_for: Seconds = Field(30.0, ge=1, le=120)

    def is_valid(self, day: date) -> bool:
        """Whether it may be dialled on that day."""
        return (self.valid_from or day) <= day <= (self.valid_until or day)
