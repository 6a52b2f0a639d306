"""All that some days' figures rest on, by what it is found by; and what is seen of one contact in it.

`ivr.reading.evidence` fills it from the store. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, NamedTuple

from ivr.figures.classes import ATTEMPTS_COUNT_FOR, Aftermath, AttemptMade, Never
from ivr.figures.contacts import Contact

Channel = tuple[str, str]
"""Server and uniqueid."""
_NO_CALLBACK: Final = 0
"""No callback has that id."""


class Joined(NamedTuple):
    """A citizen's visit as others of that number look for it."""

    call_id: int
    structure: str
    joined_at: datetime
    answered_at: datetime | None


class RequestMade(NamedTuple):
    """A callback request a caller made by key: `decision` is empty until there is one."""

    asked_at: datetime
    queue: str
    decision: str
    callback_id: int | None


class PlannedAttempt(NamedTuple):
    """One of our attempts, as the funnel counts it."""

    planned_at: datetime
    structure: str
    number: int
    disposition: str


class OtherMissedCall(NamedTuple):
    """A missed call with a decision that is no citizen's; `origin`: `callback` or `internal`."""

    joined_at: datetime
    structure: str
    origin: str


@dataclass(slots=True)
class Evidence:
    """`joined` by `caller_key`: from the first contact until a week and a deadline after the last one."""

    contacts: Mapping[date, Sequence[Contact]] = field(default_factory=dict)
    """By the local day of their first join."""
    joined: Mapping[str, Sequence[Joined]] = field(default_factory=dict)
    decisions: Mapping[tuple[int, str], tuple[str, int | None]] = field(default_factory=dict)
    """By call and structure: the decision and its callback."""
    requests: Mapping[Channel, Sequence[RequestMade]] = field(default_factory=dict)
    callbacks: Mapping[int, str] = field(default_factory=dict)
    """State by id."""
    attempts: Mapping[int, Sequence[AttemptMade]] = field(default_factory=dict)
    """By callback, but for those that answer an inquiry or inform."""
    outside_attempts: Mapping[str, Sequence[AttemptMade]] = field(default_factory=dict)
    """Of other systems, by number."""
    ratings: Mapping[Channel, tuple[str, int | None]] = field(default_factory=dict)
    """The queue whose agent is rated, and the rating."""
    topics: Mapping[tuple[int, str], Sequence[str]] = field(default_factory=dict)
    """By call and structure."""
    sheets: frozenset[tuple[int, str]] = frozenset()
    """Calls and structures with an inquiry sheet."""
    planned: Sequence[PlannedAttempt] = ()
    other_missed: Sequence[OtherMissedCall] = ()
    menu_requests: Sequence[datetime] = ()
    """Moments of callback requests of calls that came to no queue."""
    why_never: Callable[[str], Never] = lambda number: ""
    """Why the policy never calls that number."""


def caller_key(number: str, call_id: int) -> str:
    """By what a caller is found again: the number, or without one the call."""
    return number or f"call {call_id}"


class Seen(NamedTuple):
    """A contact with what is known of it. `came_back_at`: when that citizen next joined that structure."""

    contact: Contact
    after: Aftermath
    came_back_at: datetime | None
    ratings: tuple[int | None, ...]
    topics: Sequence[str]
    has_sheet: bool


def seen(evidence: Evidence, contact: Contact) -> Seen:
    """What is known of that contact."""
    its = (contact.call_id, contact.structure)
    channels = [(contact.server, channel) for channel in contact.channels]
    joined = evidence.joined.get(caller_key(contact.number, contact.call_id), ())
    decision, callback_id = evidence.decisions.get(its, ("", None))
    after = Aftermath(decision=decision)
    if not contact.answered_at:
        request, requested = _request(evidence, contact, channels)
        callback_id = requested or callback_id or _NO_CALLBACK
        after = Aftermath(
            request=request,
            decision=decision,
            callback=evidence.callbacks.get(callback_id, ""),
            attempts=tuple(_attempts(evidence, contact, callback_id)),
            answered_again_at=_answered_again(contact, joined),
            never=evidence.why_never(contact.number) if contact.number else "",
        )
    return Seen(
        contact,
        after,
        _came_back(contact, joined),
        tuple(_ratings(evidence, contact, channels)),
        evidence.topics.get(its, ()),
        its in evidence.sheets,
    )


def _request(evidence: Evidence, contact: Contact, channels: Sequence[Channel]) -> tuple[str, int | None]:
    """State of the callback the caller asked for when the contact was over, and its id."""
    made = [
        one
        for channel in channels
        for one in evidence.requests.get(channel, ())
        if one.queue in contact.queues and one.asked_at >= contact.joined_at.replace(microsecond=0)
    ]
    if not made:
        return "", None
    latest = max(made)
    if latest.callback_id is None:
        return "not_accepted" if latest.decision else "undecided", None
    return evidence.callbacks.get(latest.callback_id, "not_accepted"), latest.callback_id


def _attempts(evidence: Evidence, contact: Contact, callback_id: int) -> Iterator[AttemptMade]:
    for one in evidence.attempts.get(callback_id, ()):
        if one.at >= contact.joined_at:
            yield one
    for one in evidence.outside_attempts.get(contact.number, ()):
        if contact.left_at <= one.at <= contact.left_at + ATTEMPTS_COUNT_FOR:
            yield one


def _ratings(evidence: Evidence, contact: Contact, channels: Sequence[Channel]) -> Iterator[int | None]:
    """A call that was transferred into another structure is one channel, and its contacts are two."""
    for queue, rating in (evidence.ratings[one] for one in channels if one in evidence.ratings):
        if queue in contact.queues:
            yield rating


def _answered_again(contact: Contact, joined: Sequence[Joined]) -> datetime | None:
    answers = (one.answered_at for one in joined if one.answered_at and one.answered_at >= contact.left_at)
    return min(answers, default=None)


def _came_back(contact: Contact, joined: Sequence[Joined]) -> datetime | None:
    later = (
        one.joined_at
        for one in joined
        if one.structure == contact.structure
        and one.call_id != contact.call_id
        and one.joined_at > contact.over_at
    )
    return min(later, default=None)
