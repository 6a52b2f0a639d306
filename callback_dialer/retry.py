"""What comes after an attempt that did not reach an agent: when to try again, or with which state to give up.

Pure; called by `finishing` in the transaction that ends the attempt. Delays are those of
`callback.retry`, counted per outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from callback_dialer.policy import Policy
from ivr.calls.callback_states import FREE_DISPOSITIONS, ClosedState, Disposition
from ivr.config.callback_rules import RetryDelays


@dataclass(frozen=True, slots=True)
class Retry:
    """Owed again, from `at` on."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Closed in `state`."""

    state: ClosedState


def uses_up_an_attempt(disposition: Disposition) -> bool:
    """Faults of the network or our own are not the citizen's."""
    return disposition not in FREE_DISPOSITIONS


def after(
    dispositions: Sequence[Disposition], policy: Policy, now: datetime, promised_at: datetime | None = None
) -> Retry | GiveUp:
    """What follows the last of a callback's `dispositions`, oldest first.

    `promised_at` is the new time the citizen chose: a promise is kept even when the attempts are used up.
    """
    last = dispositions[-1]
    if last == "reached":
        return GiveUp("reached")
    if promised_at is not None:
        return Retry(promised_at)
    if last == "invalid_number":
        return GiveUp("unreachable")
    if sum(map(uses_up_an_attempt, dispositions)) >= policy.callback.attempts:
        return GiveUp("unreachable")
    plan: dict[str, RetryDelays] = dict(policy.callback.retry)
    delay = _nth(plan[last], dispositions.count(last))
    if last == "unknown":
        # They may have been rung, or even reached: nobody waits longer for the next try.
        delay = max(delay, *chain(*plan.values()))
    return Retry(now + timedelta(seconds=delay))


def _nth(delays: RetryDelays, n: int) -> float:
    """The n-th delay, counted from 1; the last repeats, and without any there is no delay."""
    return delays[min(n, len(delays)) - 1] if delays else 0.0
