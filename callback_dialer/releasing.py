"""Release what is held for the window, one at a time, as the budgets have room: held is not lost.

Under the lock of those who open callbacks, and under the same guards. Called by the dialer in every turn.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from callback_dialer.guarding import guarded
from callback_dialer.policy import Policy
from callback_dialer.starting import is_barred, is_settled
from ivr.storage import budgets, callbacks, missed

LOOKS_AT: Final = 5
"""Of each trunk: the first may have a prefix whose budget is full, or be settled now."""


def release_next(connection: Connection, policy: Policy) -> bool:
    """Let one callback become owed that the budgets have room for; False if none did."""
    now, digits = missed.now(connection), policy.callback.budgets.prefix.digits
    for trunk in budgets.trunks_waiting(connection):
        for one in budgets.in_turn(connection, trunk, digits, LOOKS_AT):
            number, by = one.caller_e164, one.orderer
            if guarded(connection, number, by, trunk, one.missed_at, policy, now).held:
                continue
            if not is_settled(connection, one) and not is_barred(connection, one, policy):
                return callbacks.let_go(connection, one.id, "the budgets have room")
    return False
