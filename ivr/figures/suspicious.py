"""Hours in which far fewer contacts came than in that hour of like weekdays: perhaps records are missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from statistics import median
from typing import Final, NamedTuple

from ivr.calls.opening_hours import Schedule

_LIKE_WEEKS: Final = (-4, -3, -2, -1, 1, 2, 3, 4)
"""Before and after a day, the same weekday of which is looked at."""
_HOUR: Final = 3600
_FEWEST_USUAL: Final = 8.0
"""Of a quieter hour nothing is said: in it nobody may call by chance."""
_FAR_BELOW: Final = 0.25


class SuspiciousHour(NamedTuple):
    """`usual`: the median of the same hour of like weekdays."""

    day: date
    hour: int
    contacts: int
    usual: float


def suspicious_hours(contacts: Mapping[date, Sequence[int]], hours: Schedule) -> Iterator[SuspiciousHour]:
    """Of days that are as their weekday usually is, in the service hours, the earliest first.

    `contacts`: how many came on each day in each of its 24 hours.
    """
    for day, by_hour in sorted(contacts.items()):
        spans = hours.begins_on(day)
        around = (day + timedelta(weeks=weeks) for weeks in _LIKE_WEEKS)
        like = [contacts[other] for other in around if other in contacts and hours.begins_on(other) == spans]
        for hour, count in enumerate(by_hour):
            is_open = any(opens <= hour * _HOUR < closes for opens, closes in spans)
            if is_open and len(like) > 1:
                usual = median(other[hour] for other in like)
                if usual >= _FEWEST_USUAL and count < usual * _FAR_BELOW:
                    yield SuspiciousHour(day, hour, count, usual)
