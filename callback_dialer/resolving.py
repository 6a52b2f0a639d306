"""Attempts nobody is following (after a start, a lost connection, a crash), resolved against Asterisk.

By the attempt's own channel id: alive → followed again; gone → ended once its deadline is past, as what
the store's milestones and the recorder's visit say, else `unknown`. Nothing is ever dialled again under
the same id, and an attempt that was never sent is `aborted`. Called by the dialer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from callback_dialer.attempt import Progress, attempt_of
from callback_dialer.finishing import finish
from callback_dialer.policy import Policy
from ivr.asterisk.events import AmiEvent
from ivr.calls.callback_states import Disposition
from ivr.storage import attempts
from ivr.storage.attempts import Attempt, RecordedVisit

BY_VISIT: Final[Mapping[str, Disposition]] = {
    "answered": "reached",
    "timeout": "no_agent",
    "abandoned": "citizen_left_before_agent",
}


def known(attempt: Attempt) -> Progress:
    """What the store knows of an attempt."""
    return Progress(
        attempt_id=attempt.id,
        state=attempt.state,
        reached_state_at=attempt.planned_at,
        cause=attempt.cause,
        answered_at=attempt.answered_at,
        confirmed_at=attempt.confirmed_at,
        connected_at=attempt.connected_at,
        agent=attempt.agent,
        talk_seconds=attempt.talk_seconds,
    )


def alive(attempt: Attempt, channels: Iterable[AmiEvent]) -> Progress | None:
    """The attempt as CoreShowChannels shows it; None if no channel of it is left."""
    here = [channel for channel in channels if attempt_of(channel) == attempt.id]
    halves = {channel["Uniqueid"] for channel in here if channel["Channel"].startswith("Local/")}
    if not halves:
        return None
    # The dialling half runs Dial(): the channel bridged with it, or the first one made, is the trunk's.
    dialling = [channel for channel in here if channel["Uniqueid"] not in halves]
    trunk_leg = min((channel["Uniqueid"] for channel in dialling), default="")
    return replace(known(attempt), trunk_leg=trunk_leg, open_legs=frozenset(halves | ({trunk_leg} - {""})))


def resolve(connection: Connection, attempt: Attempt, policy: Policy) -> Disposition:
    """End an attempt whose deadline is past and of which no channel is left."""
    visit = attempts.recorded_visit(connection, attempt.id)
    outcome = _outcome(attempt, visit)
    progress = known(attempt)
    if visit is not None and outcome == "reached":
        progress = replace(
            progress,
            connected_at=progress.connected_at or visit.answered_at,
            agent=progress.agent or visit.agent,
            talk_seconds=visit.talk_seconds,
        )
    finish(connection, progress, outcome, policy, note="resolved, its end was not heard")
    return outcome


def _outcome(attempt: Attempt, visit: RecordedVisit | None) -> Disposition:
    if attempt.state == "planned":
        return "aborted"
    if attempt.state == "agent_connected":
        return "reached"
    return "unknown" if visit is None else BY_VISIT.get(visit.outcome, "unknown")
