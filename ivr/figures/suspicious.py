"""Hours in which far fewer contacts came than in that hour of like weekdays: perhaps records are missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from statistics import median
from typing import Final, NamedTuple

from ivr.calls.opening_hours import Schedule
from ivr.figures.classes import COUNTED
from ivr.figures.parts import Parts

_LIKE_DAYS: Final = 4
"""So many like weekdays before and after are looked at."""
_FEWEST_USUAL: Final = 8.0
"""Of a quieter hour nothing is said: in it nobody may call by chance."""
_FAR_BELOW: Final = 0.25


class SuspiciousHour(NamedTuple):
    """`usual`: the median of the same hour of like weekdays."""

    day: date
    hour: int
    contacts: int
    usual: float


def suspicious_hours(days: Mapping[date, Parts], hours: Schedule) -> Iterator[SuspiciousHour]:
    """Of days that are as their weekday usually is, in the service hours, the earliest first."""
    counts = {day: _by_hour(parts) for day, parts in days.items()}
    for day, by_hour in counts.items():
        spans = hours.begins_on(day)
        around = (day + timedelta(weeks=weeks) for weeks in range(-_LIKE_DAYS, _LIKE_DAYS + 1) if weeks)
        like = [counts[other] for other in around if other in counts and hours.begins_on(other) == spans]
        for hour in range(24):
            is_open = any(opens <= hour * 3600 and hour * 3600 < closes for opens, closes in spans)
            if is_open and len(like) > 1:
                usual = median(other.get(hour, 0) for other in like)
                if usual >= _FEWEST_USUAL and by_hour.get(hour, 0) < usual * _FAR_BELOW:
                    yield SuspiciousHour(day, hour, by_hour.get(hour, 0), usual)


def _by_hour(parts: Parts) -> dict[int, int]:
    found: defaultdict[int, int] = defaultdict(int)
    for key, cell in parts.items():
        if key.code in COUNTED:
            found[key.half_hour // 2] += cell.count
    return found
