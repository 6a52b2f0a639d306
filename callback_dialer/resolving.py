"""Attempts nobody is following (after a start, a lost connection, a crash), resolved against Asterisk.

By the attempt's own channel id: alive → followed again; gone → ended once its deadline is past, as what
the store's milestones and the recorder's visit say, else `unknown`. Nothing is ever dialled again under
the same id, and an attempt that was never sent is `aborted`. Called by the dialer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import structlog
from sqlalchemy import Connection

from callback_dialer.attempt import Progress, attempt_of
from callback_dialer.finishing import finish
from callback_dialer.following import Following
from callback_dialer.policy import Policy
from ivr.asterisk.actions import AmiError
from ivr.asterisk.connection import AmiConnection
from ivr.asterisk.events import AmiEvent
from ivr.calls.callback_states import Disposition
from ivr.storage import attempts
from ivr.storage.attempts import Attempt, RecordedVisit
from ivr.storage.engine import StoreThread

log = structlog.get_logger(__name__)

ASK_EVERY_SECONDS: Final = 3.0

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


class Resolver:
    """Asks Asterisk about attempts that are not followed or are overdue, at most every few seconds."""

    def __init__(
        self,
        policy: Policy,
        server: str,
        store: StoreThread,
        connection: AmiConnection,
        following: Following,
    ) -> None:
        self._policy = policy
        self._server = server
        self._store = store
        self._connection = connection
        self._following = following
        self._asked_at = -math.inf

    async def resolve(self) -> None:
        """Follow what is alive, end what is gone and overdue, leave the rest to its deadline."""
        if not self._connection.is_connected or time.monotonic() < self._asked_at + ASK_EVERY_SECONDS:
            return
        live = await self._store.read(lambda c: attempts.live(c, self._server))
        overdue = await self._store.read(lambda c: attempts.overdue(c, self._server))
        doubtful = [one for one in live if one.id not in self._following or one.id in overdue]
        if not doubtful:
            return
        self._asked_at = time.monotonic()
        try:
            reply = await self._connection.send({"Action": "CoreShowChannels"})
        except AmiError as problem:
            log.warning("channels not told, asking again", reason=str(problem))
            return
        for attempt in doubtful:
            await self._resolve_one(attempt, alive(attempt, reply.events), is_overdue=attempt.id in overdue)

    async def _resolve_one(self, attempt: Attempt, found: Progress | None, *, is_overdue: bool) -> None:
        if found is not None:
            if attempt.id not in self._following:
                log.info("attempt found alive", attempt_id=attempt.id, state=attempt.state)
                self._following.follow(found)
        elif is_overdue:
            self._following.forget(attempt.id)
            outcome = await self._store.write(lambda c: resolve(c, attempt, self._policy))
            log.warning("attempt resolved", attempt_id=attempt.id, disposition=outcome)


def _outcome(attempt: Attempt, visit: RecordedVisit | None) -> Disposition:
    if attempt.state == "planned":
        return "aborted"
    if attempt.state == "agent_connected":
        return "reached"
    return "unknown" if visit is None else BY_VISIT.get(visit.outcome, "unknown")
