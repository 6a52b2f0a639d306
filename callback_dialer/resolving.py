"""Attempts nobody is following (after a start, a lost connection, a crash), resolved against Asterisk.

By the attempt's own channel id: alive → followed again; gone → ended as the milestones in queue_log say,
`unknown` if they begin but say no end. Where they say nothing its deadline is waited for: then it was never
dialled (`aborted`) if queue_log can be read, else the recorder's visit tells. Nothing is ever dialled again
under the same id. Called by the dialer.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection

from callback_dialer.attempt import KNOWN, Progress, attempt_of, disposition
from callback_dialer.following import Following, finish, write
from callback_dialer.milestones import lines_of, tell, was_dialled
from callback_dialer.policy import Policy
from ivr.asterisk.connection import AmiConnection
from ivr.asterisk.messages import AmiError, AmiEvent
from ivr.calls.callbacks import Disposition
from ivr.storage.engine.statements import clock_of
from ivr.storage.engine.store import StoreThread
from ivr.storage.owed import attempts
from ivr.storage.owed.attempts import Attempt, RecordedVisit
from ivr.visits.from_queue_log import LogLine

log = structlog.get_logger(__name__)

ASK_EVERY_SECONDS: Final = 3.0

BY_VISIT: Final[Mapping[str, Disposition]] = {
    "answered": "reached",
    "timeout": "no_agent",
    "abandoned": "citizen_left_before_agent",
}


def known(attempt: Attempt) -> Progress:
    """What the store knows of an attempt."""
    learned = {name: getattr(attempt, name) for name in KNOWN}
    return Progress(attempt.id, attempt.state, attempt.planned_at, **learned)


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


def resolve(
    connection: Connection, attempt: Attempt, policy: Policy, lines: Sequence[LogLine] | None = None
) -> Disposition:
    """End an attempt of which no channel is left and whose lines are written, or whose deadline is past.

    `lines` are those of queue_log, None if it does not tell.
    """
    visit = attempts.recorded_visit(connection, attempt.id)
    progress = tell(known(attempt), lines or ())
    outcome = _outcome(progress, lines, visit)
    if visit is not None and outcome == "reached":
        progress = replace(
            progress,
            connected_at=progress.connected_at or visit.answered_at,
            agent=progress.agent or visit.agent,
            talk_seconds=progress.talk_seconds or visit.talk_seconds,
        )
    if progress.farewell == "refused":
        write(connection, replace(progress, ended_at=None), policy)
    finish(connection, progress, outcome, policy, note="resolved, its end was not heard")
    return outcome


@dataclass
class Resolver:
    """Asks Asterisk about attempts that are not followed or are overdue, at most every few seconds."""

    policy: Policy
    server: str
    store: StoreThread
    connection: AmiConnection
    following: Following
    queue_log: Path | None
    _asked_at: float = -math.inf

    async def resolve(self) -> None:
        """Follow what is alive, end what is gone and overdue, leave the rest to its deadline."""
        if not self.connection.is_connected or time.monotonic() < self._asked_at + ASK_EVERY_SECONDS:
            return
        live, now = await self.store.read(lambda c: (attempts.live(c, self.server), clock_of(c)))
        doubtful = [one for one in live if one.id not in self.following or one.deadline_at < now]
        if not doubtful:
            return
        self._asked_at = time.monotonic()
        try:
            reply = await self.connection.send({"Action": "CoreShowChannels"})
        except AmiError as problem:
            log.warning("channels not told, asking again", reason=str(problem))
            return
        for attempt in doubtful:
            await self._resolve_one(
                attempt, alive(attempt, reply.events), is_overdue=attempt.deadline_at < now
            )

    async def _resolve_one(self, attempt: Attempt, found: Progress | None, *, is_overdue: bool) -> None:
        if found is not None:
            if attempt.id in self.following:
                return  # overdue by a long talk, whose end will be heard
            log.info("attempt found alive", attempt_id=attempt.id, state=attempt.state)
            self.following.adopt(found)
        # Only after that: what happened in between is in the file or among the events held back.
        lines = await self._lines(attempt)
        if found is not None:
            self.following.learn(attempt.id, lines or ())
        elif is_overdue or was_dialled(lines or ()) or tell(known(attempt), lines or ()).ended_at:
            self.following.forget(attempt.id)
            outcome = await self.store.write(lambda c: resolve(c, attempt, self.policy, lines))
            log.warning("attempt resolved", attempt_id=attempt.id, disposition=outcome)

    async def _lines(self, attempt: Attempt) -> list[LogLine] | None:
        if self.queue_log is None:
            return None
        try:
            lines = await asyncio.to_thread(lines_of, attempt.id, self.queue_log, attempt.planned_at)
        except OSError as problem:
            log.warning("queue_log not readable", path=str(self.queue_log), reason=str(problem))
            return None
        known_as = self.policy.interfaces
        return lines and [
            line._replace(agent=known_as.get((line.queue, line.agent)) or line.agent) for line in lines
        ]


def _outcome(progress: Progress, lines: Sequence[LogLine] | None, visit: RecordedVisit | None) -> Disposition:
    is_unsent = progress.state == "originating" and lines is not None and not was_dialled(lines)
    if progress.state == "planned" or is_unsent:
        return "aborted"
    if progress.state == "agent_connected" or progress.ended_at or progress.farewell:
        return disposition(progress)
    return "unknown" if visit is None else BY_VISIT.get(visit.outcome, "unknown")
