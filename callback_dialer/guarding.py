"""The guards against fraud and nuisance that need the store: budgets, ceilings, bursts of short abandons.

Asked in the transaction that would open a callback, whoever wants it: a missed call, an order, an import.
A number and whoever asks have budgets of their own, which refuse. What exceeds those that trunk, prefix and
all share is held: a flood delays callbacks and switches them off for nobody.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection

from callback_dialer.policy import Policy
from ivr.calls.callback_states import HeldFor
from ivr.config.callback_rules import Budget
from ivr.storage.engine.statements import advisory_lock
from ivr.storage.owed import budgets, switches

BY_HAND: Final = "(by hand)"
"""In the place of the trunk a call came in by, where somebody asks for a callback; no trunk has that name."""
SUSPECT: Final = timedelta(hours=1)
"""A burst was not the first call of whoever makes it: what its trunk opened so long before is held, too."""


OWN: Final = frozenset({"number", "orderer", "by_hand"})
"""Budgets that refuse, and count what was opened; the others hold, and count what became owed."""


class Guarded(NamedTuple):
    """What stands against one more callback: a reason to refuse it, and one to hold it."""

    used_up: str
    held: str
    held_for: HeldFor


def guarded(
    connection: Connection, number: str, orderer: str, trunk: str, at: datetime, policy: Policy, now: datetime
) -> Guarded:
    """What the guards say of a callback to `number` that was missed, or asked for, `at` a moment by `trunk`.

    Until this transaction ends no other one counts: two dialers at once open no more than one of them may.
    """
    advisory_lock(connection, "budgets")
    rules = policy.callback
    uses = budgets.uses(number, number[: rules.budgets.prefix.digits + 1], orderer, trunk)
    if trunk == BY_HAND:
        del uses["trunk"]
        uses["by_hand"] = uses.pop("orderer")
    limits: dict[str, Budget] = {name: getattr(rules.budgets, name) for name in uses}
    begins = {name: now - timedelta(seconds=limit.within) for name, limit in limits.items()}
    found = budgets.used(connection, uses, begins, OWN)
    full = {
        name: f"budgets.{name}: {budget.most} callbacks within {budget.within:g} s"
        for name, budget in limits.items()
        if found[name] >= budget.most
    }
    if found["ceiling"] >= rules.ceiling:
        full["ceiling"] = f"the ceiling of {rules.ceiling} owed callbacks is reached"
    used_up = next((why for name, why in full.items() if name in OWN), "")
    window = next((why for name, why in full.items() if name not in OWN), "")
    held = _suspected(connection, trunk, at, policy)
    if (held or window) and found["held"] >= rules.held_ceiling:
        used_up = used_up or f"the ceiling of {rules.held_ceiling} held callbacks is reached"
    return Guarded(used_up, held or window, "operator" if held else "window" if window else "")


def _suspected(connection: Connection, trunk: str, missed_at: datetime, policy: Policy) -> str:
    """Why callbacks for calls by that trunk wait for an operator, empty if they do not."""
    if (why := switches.why_off(connection, switches.held(trunk))) is not None:
        return why
    burst = policy.callback.burst
    begin = missed_at - timedelta(seconds=burst.within)
    count = budgets.short_abandons(connection, trunk, begin, missed_at, burst.wait_up_to)
    if count < burst.abandons:
        return ""
    return f"{count} calls abandoned within {burst.wait_up_to:g} s in {burst.within:g} s"
