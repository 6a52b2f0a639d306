"""From the queue visits of one ended call to its missed calls.

A missed call is one call in one structure that ended without an agent: whatever queues and stays it took
there, nobody answered, and the last visit was abandoned, timed out, thrown out of an empty queue or
interrupted. A caller who overflowed into another structure's queue keeps their own structure. Called by
`callback_dialer.deciding`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, get_args

from ivr.config.callback_rules import Outcome

MISSED_OUTCOMES: Final = frozenset(get_args(Outcome))


@dataclass(frozen=True, slots=True)
class Stay:
    """One queue visit, as far as it says whether somebody was served."""

    structure: str
    queue: str
    outcome: str
    origin: str
    attempt_id: str
    caller: str
    caller_e164: str
    language: str
    joined_at: datetime
    left_at: datetime | None
    answered_at: datetime | None
    wait_seconds: float | None
    received_at: datetime | None = None
    """When we heard of its join, if we did."""


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call after its end, with its visits in the order they were joined."""

    id: int
    server: str
    caller_kind: str
    presentation: str
    trunk: str
    ended_at: datetime
    stays: tuple[Stay, ...]


@dataclass(frozen=True, slots=True)
class MissedCall:
    """One call in one structure without an agent; queue, language and outcome are its last visit's."""

    call_id: int
    server: str
    structure: str
    queue: str
    outcome: str
    origin: str
    attempt_id: str
    caller: str
    caller_e164: str
    caller_kind: str
    is_anonymous: bool
    trunk: str
    """By which the call came in; empty if that was not told."""
    language: str
    wait_seconds: float
    """See `waited`."""
    missed_at: datetime
    """When it left its last queue there."""
    served_elsewhere_at: datetime | None
    """When an agent of another structure answered the same call later on."""


def missed_calls(call: EndedCall) -> tuple[MissedCall, ...]:
    """The call's missed calls, the one that ended first at the head."""
    by_structure: dict[str, list[Stay]] = {}
    for stay in call.stays:
        by_structure.setdefault(stay.structure, []).append(stay)
    missed = [
        _missed(call, stays)
        for stays in by_structure.values()
        if stays[-1].outcome in MISSED_OUTCOMES and not any(stay.answered_at for stay in stays)
    ]
    return tuple(sorted(missed, key=lambda one: one.missed_at))


def _missed(call: EndedCall, stays: Sequence[Stay]) -> MissedCall:
    last = stays[-1]
    missed_at = last.left_at or call.ended_at
    answers = [stay.answered_at for stay in call.stays if stay.answered_at and stay.answered_at >= missed_at]
    return MissedCall(
        call_id=call.id,
        server=call.server,
        structure=last.structure,
        queue=last.queue,
        outcome=last.outcome,
        origin=last.origin,
        attempt_id=last.attempt_id,
        caller=last.caller,
        caller_e164=last.caller_e164,
        caller_kind=call.caller_kind,
        is_anonymous=call.caller_kind == "anonymous" or call.presentation.startswith("prohib"),
        trunk=call.trunk,
        language=last.language,
        wait_seconds=waited(stays, call.ended_at),
        missed_at=missed_at,
        served_elsewhere_at=min(answers, default=None),
    )


class Timed(Protocol):
    """What a wait is computed from: Asterisk's moments, our receipt, the wait itself where it is known."""

    @property
    def joined_at(self) -> datetime: ...
    @property
    def received_at(self) -> datetime | None: ...
    @property
    def left_at(self) -> datetime | None: ...
    @property
    def wait_seconds(self) -> float | None: ...


def waited(stays: Sequence[Timed], ended_at: datetime) -> float:
    """Seconds from the first join to the last leave of one call's stays in one structure, at least one.

    Each stay's wait, which is right even when a clock stepped, and the announcements and menus in between.
    """
    total, before = _wait(stays[0], ended_at), stays[0]
    for stay in stays[1:]:
        total += _between(before, stay) + _wait(stay, ended_at)
        before = max(before, stay, key=lambda one: one.left_at or ended_at)
    return round(total, 3)


def _between(before: Timed, after: Timed) -> float:
    """From a leave to the next join, as far as neither Asterisk's clock nor our receipts say less."""
    if before.left_at is None:
        return 0.0
    gap = (after.joined_at - before.left_at).total_seconds()
    if before.received_at and after.received_at and before.wait_seconds is not None:
        left_at = before.received_at + timedelta(seconds=before.wait_seconds)
        gap = min(gap, (after.received_at - left_at).total_seconds())
    return max(0.0, gap)


def _wait(stay: Timed, ended_at: datetime) -> float:
    if stay.wait_seconds is not None:
        return stay.wait_seconds
    return max(0.0, ((stay.left_at or ended_at) - stay.joined_at).total_seconds())
