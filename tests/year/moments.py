"""Days, hours, waits and numbers for the stories: each contact gets its moment, its wait and its caller.

Realistic by choice, for nothing is published: working days from 9 to 18 in Baku with a peak before and one
after noon, busier Mondays, busier months of tax returns. Waits and talks have the shape of an exponential
distribution cut off at both ends, and exactly the mean that the report prints.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeVar

from tests.year.plan import STRUCTURES, Plan
from tests.year.stories import Kind, Story

BAKU: Final = 4 * 3600
"""Seconds east of Greenwich, all year."""
DAY: Final = 86_400
OPENS, CLOSES, CALLS_UNTIL = 9 * 3600, 18 * 3600, 20 * 3600
"""Seconds of the day: the queues, and the hours in which citizens are called back."""
ANSWERED: Final = ("answered", "answered_hidden")
T = TypeVar("T")

_WEEKDAYS: Final = (1.2, 1.1, 1.0, 0.95, 0.85)
_MONTHS: Final = (1.25, 1.1, 1.25, 1.15, 0.95, 0.9, 1.0, 0.85, 0.9, 0.95, 0.9, 1.0)
_HALF_HOURS: Final = (6, 8, 10, 11, 11, 10, 8, 5, 4, 5, 8, 9, 9, 8, 7, 6, 5, 3)
_REUSED, _RESTS = 0.35, 21 * DAY
"""Of the stories: by a number that had one before, and the pause between the two, beyond any deadline."""
_TRIES: Final = 500


@dataclass(slots=True)
class Contact:
    """One call in one structure; moments are epoch seconds. A call that was transferred has two, one id."""

    structure: str
    kind: Kind
    joined: int
    wait: int
    talk: int
    caller: str = ""
    uniqueid: str = ""
    is_transferred: bool = False
    survey: str = ""

    @property
    def is_answered(self) -> bool:
        """By an agent."""
        return self.kind in ANSWERED

    @property
    def left(self) -> int:
        """The queue, towards an agent or for good."""
        return self.joined + self.wait

    @property
    def end(self) -> int:
        """Of the talk, or of the wait in vain."""
        return self.joined + self.wait + self.talk


def midnight(day: date) -> int:
    """The epoch second at which that day begins in Baku."""
    return (day - date(1970, 1, 1)).days * DAY - BAKU


def working_days(year: int, holidays: frozenset[date]) -> list[date]:
    """From Monday to Friday, without the holidays."""
    first = date(year, 1, 1)
    days = (first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days))
    return [day for day in days if day.weekday() < 5 and day not in holidays]


def spread(chance: random.Random, number: int, low: int, high: int, mean: float) -> list[int]:
    """So many whole numbers from `low` to `high` in random order, with that mean to a half of one in all.

    ValueError if there are none.
    """
    total, steps = round(number * mean), high - low + 1
    if not low * number <= total <= high * number:
        raise ValueError(f"{number} numbers from {low} to {high} have no mean of {mean}")

    def at_rate(rate: float, number: int) -> list[int]:
        return [low + int(steps * _quantile((place + 0.5) / number, rate)) for place in range(number)]

    steepest, flattest = 50.0, -50.0
    for _ in range(40):
        rate = (steepest + flattest) / 2 or 1e-9
        is_low = sum(at_rate(rate, 400)) < 400 * mean
        steepest, flattest = (rate, flattest) if is_low else (steepest, rate)
    found = at_rate(rate, number)
    chance.shuffle(found)
    missing = total - sum(found)
    while missing:
        step = 1 if missing > 0 else -1
        for place, value in enumerate(found):
            if missing and low <= value + step <= high:
                found[place] += step
                missing -= step
    return found


def _quantile(share: float, rate: float) -> float:
    """Of an exponential distribution between 0 and 1."""
    return -math.log(1 - share * (1 - math.exp(-rate))) / rate


def _stream(chance: random.Random, values: Sequence[T], weights: Sequence[float]) -> Iterator[T]:
    while True:
        yield from chance.choices(values, weights, k=4096)


class Moments:
    """Lays stories into one year."""

    def __init__(self, plan: Plan, chance: random.Random, days: list[date]) -> None:
        """`days`: the working days, in order."""
        self._chance, self._days = chance, days
        weights = [_WEEKDAYS[day.weekday()] * _MONTHS[day.month - 1] for day in days]
        self._starts = _stream(chance, range(len(days)), weights)
        self._half_hours = _stream(chance, range(len(_HALF_HOURS)), _HALF_HOURS)
        self._number_of = {day: number for number, day in enumerate(days)}
        self._at = [midnight(day) for day in days]
        self._waits = _waits(plan, chance)
        answered = sum(counts.answered for counts in plan.structures.values())
        self._talks = spread(chance, answered, 5, 3600, plan.mean_talk)

    def lay(self, stories: list[Story]) -> list[list[Contact]]:
        """The contacts of each story, the earliest story first; RuntimeError if one does not fit the year."""
        laid = sorted((self._story(story) for story in stories), key=lambda story: story[0].joined)
        self._number(laid)
        return laid

    def _story(self, story: Story) -> list[Contact]:
        contacts = []
        for structure, kind, _ in story:
            if kind == "left_by_key":
                wait, talk = self._chance.randint(1, 300), 0
            elif kind in ANSWERED:
                wait, talk = self._waits[structure, "answered"].pop(), self._talks.pop()
            else:
                wait, talk = self._waits[structure, "too_short" if kind == "too_short" else "lost"].pop(), 0
            contacts.append(Contact(structure, kind, 0, wait, talk))
        for _ in range(_TRIES):
            if self._fits(story, contacts):
                return contacts
        raise RuntimeError(f"no days found for {story}")

    def _fits(self, story: Story, contacts: list[Contact]) -> bool:
        """Choose a moment for each; False if one would join after the queues have closed."""
        day = next(self._starts)
        at = self._at[day] + self._clock()
        for place, contact in enumerate(contacts):
            if place:
                end, gap = contacts[place - 1].end, story[place].gap
                if gap == "transfer":
                    contact.joined = end + self._chance.randint(1, 3)
                    contacts[place - 1].is_transferred = True
                    continue
                found = self._next(day, end, gap)
                if found is None:
                    return False
                day, at = found
            if at >= self._at[day] + CLOSES:
                return False
            contact.joined = at
        return True

    def _next(self, day: int, end: int, gap: str) -> tuple[int, int] | None:
        chance, last = self._chance, len(self._days) - 1
        if gap == "quick":
            return day, end + chance.randint(15, 300)
        if gap == "redial" and chance.random() < 0.75:
            return day, end + chance.randint(20, 2400)
        if gap == "redial":
            day += 1
        elif gap == "late":
            day += chance.randint(2, 5)
        else:
            latest = self._days[day] + timedelta(days=6)
            furthest = day
            while furthest < last and self._days[furthest + 1] <= latest:
                furthest += 1
            day = (today := day) + min(int(chance.random() ** 2 * (furthest - day + 1)), furthest - day)
            if day == today:
                return day, end + chance.randint(300, 3 * 3600)
        return None if day > last else (day, self._at[day] + self._clock())

    def _clock(self) -> int:
        return OPENS + next(self._half_hours) * 1800 + self._chance.randrange(1800)

    def _number(self, stories: list[list[Contact]]) -> None:
        """Give each story a citizen's number, its own or one that has rested, and each call its id."""
        resting: list[tuple[int, str]] = []
        made = hidden = calls = 0
        for story in stories:
            first = story[0]
            if first.kind in ("answered_hidden", "hidden"):
                hidden += 1
                caller = "anonymous" if hidden % 3 else ""
            elif first.kind == "not_dialable":
                made += 1
                caller = f"0090532{made % 10**7:07}" if made % 4 else f"{2000 + made % 1000}"
            else:
                is_free = bool(resting) and resting[0][0] < first.joined and self._chance.random() < _REUSED
                made += not is_free
                caller = heapq.heappop(resting)[1] if is_free else citizen(made)
                heapq.heappush(resting, (story[-1].end + _RESTS, caller))
            uniqueid = ""
            for place, contact in enumerate(story):
                if not (place and story[place - 1].is_transferred):
                    calls += 1
                    uniqueid = f"{contact.joined - 9}.{calls}"
                contact.caller, contact.uniqueid = caller, uniqueid


