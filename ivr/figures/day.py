"""One local day's evidence as parts: the one function that counts, for an open day and for a final one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import Final

from ivr.calls.opening_hours import Schedule
from ivr.figures.classes import LOST, RETURN_WITHIN, Limits, Outcome, outcome_of
from ivr.figures.contacts import Contact
from ivr.figures.evidence import Evidence, PlannedAttempt, Seen, seen
from ivr.figures.parts import (
    AGENTS,
    ALL,
    ATTEMPTS,
    CALLERS,
    MINUTES,
    NODES,
    NOT_INBOUND,
    REQUESTS,
    WHOLE_DAY,
    CellKey,
    Parts,
    cell,
)

_SETTLES_IN: Final = timedelta(days=16)


@dataclass(frozen=True)
class Rules:
    """By what contacts are judged. `hours`: when citizens may be called, and the service hours."""

    hours: Schedule
    limits: Limits = field(default_factory=Limits)

    def redial_until(self, day: date) -> datetime:
        """The last moment at which a citizen's own call recovers a contact lost on that day."""
        return self.hours.next_working_day(datetime.combine(day, time.max, self.hours.zone))[1]

    def settled_at(self, day: date) -> datetime:
        """From then on nothing that is still to come changes the day's figures, but for open callbacks.

        Later than redials and returns, for whatever happens makes the parts of the 15 days before it anew.
        """
        return max(self.redial_until(day), datetime.combine(day + _SETTLES_IN, time.max, self.hours.zone))


@dataclass(frozen=True, slots=True)
class OtherCounts:
    """A day's sums that belong to no contact.

    `minutes` by half hour: up, down, unknown. `nodes`: how callers left each node of the menu.
    """

    minutes: Mapping[int, tuple[int, int, int]]
    nodes: Mapping[tuple[str, str], int]


def half_hour(moment: datetime, rules: Rules) -> int:
    """0 to 47: which half hour of its local day that is."""
    local = moment.astimezone(rules.hours.zone)
    return local.hour * 2 + local.minute // 30


def counted(evidence: Evidence, day: date, other: OtherCounts, rules: Rules, now: datetime) -> Parts:
    """The parts of that local day; `evidence` may hold contacts and attempts of other days."""
    parts: Parts = {}
    redial_until = rules.redial_until(day)
    mine = evidence.contacts.get(day, ())
    for contact in mine:
        _count(parts, seen(evidence, contact), rules, redial_until, now)
    _count_people(parts, mine)
    _count_attempts(parts, evidence.planned, day, rules)
    for moment in evidence.menu_requests:
        if moment.astimezone(rules.hours.zone).date() == day:
            cell(parts, CellKey(ALL, half_hour(moment, rules), REQUESTS)).count += 1
    for one in evidence.other_missed:
        if one.joined_at.astimezone(rules.hours.zone).date() == day:
            key = CellKey(one.structure, half_hour(one.joined_at, rules), NOT_INBOUND)
            cell(parts, key).tally(one.origin)
    for half, (up, down, unknown) in other.minutes.items():
        minutes = cell(parts, CellKey(ALL, half, MINUTES))
        minutes.tallies = {"up": up, "down": down, "unknown": unknown}
    for (node, left_by), number in other.nodes.items():
        cell(parts, CellKey(ALL, WHOLE_DAY, NODES)).tally(f"{node} {left_by}", number)
    return parts


def _count(parts: Parts, one: Seen, rules: Rules, redial_until: datetime, now: datetime) -> None:
    contact, after = one.contact, one.after
    outcome = outcome_of(contact, after, rules.limits, redial_until, now)
    found = cell(parts, CellKey(contact.structure, half_hour(contact.joined_at, rules), outcome.code))
    found.count += 1
    found.provisional += outcome.is_provisional
    wait_ms = round(contact.wait_seconds * 1000)
    found.wait_ms += wait_ms
    wait_seconds = ceil(wait_ms / 1000)
    found.waits[wait_seconds] = found.waits.get(wait_seconds, 0) + 1
    if contact.talk_seconds is not None:
        found.talk_ms += round(contact.talk_seconds * 1000)
    if contact.wrapup_seconds is not None:
        found.wrapup_ms += round(contact.wrapup_seconds * 1000)
        found.handled += 1
    for name in _names(one, outcome, rules, now):
        found.tally(name)


def _names(one: Seen, outcome: Outcome, rules: Rules, now: datetime) -> Iterable[str]:
    """The tallies this contact counts in; `ivr.figures.kpis` reads them."""
    contact, after = one.contact, one.after
    if outcome.balance:
        yield f"balance:{outcome.balance}"
    if contact.is_hidden:
        yield f"hidden:{contact.trunk}"
    if contact.is_rebuilt:
        yield "rebuilt"
    if after.decision:
        yield "missed"
    elif outcome.code in LOST:
        yield "undecided:left_by_key" if contact.outcome == "key" else "undecided:not_decided"
    if outcome.code == "X" and contact.outcome == "key":
        yield "key_unknown" if contact.is_rebuilt else "key"
    if outcome.code == "A":
        yield from _names_of_answered(one, now)
    for topic in one.topics:
        yield f"topic:{topic}"
    if outcome.balance == "recovered_by_us" or after.request == "reached":
        yield from _times_to_callback(one, rules)


def _names_of_answered(one: Seen, now: datetime) -> Iterable[str]:
    contact = one.contact
    if contact.number:
        came_back = one.came_back_at is not None and one.came_back_at - contact.over_at <= RETURN_WITHIN
        yield "known"
        if not came_back:
            yield "resolved"
            if now < contact.over_at + RETURN_WITHIN:
                yield "resolved_provisional"
    if one.has_sheet:
        yield "with_sheet"
    for rating in one.ratings:
        yield "asked"
        if rating is not None:
            yield f"rated:{rating}"


def _times_to_callback(one: Seen, rules: Rules) -> Iterable[str]:
    """Whole minutes, rounded up, from the end of the contact until an agent talked to the citizen."""
    yield "called_back_talked"
    talked = [made.talked_at for made in one.after.attempts if made.talked_at]
    if talked:
        begin, end = one.contact.left_at, min(talked)
        yield f"callback_clock:{_minutes((end - begin).total_seconds())}"
        yield f"callback_service:{_minutes(rules.hours.open_seconds(begin, end))}"


def _minutes(seconds: float) -> int:
    return max(0, ceil(seconds / 60))


def _count_people(parts: Parts, contacts: Iterable[Contact]) -> None:
    """Agents who answered and callers by how often they came, each of the day."""
    agents: set[tuple[str, str]] = set()
    calls: Counter[str] = Counter()
    for contact in contacts:
        agents.update((contact.structure, agent) for agent in contact.agents)
        if contact.number:
            calls[contact.number] += 1
    for structure, _ in agents:
        cell(parts, CellKey(structure, WHOLE_DAY, AGENTS)).count += 1
    if agents:
        cell(parts, CellKey(ALL, WHOLE_DAY, AGENTS)).count = len({agent for _, agent in agents})
    for number, callers in Counter(calls.values()).items():
        cell(parts, CellKey(ALL, WHOLE_DAY, CALLERS)).tally(str(number), callers)


def _count_attempts(parts: Parts, planned: Iterable[PlannedAttempt], day: date, rules: Rules) -> None:
    for one in planned:
        if one.planned_at.astimezone(rules.hours.zone).date() == day:
            key = CellKey(one.structure, half_hour(one.planned_at, rules), ATTEMPTS)
            cell(parts, key).tally(f"{one.number}:{one.disposition or 'live'}")
