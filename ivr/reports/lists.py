"""The contacts behind a figure, each as the figure counts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from ivr.figures.classes import LOST, Outcome, outcome_of
from ivr.figures.contacts import Contact
from ivr.figures.evidence import Seen, seen
from ivr.figures.parts import ALL
from ivr.reading.day_figures import Judging, runs
from ivr.reading.evidence import evidence
from ivr.reports.report import Period
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
_Test = Callable[[Seen, Outcome, Judging], bool]
_OF_SEVERAL: Final[dict[str, _Test]] = {
    "contacts": lambda one, outcome, judging: outcome.code != "W",
    "lost": lambda one, outcome, judging: outcome.code in LOST,
    "abandoned": lambda one, outcome, judging: outcome.code in LOST and one.contact.outcome == "abandoned",
    "late": lambda one, outcome, judging: (
        outcome.code == "A" and one.contact.wait_seconds > judging.rules.limits.in_time
    ),
    "hidden": lambda one, outcome, judging: one.contact.is_hidden,
    "returned": lambda one, outcome, judging: outcome.code == "A" and one.came_back_at is not None,
}
"""`late`: answered after the target's seconds; `returned`: answered, and the caller came again in a week."""
LISTABLE: Final = (*_OF_SEVERAL, *WORDS.values())


def listed(
    connection: Connection, period: Period, judging: Judging, what: str, structure: str, now: datetime
) -> Iterator[ListedContact]:
    """The contacts of one of `LISTABLE` in that period and structure, the earliest first. Raises NotKept."""
    if any(one.calls_deleted for one in sealed(connection, period.first, period.last)):
        raise NotKept
    test = _OF_SEVERAL.get(what) or _is_of_word(what)
    for some in runs(period.first, min(period.last, now.astimezone(judging.rules.hours.zone).date())):
        known = evidence(connection, some[0], some[-1], judging.rules, judging.why_never)
        for day in some:
            redial_until = judging.rules.redial_until(day)
            for contact in sorted(known.contacts.get(day, ()), key=lambda one: (one.joined_at, one.call_id)):
                if structure in (ALL, contact.structure):
                    one = seen(known, contact)
                    outcome = outcome_of(contact, one.after, judging.rules.limits, redial_until, now)
                    if test(one, outcome, judging):
                        yield _listed(contact, outcome)


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