_PREFIXES: Final = ("050", "051", "055", "070", "077", "099", "010", "060")


def citizen(number: int) -> str:
    """A mobile number of Azerbaijan as people dial it, another for each `number`."""
    prefix = _PREFIXES[number % len(_PREFIXES)]
    return f"{prefix}{2_000_000 + number // len(_PREFIXES) * 7919 % 7_999_993:07}"


def _waits(plan: Plan, chance: random.Random) -> dict[tuple[str, str], list[int]]:
    """By structure and kind; only who calls DVX may wait over ten minutes, in the queue it overflows into."""
    structures, found = plan.structures, {}
    answered = sum(counts.answered for counts in structures.values())
    in_time = sum(counts.within_30 for counts in structures.values())
    soon = 11
    beyond = (plan.mean_wait * answered - soon * in_time) / (answered - in_time)
    for name in STRUCTURES:
        counts, longest = structures[name], 900 if name == "dvx" else 600
        waits = spread(chance, counts.within_30, 1, 30, soon)
        waits += spread(chance, counts.answered - counts.within_30, 31, longest, beyond)
        chance.shuffle(waits)
        found[name, "answered"] = waits
        found[name, "too_short"] = spread(chance, counts.too_short, 1, 10, plan.mean_short_wait)
        found[name, "lost"] = spread(chance, counts.lost - counts.too_short, 11, longest, 130)
    return found
