"""The files of `hotline data import`: attempts, topics, inquiry sheets, minutes, the year before's figures.

Chosen here: who was tried when, which contacts have which topics and sheets, when the line was down.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from tests.year.moments import BAKU, CALLS_UNTIL, CLOSES, DAY, OPENS, Contact, midnight
from tests.year.plan import STRUCTURES, Plan
from tests.year.scopes import QUERY_KINDS

Row = Sequence[str | int | float]

IN_VAIN: Final = (
    "no_answer", "no_answer", "busy", "declined", "machine_or_no_confirmation", "citizen_left_before_agent",
    "no_agent",
)  # fmt: skip
NEVER_OUT: Final = ("trunk_failed", "congestion", "aborted", "unknown", "invalid_number")
"""Outcomes of attempts that did not reach the public network."""
_MAY_BE_TRIED: Final = {"answered", "called_again", "too_short"}
"""A redial was tried in between only where no loss before it needs to stay untried."""


def local(epoch: int) -> str:
    """The moment as people in Baku write it, without offset."""
    return datetime.fromtimestamp(epoch + BAKU, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def day_of(epoch: int) -> date:
    """The day in Baku."""
    return datetime.fromtimestamp(epoch + BAKU, UTC).date()


class Attempt(NamedTuple):
    """A call made to a citizen by hand; `at` is an epoch second, `number` E.164."""

    at: int
    number: str
    structure: str
    outcome: str
    agent: str

    @property
    def row(self) -> Row:
        """Its moment with offset."""
        return self.number, f"{local(self.at)}+04:00", self.structure, self.outcome, self.agent


def attempts(
    stories: Iterable[list[Contact]], days: Sequence[date], chance: random.Random
) -> Iterator[Attempt]:
    """Every attempt, by which what nobody answered falls into its slice; `days`: the working days."""
    working = set(days)
    for story in stories:
        for place, contact in enumerate(story):
            for at, outcome in _tries(story, place, working, chance):
                # An attempt counts for the number's losses in any structure.
                structure = chance.choice(STRUCTURES) if chance.random() < 0.1 else contact.structure
                agent = f"1{STRUCTURES.index(structure) + 1}01"
                yield Attempt(at, f"+994{contact.caller[1:]}", structure, outcome, agent)


def _tries(
    story: list[Contact], place: int, working: set[date], chance: random.Random
) -> list[tuple[int, str]]:
    contact, kind = story[place], story[place].kind
    after = story[place + 1] if place + 1 < len(story) else None
    if kind in ("talked", "called_back") and (after is None or after.kind != kind):
        before = [chance.choice(IN_VAIN + NEVER_OUT) for _ in range(chance.choice((0, 0, 0, 1, 2)))]
        last = "reached" if kind == "talked" else chance.choice(IN_VAIN)
        return _on_one_day(contact, [*before, last], working, chance)
    if kind == "failed":
        return _on_one_day(contact, chance.choices(NEVER_OUT, k=chance.randint(1, 3)), working, chance)
    if kind == "called_again" and after is not None and after.joined - contact.end > 600:
        is_harmless = all(one.kind in _MAY_BE_TRIED for one in story[:place])
        return (
            [((contact.end + after.joined) // 2, "no_answer")]
            if is_harmless and chance.random() < 0.1
            else []
        )
    if len(story) == 1 and kind in ("not_called_back", "too_short") and chance.random() < 0.1:
        if kind == "too_short":
            return [(contact.end + 60, "reached")]
        return [(contact.end + 14 * DAY if chance.random() < 0.5 else contact.joined - 300, "reached")]
    return []


def _on_one_day(
    contact: Contact, outcomes: list[str], working: set[date], chance: random.Random
) -> list[tuple[int, str]]:
    """On the evening of the day, or on the day after if it is a working day."""
    day = day_of(contact.end)
    begin, end = contact.end + 60, midnight(day) + CALLS_UNTIL
    if day + timedelta(days=1) in working and chance.random() < 0.3:
        begin, end = midnight(day) + DAY + OPENS, midnight(day) + DAY + CALLS_UNTIL
    return list(zip(sorted(chance.sample(range(begin, end), len(outcomes))), outcomes, strict=True))


def topics(
    answered: Iterable[Contact], numbers: Mapping[str, int], chance: random.Random
) -> Iterator[tuple[Contact, str]]:
    """A topic for each answered contact and another one for some; ValueError if there are too few."""
    contacts = list(answered)
    chance.shuffle(contacts)
    whole = [name for name, number in numbers.items() for _ in range(number)]
    if not len(contacts) <= len(whole) <= 2 * len(contacts) or max(numbers.values()) > len(contacts):
        raise ValueError(f"{len(whole)} topics do not fit {len(contacts)} answered contacts")
    # Of the whole list, in order, no two places so far apart have the same topic.
    for place, name in enumerate(whole):
        yield contacts[place % len(contacts)], name


class Inquiries:
    """Inquiry sheets. By structure: `days_of` sums the days of `answers`, `with_sheet` counts contacts."""

    def __init__(
        self, plan: Plan, contacts: Iterable[Contact], days: list[date], chance: random.Random
    ) -> None:
        """`days`: the working days, in order."""
        self._plan, self._chance, self._days, self._working = plan, chance, days, set(days)
        self._number = 0
        self.days_of: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.with_sheet: Counter[str] = Counter()
        found = list(contacts)
        self._talked = deque(one for one in found if one.kind == "talked" and one.structure == "dvx")
        answered = [one for one in found if one.is_answered]
        self._latest: dict[str, list[Contact]] = {}
        self._free: dict[str, deque[Contact]] = {}
        for name, counts in plan.structures.items():
            own = [one for one in answered if one.structure == name]
            still_open = sum(one.carried_out for one in counts.sheets.values())
            self._latest[name] = own[len(own) - still_open :]
            rest = own[: len(own) - still_open]
            chance.shuffle(rest)
            self._free[name] = deque(rest)

    def rows(self) -> Iterator[Row]:
        """Every sheet: id, kind, structure, opened, closed, outcome, call."""
        for name, counts in self._plan.structures.items():
            without = self._plan.sheets_without_answer if name == "dvx" else 0
            for kind, sheets in counts.sheets.items():
                for _ in range(sheets.carried_in):
                    yield self._carried_in(name, kind)
                if kind in QUERY_KINDS:
                    for _ in range(sheets.prepared - sheets.carried_out):
                        yield self._answered(name, kind, counts.answer_days)
                    for _ in range(sheets.carried_out):
                        self.with_sheet[name] += 1
                        yield self._row(kind, self._latest[name].pop(), None, "")
                    continue
                for number in range(sheets.prepared):
                    days = self._chance.randint(0, 3)
                    if kind == "complaint_about_body_or_staff" and number < without:
                        yield self._without_answer(name, kind, number)
                    else:
                        self.with_sheet[name] += 1
                        yield self._row(kind, self._contact(name, days), days, "sent_on")

    def _row(
        self, kind: str, contact: Contact, days: int | None, outcome: str, call: str | None = None
    ) -> Row:
        self._number += 1
        opened = contact.end - 5
        closes = (
            ""
            if days is None
            else local(midnight(day_of(opened)) + days * DAY + 18 * 3600 + self._number % 7200)
        )
        found = contact.uniqueid if call is None else call
        return f"MV-{self._number:05}", kind, contact.structure, local(opened), closes, outcome, found

    def _contact(self, name: str, days: int) -> Contact:
        """One without a sheet, so many days after which work is done."""
        free = self._free[name]
        for _ in range(len(free)):
            if day_of(free[0].end) + timedelta(days=days) in self._working:
                return free.popleft()
            free.rotate(-1)
        raise RuntimeError(f"no answered contact of {name} has work done {days} days later")

    def _answered(self, name: str, kind: str, mean: float) -> Row:
        noise = self._chance.randint(-3, 3) if self.answers[name] > 20 else 0
        days = max(0, round(mean * (self.answers[name] + 1) - self.days_of[name] + noise))
        self._count(name, days := min(days, 12))
        self.with_sheet[name] += 1
        return self._row(kind, self._contact(name, days), days, "answered_by_centre")

    def _count(self, name: str, days: int) -> None:
        self.answers[name] += 1
        self.days_of[name] += days

    def _carried_in(self, name: str, kind: str) -> Row:
        """Opened in the last days of December, closed on the first working days."""
        december = date(self._days[0].year - 1, 12, 18) + timedelta(days=self._number % 5)
        days = (self._days[self._number % 3] - december).days
        self._count(name, days)
        at = midnight(december) + OPENS + self._chance.randrange(CLOSES - OPENS)
        return self._row(kind, Contact(name, "answered", at, 0, 5), days, "answered_by_centre", "")

    def _without_answer(self, name: str, kind: str, number: int) -> Row:
        """By turns of a lost contact that was called back, and of no call at all."""
        if number % 2 and self._talked:
            return self._row(kind, self._talked.popleft(), 1, "sent_on")
        contact = self._free[name][number]
        return self._row(kind, contact, 1, "sent_on", "")


def minutes(days: list[date], availability: float, chance: random.Random) -> tuple[list[Row], dict[str, int]]:
    """One row per minute of callback hours, and of a test at night that fails; how many `up` and `monitored`.

    The line is down for ten minutes at a time. Nights are no service hours.
    """
    blocks = [midnight(day) + second for day in days for second in range(OPENS, CALLS_UNTIL, 600)]
    down = set(chance.sample(range(len(blocks)), round(len(blocks) * (1 - availability / 100))))
    rows: list[Row] = []
    for place, begin in enumerate(blocks):
        failed = 4 if place in down else 0
        rows += [("main", local(begin + 60 * minute), 4, failed) for minute in range(10)]
    nights = [midnight(day) + 3 * 3600 for day in days[::20]]
    rows += [("main", local(night + 60 * minute), 4, 4) for night in nights for minute in range(60)]
    return rows, {"up": 10 * (len(blocks) - len(down)), "monitored": 10 * len(blocks)}


def published(plan: Plan, year: int) -> list[Row]:
    """The KPIs of the year before, of all structures."""
    return [(year - 1, figure, "all", value) for figure, value in plan.published.items()]
