"""The live attempts of this dialer, each followed through its events, and what is written of them.

Events come in in Asterisk's order; every change of state comes out of `Following.unwritten` in that order
until it is `written`, so a database that is away for a while loses nothing. `write` stores one step and
`finish` the end of an attempt together with the next state of its callback: a crash leaves both done or
neither. The dialer owns the one `Following`; `resolving` writes what nobody heard by the same functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from callback_dialer import decide
from callback_dialer.attempt import KNOWN, Progress, apply, attempt_of, disposition
from callback_dialer.milestones import tell
from callback_dialer.policy import Policy
from ivr.asterisk.messages import AmiEvent
from ivr.calls.callbacks import AttemptState, Disposition, OpenState
from ivr.storage.engine.statements import clock_of
from ivr.storage.owed import attempts, callbacks, switches
from ivr.storage.owed.attempts import Attempt
from ivr.visits.from_queue_log import LogLine


class Following:
    """What is known of each live attempt."""

    def __init__(self) -> None:
        self._followed: dict[str, Progress] = {}
        self._held: dict[str, list[AmiEvent]] = {}
        """What came of adopted attempts before it was learned what had come earlier."""
        self._unwritten: list[Progress] = []

    def __contains__(self, attempt_id: object) -> bool:
        """Whether its fate is known here: still followed, or ended and not stored yet."""
        return attempt_id in self._followed or any(p.attempt_id == attempt_id for p in self._unwritten)

    def follow(self, progress: Progress) -> None:
        """Follow an attempt from here on; what was known of it before is replaced."""
        self._followed[progress.attempt_id] = progress

    def adopt(self, progress: Progress) -> None:
        """Follow an attempt not all of whose events were heard: what comes now waits for `learn`."""
        self.follow(progress)
        self._held[progress.attempt_id] = []

    def forget(self, attempt_id: str) -> None:
        """Stop following one attempt."""
        self._followed.pop(attempt_id, None)
        self._held.pop(attempt_id, None)

    def forget_all(self) -> None:
        """The connection is gone: what is not written yet stays, the rest is asked for again."""
        self._followed.clear()
        self._held.clear()

    def apply(self, event: AmiEvent) -> None:
        """Take one event to the attempt it belongs to, if any."""
        attempt_id = attempt_of(event)
        before = self._followed.get(attempt_id)
        if attempt_id in self._held:
            self._held[attempt_id].append(event)
        elif before is not None:
            self._take(before, apply(before, event))

    def learn(self, attempt_id: str, lines: Iterable[LogLine]) -> None:
        """Take what queue_log says to an attempt whose events were not all heard; then those that waited."""
        before = self._followed.get(attempt_id)
        if before is not None:
            self._take(before, tell(before, lines))
        for event in self._held.pop(attempt_id, ()):
            self.apply(event)

    def _take(self, before: Progress, after: Progress) -> None:
        if after.ended_at:
            del self._followed[after.attempt_id]
        else:
            self._followed[after.attempt_id] = after
        if after.ended_at or (after.state, after.farewell) != (before.state, before.farewell):
            self._unwritten.append(after)

    def withdraw(self, attempt_ids: Iterable[str]) -> list[str]:
        """Mark attempts that are to be hung up by us; those that still ring and were not marked before."""
        marked = []
        for attempt_id in attempt_ids:
            progress = self._followed.get(attempt_id)
            if progress and not progress.farewell and progress.state in ("originating", "ringing"):
                self._followed[attempt_id] = replace(progress, farewell="withdrawn")
                marked.append(attempt_id)
        return marked

    @property
    def unwritten(self) -> tuple[Progress, ...]:
        """Steps not stored yet, in order."""
        return tuple(self._unwritten)

    def written(self, count: int) -> None:
        """The first `count` steps are stored."""
        del self._unwritten[:count]


_ITS_OWN: Final[tuple[OpenState, ...]] = ("dialing",)
"""What becomes of an attempt is nothing to a callback that is owed for a later call (`continuity`)."""


def write(connection: Connection, progress: Progress, policy: Policy, note: str = "") -> None:
    """Store one step of an attempt; storing it again changes nothing."""
    attempt = attempts.find(connection, progress.attempt_id)
    if attempt is None:
        return
    if progress.farewell == "refused" and (callback := callbacks.find(connection, attempt.callback_id)):
        # At once, not when the call ends: a crash in between must not have them called again.
        switches.deny(connection, callback.caller_e164, "pressed 9 when called back")
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
    uses_attempt = decide.uses_up_an_attempt(outcome)
    if switches.is_denied(connection, callback.caller_e164, policy.key()):
        callbacks.close(connection, callback.id, "refused", said, uses_attempt=uses_attempt)
        return
    promised_at = policy.new_time(progress.choice, now)
    match decide.after(attempts.dispositions(connection, callback.id), policy, now, promised_at):
        case datetime() as at:
            # A promise stands until the end of the working day after it, however old the missed call is.
            expires_at = max(callback.expires_at, policy.expires_at(promised_at or callback.missed_at))
            callbacks.owe_again(connection, callback.id, at, expires_at, uses_attempt=uses_attempt, note=said)
        case state:
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
