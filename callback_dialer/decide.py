"""What is owed after a missed call: one verdict with its reason, from facts and policy alone.

`CHECKS` are asked in their order and the first that has a reason decides. The order follows the report's
slices: who waited too briefly comes first whoever they are, then who was served, then who cannot be
called, then what the policy does not want, and last what is going on with that number already. `deciding`
gathers the facts and stores the verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from callback_dialer.policy import Policy
from ivr.calls.callback_states import Verdict
from ivr.calls.missed import MissedCall


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store knows about the caller when the call has ended."""

    is_answered_again: bool = False
    """An agent answered another call of that number after this one was missed."""
    is_reached: bool = False
    """A callback of ours reached that number after this call was missed."""
    is_on_the_line: bool = False
    """Another call of that number is open now."""
    is_owed: bool = False
    """That number has an open callback."""
    is_denied: bool = False
    """Somebody at that number asked not to be called."""
    paused: str | None = None
    """Why callbacks are not accepted now, if they are not."""
    used_up: str = ""
    """The budget one more callback would exceed."""
    held: str = ""
    """Why callbacks for calls of that trunk wait for an operator."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict and, in a sentence without private data, why."""

    verdict: Verdict
    why: str


Check = Callable[[MissedCall, Facts, Policy, datetime], str]
"""The reason if this verdict applies, else an empty text."""


def decide(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> Decision:
    """The decision about one missed call that became known at `now`."""
    for verdict, check in CHECKS:
        if why := check(missed, facts, policy, now):
            return Decision(verdict, why)
    return Decision("callback", f"waited {missed.wait_seconds:.1f} s and was not answered ({missed.outcome})")


def _part_of_callback(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> str:
    is_ours = missed.origin == "callback" or missed.attempt_id
    return f"the visit belongs to attempt {missed.attempt_id or '?'}" if is_ours else ""


def _not_a_citizen(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> str:
    is_internal = missed.origin == "internal" or missed.caller_kind == "internal"
    if is_internal or missed.caller_e164 in policy.own:
        return "the call came from an agent or a number of our own"
    return ""


def _too_short(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> str:
    limit = policy.callback.wait_over
    return f"waited {missed.wait_seconds:.3f} s, not over {limit:g} s" if missed.wait_seconds <= limit else ""


def _served_elsewhere(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> str:
    if missed.served_elsewhere_at:
        return "an agent of another structure answered the same call"
    return "a callback reached that number after this call" if facts.is_reached else ""


def _called_again(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> str:
    return "called again and was answered" if facts.is_answered_again else ""


def _anonymous(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> str:
    return "the caller hid their number" if missed.is_anonymous else ""


def _not_dialable(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> str:
    if not missed.caller_e164:
        return f"no number that could be dialled ({missed.caller_kind or 'unknown kind'})"
    return policy.never_dials(missed.caller_e164)


def _blocked(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> str:
    if policy.denies(missed.caller_e164):
        return "callback.deny names that number or its prefix"
    return "somebody at that number asked not to be called" if facts.is_denied else ""


def _too_old(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> str:
    return "became known after callback.max_age" if now > policy.expires_at(missed.missed_at) else ""


def _switched_off(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> str:
    if not policy.callback.enabled:
        return "callback.enabled is false"
    if facts.paused is not None and not facts.is_owed:
        return f"callbacks are not accepted: {facts.paused}"
    return (
        "" if missed.outcome in policy.callback.outcomes else f"callback.for does not list {missed.outcome}"
    )


def _already_open(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> str:
    return "joins the callback already open for that number" if facts.is_owed else ""


def _out_of_budget(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> str:
    return facts.used_up


def _held(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> str:
    return facts.held


def _still_on_the_line(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> str:
    return "the caller is on the line again; owed once that call ends" if facts.is_on_the_line else ""


CHECKS: Final[tuple[tuple[Verdict, Check], ...]] = (
    ("part_of_callback", _part_of_callback),
    ("not_a_citizen", _not_a_citizen),
    ("too_short", _too_short),
    ("served_elsewhere", _served_elsewhere),
    ("called_again", _called_again),
    ("anonymous", _anonymous),
    ("not_dialable", _not_dialable),
    ("blocked", _blocked),
    ("too_old", _too_old),
    ("switched_off", _switched_off),
    ("already_open", _already_open),
    ("out_of_budget", _out_of_budget),
    ("held", _held),
    ("still_on_the_line", _still_on_the_line),
)
