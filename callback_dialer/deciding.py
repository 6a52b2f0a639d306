"""From ended calls in the store to decisions in the store: facts, verdict, callback.

One transaction per call; `decide` has the rules. Called by the dialer whenever calls have ended; what stands
against a request is asked by whoever takes one, and by `hotline callbacks decide`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import Connection

from callback_dialer import guarding
from callback_dialer.decide import Candidate, Decision, Facts, against, candidate, decide
from callback_dialer.policy import Policy
from ivr.calls.callback_states import OpenState, Verdict
from ivr.calls.numbers import CallerNumber
from ivr.figures.missed import MissedCall, missed_calls
from ivr.storage.engine.statements import clock_of
from ivr.storage.owed import callbacks, missed, refusals, switches
from ivr.storage.owed.callbacks import Wanted

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


def against_request(
    connection: Connection, number: CallerNumber, trunk: str, at: datetime, policy: Policy, orderer: str = ""
) -> Decision | None:
    """What stands against a callback to that number now, if anything does; nothing is stored.

    It was asked for `at` a moment by a call over `trunk`; `orderer` is who asks, if that is another number.
    """
    now, who = (
        clock_of(connection),
        Candidate(number.e164, number.kind, number.kind == "anonymous", trunk, at),
    )
    return against(who, _facts(connection, who, orderer or number.e164, policy, now), policy, now)


def _decide_one(connection: Connection, one: MissedCall, policy: Policy) -> Decision:
    if one.caller_e164:
        missed.lock_number(connection, one.caller_e164)
    now = clock_of(connection)
    who = candidate(one)
    decision = decide(one, _facts(connection, who, who.e164, policy, now), policy, now)
    callback_id = _callback_for(connection, one, decision, policy)
    is_suspect = decision.held_for == "operator"
    if is_suspect and switches.turn_off(connection, switches.held(one.trunk), decision.why):
        callbacks.hold_back(connection, one.trunk, now - guarding.SUSPECT, decision.why)
    missed.record_decision(connection, one, decision.verdict, decision.why, callback_id)
    tell("missed call", decision, call_id=one.call_id)
    return decision


def _facts(connection: Connection, who: Candidate, orderer: str, policy: Policy, now: datetime) -> Facts:
    number = who.e164
    if not number:
        return Facts()
    found = guarding.guarded(connection, number, orderer, who.trunk, who.at, policy, now)
    return Facts(
        is_answered_again=missed.holds(connection, missed.answered_after(number, who.at)),
        is_reached=callbacks.was_reached_after(connection, number, who.at),
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
