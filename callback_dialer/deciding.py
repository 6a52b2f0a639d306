"""From ended calls in the store to decisions in the store: facts, verdict, callback.

One transaction per call; `decide` has the rules. Called by the dialer whenever calls have ended, and with a
call that never was by `hotline callbacks decide`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

import structlog
from sqlalchemy import Connection

from callback_dialer import guarding
from callback_dialer.decide import Decision, Facts, decide
from callback_dialer.policy import Policy
from ivr.figures.missed import MissedCall, missed_calls
from ivr.storage.engine.statements import clock_of
from ivr.storage.owed import callbacks, missed, refusals, switches
from ivr.storage.owed.callbacks import Wanted

log = structlog.get_logger(__name__)

ALARMING: Final = frozenset({"held", "out_of_budget"})
"""Verdicts an operator should look at."""
BEGINS_AS: Final[Mapping[str, Literal["owed", "on_hold", "held"]]] = {
    "callback": "owed",
    "still_on_the_line": "on_hold",
    "held": "held",
}


def decide_call(connection: Connection, call_id: int, policy: Policy) -> list[Decision]:
    """Decide the missed calls of one ended call; nothing if another dialer did."""
    if not missed.claim(connection, call_id):
        return []
    done = missed.decided_structures(connection, call_id)
    return [
        _decide_one(connection, one, policy)
        for one in missed_calls(missed.ended_call(connection, call_id))
        if one.structure not in done
    ]


def tell(what: str, decision: Decision, **facts: object) -> None:
    """Log a decision; as an error what an operator should look at."""
    say = log.error if decision.verdict in ALARMING else log.info
    say(f"{what} decided", decision=decision.verdict, why=decision.why, **facts)


def would_decide(connection: Connection, one: MissedCall, policy: Policy, orderer: str = "") -> Decision:
    """What is decided about a missed call in this transaction; nothing is stored.

    `orderer` is who asks for the callback, if that is not the caller.
    """
    now = clock_of(connection)
    return decide(one, _facts(connection, one, orderer or one.caller_e164, policy, now), policy, now)


def _decide_one(connection: Connection, one: MissedCall, policy: Policy) -> Decision:
    if one.caller_e164:
        missed.lock_number(connection, one.caller_e164)
    decision = would_decide(connection, one, policy)
    callback_id = _callback_for(connection, one, decision, policy)
    is_suspect = decision.held_for == "operator"
    if is_suspect and switches.turn_off(connection, switches.held(one.trunk), decision.why):
        since = clock_of(connection) - guarding.SUSPECT
        callbacks.hold_back(connection, one.trunk, since, decision.why)
    missed.record_decision(connection, one, decision.verdict, decision.why, callback_id)
    tell("missed call", decision, call_id=one.call_id)
    return decision


def _facts(connection: Connection, one: MissedCall, orderer: str, policy: Policy, now: datetime) -> Facts:
    number = one.caller_e164
    if not number:
        return Facts()
    found = guarding.guarded(connection, number, orderer, one.trunk, one.missed_at, policy, now)
    return Facts(
        is_answered_again=missed.holds(connection, missed.answered_after(number, one.missed_at)),
        is_reached=callbacks.was_reached_after(connection, number, one.missed_at),
        is_on_the_line=missed.holds(connection, missed.on_the_line(number)),
        is_owed=callbacks.open_for(connection, number) is not None,
        is_denied=refusals.is_denied(connection, number, policy.key()),
        paused=switches.why_off(connection, "accept"),
        **found._asdict(),
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
    callback_id = None
    if decision.verdict == "already_open":
        callback_id = callbacks.open_for(connection, one.caller_e164)
    if callback_id is not None:
        callbacks.join(connection, callback_id, wanted)
    return callback_id
