"""What became of a contact: its class, the slice of a lost one, and whether either may still change.

N = A + O + X + L and L = S + R + C + E + M, always: each contact has exactly one code. Contacts that still
wait are `W` and outside N. Source: the ministry's definitions, which reports print beside the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from ivr.calls.callbacks import FREE_DISPOSITIONS, OPEN_STATES
from ivr.figures.contacts import Contact

Code = Literal["A", "O", "X", "S", "R", "C", "E", "M", "W"]
"""answered · ordered · excluded · lost: too short, called again, called back, impossible, not called back ·
waiting.
"""
LOST: Final[tuple[Code, ...]] = ("S", "R", "C", "E", "M")
COUNTED: Final[tuple[Code, ...]] = ("A", "O", "X", *LOST)

ATTEMPTS_COUNT_FOR: Final = timedelta(days=7)
"""An attempt made elsewhere counts for contacts that ended at most so long before."""
RETURN_WITHIN: Final = timedelta(days=7)
"""A caller who comes back to the structure later than that was served at the first contact."""
NEVER_ON_THE_NETWORK: Final = FREE_DISPOSITIONS | {"unknown", "invalid_number"}
"""Dispositions of attempts that rang nowhere."""
_OPEN_REQUEST: Final = {*OPEN_STATES, "undecided"}
_IMPOSSIBLE: Final = {"anonymous": "hidden", "not_dialable": "not_dialable", "blocked": "denied"}


class AttemptMade(NamedTuple):
    """One attempt to call a citizen back, ours or another system's; `talked_at` if an agent talked."""

    at: datetime
    disposition: str
    talked_at: datetime | None


Never = Literal["", "not_dialable", "denied"]


class Aftermath(NamedTuple):
    """What came after a contact, as far as it is known.

    `request`: the state of the callback that was requested in it, `undecided` before there is one and
    `not_accepted` if there will be none; empty if nothing was requested. `decision`: what was decided about
    the missed call, `callback` its state now.
    `attempts`: ours by the callback, others by number. `answered_again_at`: when an agent next answered that
    citizen. `never`: why the policy never calls that number, `not_dialable` or `denied`; empty if it may.
    """

    request: str = ""
    decision: str = ""
    callback: str = ""
    attempts: Sequence[AttemptMade] = ()
    answered_again_at: datetime | None = None
    never: Never = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """`short_wait`: seconds up to which a lost contact is too short to be owed a callback; `in_time`: up to
    which an answer is in time.
    """

    short_wait: float = 10.0
    in_time: float = 30.0


class Outcome(NamedTuple):
    """A contact's code and whether it may change; `balance`: what became of a lost one, empty otherwise.

    `balance` is `recovered_by_citizen`, `recovered_by_us`, `tried_in_vain`, `still_owed`, or why the citizen
    was not to be called.
    """

    code: Code
    is_provisional: bool
    balance: str = ""


def outcome_of(
    contact: Contact, after: Aftermath, limits: Limits, redial_until: datetime, now: datetime
) -> Outcome:
    """The first that fits. `redial_until`: until when a citizen's own call recovers the contact."""
    if contact.answered_at:
        return Outcome("A", False)
    if contact.outcome == "waiting":
        return Outcome("W", True)
    if after.request in ("reached", "called_again"):
        return Outcome("O", False)
    if after.request in _OPEN_REQUEST:
        return Outcome("O", True)
    if after.request in ("cancelled", "refused"):
        return Outcome("X", False)
    if contact.outcome in ("withdrawn", "redirected") or (contact.outcome == "key" and not after.request):
        return Outcome("X", False)
    if contact.wait_seconds <= limits.short_wait and not after.request:
        return Outcome("S", False, "too_short")
    if after.answered_again_at and after.answered_again_at <= redial_until:
        return Outcome("R", False, "recovered_by_citizen")
    return _not_recovered(contact, after, now < redial_until, now)


def _not_recovered(contact: Contact, after: Aftermath, may_redial: bool, now: datetime) -> Outcome:
    may_change = may_redial or now < contact.left_at + ATTEMPTS_COUNT_FOR or after.callback in OPEN_STATES
    on_network = [one for one in after.attempts if one.disposition not in NEVER_ON_THE_NETWORK]
    if any(one.talked_at or one.disposition == "reached" for one in on_network):
        return Outcome("C", may_redial, "recovered_by_us")
    still_owed = "still_owed" if after.callback in OPEN_STATES else ""
    if on_network:
        return Outcome("C", may_change, still_owed or "tried_in_vain")
    if why := impossible(contact, after):
        return Outcome("E", may_change, still_owed or why)
    return Outcome("M", may_change, still_owed or after.callback or after.decision or "no_decision")


def impossible(contact: Contact, after: Aftermath) -> str:
    """Why nobody could be called; empty if somebody could."""
    if after.decision in _IMPOSSIBLE:
        return _IMPOSSIBLE[after.decision]
    if contact.is_hidden:
        return "hidden"
    if not contact.number:
        return "not_dialable"
    if after.never:
        return after.never
    return "never_on_the_network" if after.attempts else ""
