"""Write what happened to an attempt: each state it came to, and at its end what becomes of the callback.

The attempt's end and the callback's next state are one transaction: a crash leaves both done or neither.
Called by `following` for what Asterisk told, by `resolving` for what nobody heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from callback_dialer import retry
from callback_dialer.attempt import KNOWN, Progress, disposition
from callback_dialer.policy import Policy
from callback_dialer.retry import GiveUp, Retry
from ivr.calls.callback_states import AttemptState, Disposition, OpenState
from ivr.storage.engine.statements import clock_of
from ivr.storage.owed import attempts, callbacks, refusals
from ivr.storage.owed.attempts import Attempt

_ITS_OWN: Final[tuple[OpenState, ...]] = ("dialing",)
"""What becomes of an attempt is nothing to a callback that is owed for a later call (`continuity`)."""


def write(connection: Connection, progress: Progress, policy: Policy, note: str = "") -> None:
    """Store one step of an attempt; storing it again changes nothing."""
    attempt = attempts.find(connection, progress.attempt_id)
    if attempt is None:
        return
    if progress.farewell == "refused" and (callback := callbacks.find(connection, attempt.callback_id)):
        # At once, not when the call ends: a crash in between must not have them called again.
        refusals.deny(connection, callback.caller_e164, "pressed 9 when called back")
    if progress.ended_at is not None:
        finish(connection, progress, disposition(progress), policy, note)
        return
    _pass_through(connection, progress)
    attempts.advance(
        connection, progress.attempt_id, progress.state, progress.reached_state_at, **_facts(progress)
    )
    if progress.state == "agent_connected":
        _close_reached(connection, attempt, progress)


def finish(
    connection: Connection, progress: Progress, outcome: Disposition, policy: Policy, note: str = ""
) -> None:
    """End the attempt with `outcome` and decide what becomes of its callback; once only.

    Whoever the recorder saw with an agent was reached, though the dialer may not have heard of it.
    """
    visit = attempts.recorded_visit(connection, progress.attempt_id)
    if visit is not None and visit.answered_at is not None:
        outcome = "reached"
    now = clock_of(connection)
    _pass_through(connection, progress)
    at = progress.ended_at or now
    ended = attempts.end(connection, progress.attempt_id, outcome, at, note, **_facts(progress))
    attempt = attempts.find(connection, progress.attempt_id)
    if not ended or attempt is None:
        return
    if outcome == "reached":
        _close_reached(connection, attempt, progress)
        return
    callback = callbacks.find(connection, attempt.callback_id)
    assert callback is not None
    said = f"attempt {attempt.number}: {outcome}"
    uses_attempt = retry.uses_up_an_attempt(outcome)
    if refusals.is_denied(connection, callback.caller_e164, policy.key()):
        callbacks.close(connection, callback.id, "refused", said, uses_attempt=uses_attempt)
        return
    promised_at = policy.new_time(progress.choice, now)
    match retry.after(attempts.dispositions(connection, callback.id), policy, now, promised_at):
        case Retry(at):
            # A promise stands until the end of the working day after it, however old the missed call is.
            expires_at = max(callback.expires_at, policy.expires_at(promised_at or callback.missed_at))
            callbacks.owe_again(connection, callback.id, at, expires_at, uses_attempt=uses_attempt, note=said)
        case GiveUp(state):
            callbacks.close(connection, callback.id, state, said, among=_ITS_OWN, uses_attempt=uses_attempt)


def _pass_through(connection: Connection, progress: Progress) -> None:
    """A row for each state that is learned of late, by what came after it."""
    passed: Mapping[AttemptState, datetime | None] = {
        "citizen_answered": progress.answered_at,
        "confirmed": progress.confirmed_at,
        "agent_connected": progress.connected_at,
    }
    for state, at in passed.items():
        if at is not None:
            attempts.advance(connection, progress.attempt_id, state, at, **_facts(progress))


def _close_reached(connection: Connection, attempt: Attempt, progress: Progress) -> None:
    said = f"attempt {attempt.number}: spoke with {progress.agent or 'an agent'}"
    # Not when it became known: whoever was missed again in between is owed another call.
    at, its = progress.connected_at, attempt.callback_id
    callbacks.close(connection, its, "reached", said, among=_ITS_OWN, uses_attempt=True, at=at)


def _facts(progress: Progress) -> dict[str, Any]:
    """What is known so far; what is not known yet is not written, so that nothing is forgotten."""
    return {name: known for name in KNOWN if (known := getattr(progress, name)) not in (None, "")}
