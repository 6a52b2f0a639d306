"""What is owed after a missed call, or to whoever asks, and what follows an attempt. Pure.

`decide` gives one verdict with its reason, from facts and policy; the first reason not to call decides. The
order is that of the reports' slices of lost calls: what is no citizen's call comes first, then a short wait
(`wait_over`, 10 s), then who was served, then who cannot be called, then what the policy does not want, and
last what is going on with that number already. A request is asked all of this but what only a call has: a
wait and an outcome. `deciding` gathers the facts and stores the verdict.

`after` says when to try again after an attempt that did not reach an agent, or with which state to give up.
`following` calls it in the transaction that ends the attempt; delays are those of `callback.retry`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple

from callback_dialer.policy import Policy
from ivr.calls.callbacks import FREE_DISPOSITIONS, ClosedState, Disposition, HeldFor, Verdict
from ivr.config.callback_rules import RetryDelays
from ivr.figures.missed import MissedCall


class Candidate(NamedTuple):
    """Whose callback is decided on, `at` the moment they were missed or asked for it; `trunk` by which."""

    e164: str
    kind: str
    is_anonymous: bool
    trunk: str
    at: datetime


def candidate(call: MissedCall) -> Candidate:
    """The caller of a missed call."""
    return Candidate(call.caller_e164, call.caller_kind, call.is_anonymous, call.trunk, call.missed_at)


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
    """The budget of their own, or the ceiling of held callbacks, that one more would exceed."""
    held: str = ""
    """Why one more callback would be held."""
    held_for: HeldFor = ""
    """What it would wait for then."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict and, in a sentence without private data, why."""

    verdict: Verdict
    why: str
    held_for: HeldFor = ""


def decide(missed: MissedCall, facts: Facts, policy: Policy, now: datetime) -> Decision:
    """The decision about one missed call that became known at `now`."""
    waited = f"waited {missed.wait_seconds:.1f} s and was not answered ({missed.outcome})"
    return against(candidate(missed), facts, policy, now, missed) or Decision("callback", waited)


def against(
    who: Candidate, facts: Facts, policy: Policy, now: datetime, call: MissedCall | None = None
) -> Decision | None:
    """What stands against a callback, if anything does; without a `call` somebody asks for it."""
    return next(_reasons_against(who, facts, policy, now, call), None)


def _reasons_against(
    who: Candidate, facts: Facts, policy: Policy, now: datetime, call: MissedCall | None
) -> Iterator[Decision]:
    """Every verdict but a callback that applies, in the order in which they are asked."""
    rules = policy.callback
    if call and (call.origin == "callback" or call.attempt_id):
        yield Decision("part_of_callback", f"the visit belongs to attempt {call.attempt_id or '?'}")
    is_internal = who.kind == "internal" or (call and call.origin == "internal")
    if is_internal or policy.is_own(who.e164):
        yield Decision("not_a_citizen", "an agent's, a contact's or our own number is never called back")
    if call and call.wait_seconds <= rules.wait_over:
        yield Decision("too_short", f"waited {call.wait_seconds:.3f} s, not over {rules.wait_over:g} s")
    if call and call.served_elsewhere_at:
        yield Decision("served_elsewhere", "an agent of another structure answered the same call")
    if facts.is_reached:
        yield Decision("served_elsewhere", "a callback reached that number after this call")
    if facts.is_answered_again:
        yield Decision("called_again", "called again and was answered")
    if who.is_anonymous:
        yield Decision("anonymous", "the caller hid their number")
    if not who.e164:
        yield Decision("not_dialable", f"no number that could be dialled ({who.kind or 'unknown kind'})")
    if why := policy.never_dials(who.e164):
        yield Decision("not_dialable", why)
    if policy.denies(who.e164):
        yield Decision("blocked", "callback.deny names that number or its prefix")
    if facts.is_denied:
        yield Decision("blocked", "somebody at that number asked not to be called")
    if now > policy.expires_at(who.at):
        yield Decision("too_old", "became known after callback.max_age")
    if not rules.enabled:
        yield Decision("switched_off", "callback.enabled is false")
    if facts.paused is not None and not facts.is_owed:
        yield Decision("switched_off", f"callbacks are not accepted: {facts.paused}")
    if call and call.outcome not in rules.outcomes:
        yield Decision("switched_off", f"callback.for does not list {call.outcome}")
    if facts.is_owed:
        yield Decision("already_open", "joins the callback already open for that number")
    if facts.used_up:
        yield Decision("out_of_budget", facts.used_up)
    if facts.held:
        yield Decision("held", facts.held, facts.held_for)
    if facts.is_on_the_line:
        yield Decision("still_on_the_line", "the caller is on the line again; owed once that call ends")


def uses_up_an_attempt(disposition: Disposition) -> bool:
    """Faults of the network or our own are not the citizen's."""
    return disposition not in FREE_DISPOSITIONS


def after(
    dispositions: Sequence[Disposition], policy: Policy, now: datetime, promised_at: datetime | None = None
) -> datetime | ClosedState:
    """What follows the last of a callback's `dispositions`, oldest first: from when on it is owed again, or
    in which state it is closed.

    `promised_at` is the new time the citizen chose: a promise is kept even when the attempts are used up.
    """
    last = dispositions[-1]
    if last == "reached":
        return "reached"
    if promised_at is not None:
        return promised_at
    tries = sum(map(uses_up_an_attempt, dispositions))
    if last == "invalid_number" or tries >= policy.callback.attempts:
        return "unreachable"
    plan: dict[str, RetryDelays] = dict(policy.callback.retry)
    delay = _nth(plan[last], dispositions.count(last))
    if last == "unknown":
        # They may have been rung, or even reached: nobody waits longer for the next try.
        delay = max(delay, *chain(*plan.values()))
    return now + timedelta(seconds=delay)


def _nth(delays: RetryDelays, n: int) -> float:
    """The n-th delay, counted from 1; the last repeats, and without any there is no delay."""
    return delays[min(n, len(delays)) - 1] if delays else 0.0
