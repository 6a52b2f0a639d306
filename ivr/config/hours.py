"""Opening hours as `config/*.yaml` writes them; `ivr.calls.opening_hours` says what they mean."""

from __future__ import annotations

from datetime import date, time
from typing import Literal

from pydantic import Field

from ivr.config.shapes import Frozen, OpeningTime

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Hours(Frozen):
    """A weekly schedule, `"09:00-18:00"` or `"closed"` per weekday (closed if absent); with exceptions."""

    week: dict[Weekday, OpeningTime]
    holidays: bool = True
    """Whether public holidays are days off."""
    closed_on: list[date] = Field([], examples=[["2026-12-31"]])
    """Further days off."""
    open_on: list[date] = Field([], examples=[["2026-01-24"]])
    """Working days in spite of a holiday or weekend (moved working days); the hours of Monday apply."""
    special: dict[date, OpeningTime] = Field({}, examples=[{"2026-12-30": "09:00-13:00"}])
    """Days with hours of their own, half days for example."""


def clock(text: str) -> tuple[time, time]:
    """`"09:00-18:00"` as opening and closing time; `24:00` closes at the end of the day (`time.max`)."""
    opens, _, closes = text.partition("-")
    return time.fromisoformat(opens), time.max if closes == "24:00" else time.fromisoformat(closes)
