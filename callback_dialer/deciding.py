"""From ended calls in the store to decisions in the store: facts, verdict, callback.

`decide` has the rules; here their facts are gathered, in one transaction per call. The dialer calls it
whenever calls have ended. What stands against a request is asked by whoever takes one, and by
`hotline callbacks decide`.

`guarded` asks the guards against fraud and nuisance that need the store (budgets, ceilings, bursts of short
abandons) in the transaction that would open a callback, whoever wants it: a missed call, a request, an
import. A number and whoever asks have budgets of their own, which refuse. What exceeds those that trunk,
prefix and all share is held: a flood delays callbacks and switches them off for nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection

from callback_dialer.decide import Candidate, Decision, Facts, against, candidate, decide
from callback_dialer.policy import Policy
from ivr.calls.callbacks import HeldFor, OpenState, Verdict
from ivr.calls.numbers import CallerNumber
from ivr.config.callback_rules import Budget
from ivr.figures.missed import MissedCall, missed_calls
from ivr.storage.engine.statements import advisory_lock, clock_of
from ivr.storage.owed import budgets, callbacks, switches, undecided
from ivr.storage.owed.callbacks import Wanted

BY_HAND: Final = "(by hand)"
"""In the place of the trunk a call came in by, where somebody asks for a callback; no trunk has that name."""
SUSPECT: Final = timedelta(hours=1)
"""A burst was not the first call of whoever makes it: what its trunk opened so long before is held, too."""


OWN: Final = frozenset({"number", "orderer", "by_hand"})
"""Budgets that refuse, and count what was opened; the others hold, and count what became owed."""


def guarded(
    connection: Connection, number: str, orderer: str, trunk: str, at: datetime, policy: Policy, now: datetime
) -> Facts:
    """What the guards alone say of a callback to `number`, missed or asked for `at` a moment by `trunk`.

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
    held_for: HeldFor = "operator" if held else "window" if window else ""
    return Facts(used_up=used_up, held=held or window, held_for=held_for)


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


log = structlog.get_logger(__name__)

ALARMING: Final = frozenset({"held", "out_of_budget"})
"""Verdicts an operator should look at."""
BEGINS_AS: Final[Mapping[Verdict, OpenState]] = {
    "callback": "owed",
    "still_on_the_line": "on_hold",
    "held": "held",
}


def decide_call(connection: Connection, call_id: int, policy: Policy) -> list[Decision]:
    """Decide the missed calls of one ended call; nothing if another dialer did."""
    if not undecided.claim(connection, call_id):
        return []
    done = undecided.decided_structures(connection, call_id)
    return [
        _decide_one(connection, one, policy)
        for one in missed_calls(undecided.ended_call(connection, call_id))
        if one.structure not in done
    ]


def tell(what: str, decision: Decision, **facts: object) -> None:
    """Log a decision; as an error what an operator should look at."""
    say = log.error if decision.verdict in ALARMING else log.info
    say(f"{what} decided", decision=decision.verdict, why=decision.why, **facts)


def against_request(
    connection: Connection, number: CallerNumber, trunk: str, at: datetime, policy: Policy, orderer: str = ""
) -> Decision | None:
    """What stands against a callback to that number now, if anything does; nothing is stored.

    It was asked for `at` a moment by a call over `trunk`; `orderer` is who asks, if that is another number.
    """
    now = clock_of(connection)
    who = Candidate(number.e164, number.kind, number.kind == "anonymous", trunk, at)
    return against(who, _facts(connection, who, orderer or number.e164, policy, now), policy, now)


def _decide_one(connection: Connection, one: MissedCall, policy: Policy) -> Decision:
    if one.caller_e164:
        undecided.lock_number(connection, one.caller_e164)
    now = clock_of(connection)
    who = candidate(one)
    decision = decide(one, _facts(connection, who, who.e164, policy, now), policy, now)
    callback_id = _callback_for(connection, one, decision, policy)
    is_suspect = decision.held_for == "operator"
    if is_suspect and switches.turn_off(connection, switches.held(one.trunk), decision.why):
        callbacks.hold_back(connection, one.trunk, now - SUSPECT, decision.why)
    undecided.record_decision(connection, one, decision.verdict, decision.why, callback_id)
    tell("missed call", decision, call_id=one.call_id)
    return decision


def _facts(connection: Connection, who: Candidate, orderer: str, policy: Policy, now: datetime) -> Facts:
    number = who.e164
    if not number:
        return Facts()
    return replace(
        guarded(connection, number, orderer, who.trunk, who.at, policy, now),
        is_answered_again=undecided.holds(connection, undecided.answered_after(number, who.at)),
        is_reached=undecided.holds(connection, callbacks.reached_after(number, who.at)),
        is_on_the_line=undecided.holds(connection, undecided.on_the_line(number)),
        is_owed=callbacks.open_for(connection, number) is not None,
        is_denied=switches.is_denied(connection, number, policy.key()),
        paused=switches.why_off(connection, "accept"),
    )


def _callback_for(connection: Connection, one: MissedCall, decision: Decision, policy: Policy) -> int | None:
    """The callback the missed call is linked to: a new one, the one already open, or none."""
    wanted = Wanted(
        caller_e164=one.caller_e164,
        caller=one.caller,
        server=one.server,
        queue=one.queue,
        structure=one.structure,
        language=one.language or policy.default_language,
        missed_at=one.missed_at,
        expires_at=policy.expires_at(one.missed_at),
        orderer=one.caller_e164,
        arrived_over=one.trunk,
        credit_seconds=one.wait_seconds,
        held_for=decision.held_for,
    )
    if decision.verdict in BEGINS_AS:
        return callbacks.owe(connection, wanted, state=BEGINS_AS[decision.verdict], note=decision.why)
    is_open = decision.verdict == "already_open"
    callback_id = callbacks.open_for(connection, one.caller_e164) if is_open else None
    if callback_id is not None:
        callbacks.join(connection, callback_id, wanted)
    return callback_id
