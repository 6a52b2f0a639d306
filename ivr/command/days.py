"""The days a command looks at: `--from` and `--to`, whole days of the hotline's own time zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ivr.asterisk.connection import utc_now
from ivr.command.options import fail

_FAR_AHEAD: Final = timedelta(days=366)


def first_and_last(
    begin: datetime | None, end: datetime | None, zone: ZoneInfo, days_back: int
) -> tuple[date, date]:
    """The days meant; without `--from` the first is `days_back` before today. Crossed days end it."""
    today = utc_now().astimezone(zone).date()
    first = begin.date() if begin else today - timedelta(days=days_back)
    last = end.date() if end else today
    if last < first:
        fail("--to is before --from", status=2)
    if last > today + _FAR_AHEAD:
        fail(f"{last} is too far ahead", status=2)
    return first, last


def told_days(days: Sequence[date]) -> str:
    """Such as `3 days up to 2026-11-23`."""
    return f"{len(days)} days up to {days[-1]}"


def each_day(first: date, last: date) -> list[date]:
    """Both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
