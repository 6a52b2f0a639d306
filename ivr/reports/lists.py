"""The contacts behind a figure, each as the figure counts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from math import ceil
from typing import Final, NamedTuple

from sqlalchemy import Connection

from ivr.figures.classes import LOST, RETURN_WITHIN, Outcome, outcome_of
from ivr.figures.contacts import Contact
from ivr.figures.day import half_hour
from ivr.figures.evidence import Seen, seen
from ivr.figures.kpis import KpiName
from ivr.figures.parts import ALL
from ivr.reading.day_figures import Judging, runs
from ivr.reading.evidence import evidence
from ivr.reports.assembly import is_open
from ivr.reports.report import Period
from ivr.storage.engine.statements import read_at_leisure
from ivr.storage.records.sealed import sealed


class NotKept(Exception):
    """Retention has deleted the records of days of the period: only their sums are left."""


class ListedContact(NamedTuple):
    """One contact as the report counts it: `figure` is its class or slice; moments in UTC, seconds."""

    joined_at: datetime
    server: str
    call_id: int
    structure: str
    caller: str
    figure: str
    outcome: str
    wait_seconds: float
    talk_seconds: float | None
    agents: str
    balance: str
    is_provisional: bool


WORDS: Final = {
    "A": "answered",
    "O": "ordered",
    "X": "excluded",
    "S": "too_short",
    "R": "called_again",
    "C": "called_back",
    "E": "impossible",
    "M": "not_called_back",
    "W": "waiting",
}
_SATISFIED_FROM: Final = 4
_Test = Callable[[Seen, Outcome, Judging], bool]
_OF_SEVERAL: Final[dict[str, _Test]] = {
    "contacts": lambda one, outcome, judging: outcome.code != "W",
    "lost": lambda one, outcome, judging: outcome.code in LOST,
    "abandoned": lambda one, outcome, judging: outcome.code in LOST and one.contact.outcome == "abandoned",
    "hidden": lambda one, outcome, judging: one.contact.is_hidden,
    "not_in_time": lambda one, outcome, judging: (
        outcome.code not in ("A", "W")
        or (outcome.code == "A" and _whole_seconds(one.contact) > judging.rules.limits.in_time)
    ),
    "not_answered": lambda one, outcome, judging: outcome.code not in ("A", "W"),
    "lost_after": lambda one, outcome, judging: outcome.code in LOST and outcome.code != "S",
    "returned": lambda one, outcome, judging: outcome.code == "A" and _came_back(one),
    "dissatisfied": lambda one, outcome, judging: (
        outcome.code == "A" and any(rating is not None and rating < _SATISFIED_FROM for rating in one.ratings)
    ),
}
"""`not_in_time`: lost ones, too; `lost_after`: those owed a callback; `returned`: came again in a week."""
AGAINST: Final[Mapping[KpiName, str]] = {
    "accepted_within": "not_in_time",
    "accepted_overall": "not_answered",
    "lost_after": "lost_after",
    "callback_level": "not_called_back",
    "first_contact_resolution": "returned",
    "satisfaction": "dissatisfied",
}
"""Of each KPI that has a target and is of contacts: the list of those that count against it."""
LISTABLE: Final = (*_OF_SEVERAL, *WORDS.values())


def listed(
    connection: Connection, period: Period, judging: Judging, what: str, structure: str, now: datetime
) -> Iterator[ListedContact]:
    """The contacts of one of `LISTABLE` in that period and structure, the earliest first. Raises NotKept."""
    if any(one.calls_deleted for one in sealed(connection, period.first, period.last)):
        raise NotKept
    read_at_leisure(connection)
    test, rules = _OF_SEVERAL.get(what) or _is_of_word(what), judging.rules
    for some in runs(period.first, min(period.last, now.astimezone(rules.hours.zone).date())):
        known = evidence(connection, some[0], some[-1], rules, judging.why_never)
        for day in some:
            redial_until, spans = rules.redial_until(day), rules.hours.open_on(day)
            for contact in sorted(known.contacts.get(day, ()), key=lambda one: (one.joined_at, one.call_id)):
                if structure not in (ALL, contact.structure):
                    continue
                if period.working_hours_only and not is_open(half_hour(contact.joined_at, rules), spans):
                    continue
                one = seen(known, contact)
                outcome = outcome_of(contact, one.after, rules.limits, redial_until, now)
                if test(one, outcome, judging):
                    yield _listed(contact, outcome)


def _whole_seconds(contact: Contact) -> int:
    """Its wait as the figures count it."""
    return ceil(round(contact.wait_seconds * 1000) / 1000)


def _came_back(one: Seen) -> bool:
    """Whether that known number joined the structure again so soon that the first contact solved nothing."""
    again, contact = one.came_back_at, one.contact
    return again is not None and bool(contact.number) and again - contact.over_at <= RETURN_WITHIN


def _is_of_word(word: str) -> _Test:
    return lambda one, outcome, judging: WORDS[outcome.code] == word


def _listed(contact: Contact, outcome: Outcome) -> ListedContact:
    return ListedContact(
        contact.joined_at,
        contact.server,
        contact.call_id,
        contact.structure,
        contact.number,
        WORDS[outcome.code],
        contact.outcome,
        round(contact.wait_seconds, 3),
        None if contact.talk_seconds is None else round(contact.talk_seconds, 3),
        " ".join(contact.agents),
        outcome.balance,
        outcome.is_provisional,
    )
