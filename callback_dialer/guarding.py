"""The guards against fraud and nuisance that need the store: budgets, the ceiling, bursts of short abandons.

Asked in the transaction that would open a callback, whoever wants it: a missed call, an order, an import.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, true

from callback_dialer.policy import Policy
from ivr.storage import budgets, switches
from ivr.storage.locks import advisory_lock

BY_HAND: Final = "(by hand)"
"""In the place of the trunk a call came in by, where somebody asks for a callback; no trunk has that name."""
SUSPECT: Final = timedelta(hours=1)
"""A burst was not the first call of whoever makes it: what its trunk opened so long before is held, too."""


def used_up(
    connection: Connection, caller_e164: str, orderer: str, trunk: str, policy: Policy, now: datetime
) -> str:
    """The budget that one more callback would exceed, empty if none. `trunk`: by which it was asked for.

    Until this transaction ends no other one counts: two dialers at once open no more than one of them may.
    """
    advisory_lock(connection, "budgets")
    rules = policy.callback.budgets
    limits = {
        "number": (rules.number, budgets.to_number(caller_e164)),
        "prefix": (rules.prefix, budgets.to_prefix(caller_e164[: rules.prefix.digits + 1])),
        "total": (rules.total, true()),
    }
    if trunk == BY_HAND:
        limits["by_hand"] = (rules.by_hand, budgets.asked_by(orderer))
    else:
        limits["orderer"] = (rules.orderer, budgets.asked_by(orderer))
        limits["trunk"] = (rules.trunk, budgets.arrived_over(trunk))
    counts = {
        name: condition & budgets.since(now - timedelta(seconds=budget.within))
        for name, (budget, condition) in limits.items()
    }
    found = budgets.counted(connection, {**counts, "open": budgets.is_open()})
    for name, (budget, _) in limits.items():
        if found[name] >= budget.most:
            return f"budgets.{name}: {budget.most} callbacks within {budget.within:g} s"
    if found["open"] >= policy.callback.ceiling:
        return f"the ceiling of {policy.callback.ceiling} open callbacks is reached"
    return ""


def held(connection: Connection, trunk: str, missed_at: datetime, policy: Policy) -> str:
    """Why callbacks for calls by that trunk wait for an operator, empty if they do not."""
    if (why := switches.why_off(connection, switches.held(trunk))) is not None:
        return why
    burst = policy.callback.burst
    begin = missed_at - timedelta(seconds=burst.within)
    count = budgets.short_abandons(connection, trunk, begin, missed_at, burst.wait_up_to)
    if count < burst.abandons:
        return ""
    return f"{count} calls abandoned within {burst.wait_up_to:g} s in {burst.within:g} s"
