"""From ended calls in the store to decisions in the store: facts, verdict, callback.

One transaction per call; `decide` has the rules. Called by the dialer whenever calls have ended.
"""

from __future__ import annotations

from sqlalchemy import Connection

from callback_dialer.decide import Decision, Facts, decide
from callback_dialer.policy import Policy
from ivr.calls.missed import MissedCall, missed_calls
from ivr.storage import callbacks, missed


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


def _decide_one(connection: Connection, one: MissedCall, policy: Policy) -> Decision:
    if one.caller_e164:
        missed.lock_number(connection, one.caller_e164)
    decision = decide(one, _facts(connection, one), policy, missed.now(connection))
    callback_id = _callback_for(connection, one, decision, policy)
    missed.record_decision(connection, one, decision.verdict, decision.why, callback_id)
    return decision


def _facts(connection: Connection, one: MissedCall) -> Facts:
    number = one.caller_e164
    if not number:
        return Facts()
    return Facts(
        is_answered_again=missed.holds(connection, missed.answered_after(number, one.missed_at)),
        is_reached=callbacks.was_reached_after(connection, number, one.missed_at),
        is_on_the_line=missed.holds(connection, missed.on_the_line(number)),
        is_owed=callbacks.open_for(connection, number) is not None,
        is_denied=missed.is_denied(connection, number),
    )


def _callback_for(connection: Connection, one: MissedCall, decision: Decision, policy: Policy) -> int | None:
    """The callback the missed call is linked to: a new one, the one already open, or none."""
    language = one.language or policy.default_language
    expires_at = policy.expires_at(one.missed_at)
    if decision.verdict == "already_open":
        callback_id = callbacks.open_for(connection, one.caller_e164)
        if callback_id is not None:
            callbacks.join(connection, callback_id, one, language=language, expires_at=expires_at)
        return callback_id
    if decision.verdict not in ("callback", "still_on_the_line"):
        return None
    return callbacks.owe(
        connection,
        one,
        state="owed" if decision.verdict == "callback" else "on_hold",
        language=language,
        expires_at=expires_at,
        note=decision.why,
    )
