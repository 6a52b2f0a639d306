"""The live attempts of this dialer, each followed through its events, and the steps that wait to be stored.

Events in, in Asterisk's order; every change of state comes out of `unwritten` in that order until it is
`written`, so a database that is away for a while loses nothing. Owned by the dialer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from callback_dialer.attempt import Progress, apply, attempt_of
from callback_dialer.milestones import tell
from ivr.asterisk.messages import AmiEvent
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
