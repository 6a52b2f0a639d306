"""From what a phone logged and heard to the visits that must be in the store. Pure.

A queue is joined when the last thing said before it has ended (its length is known), or with the last key if
nothing follows it; that they are next is told to callers who have joined. It is left when an agent's voice
begins, when the hotline says that nobody is free, or at hang-up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ivr.sounds.prompts import NEXT_NOTICE, OWED_NOTICE
from tests.lab.audio import Hearing
from tests.lab.calllog import Log, What
from tests.lab.rtp import Spoken

_NOBODY_FREE = frozenset({"please_hold", "all_busy", "callback_no_agent"})
"""What the hotline says first when it takes a caller out of a queue."""
_KEY_AWAITED = {OWED_NOTICE: 3.0}
"""Seconds of silence for a key after what is asked at a queue's door."""


@dataclass(frozen=True, slots=True)
class SeenVisit:
    """One stay in one queue as the caller's phone saw it. Moments are epoch seconds."""

    caller: str
    """E.164, empty if the number was hidden."""
    origin: str
    queue: str
    outcome: str
    language: str
    joined_at: float
    wait_seconds: float
    agent: str = ""
    talk_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class SeenCall:
    """What the phone kept of one call. `queues`: those its story leads through, in order."""

    caller: str
    origin: str
    queues: tuple[str, ...]
    language: str
    log: Log
    hearings: Sequence[Hearing]
    spoken: Sequence[Spoken]

    def visits(self) -> Iterator[SeenVisit]:
        """The call's stays in queues; none if it ended before one was joined."""
        ended_at = self.log.at(What.ENDED)
        if ended_at is None:
            return
        thrown_out = [heard.at for heard in self.hearings if heard.name in _NOBODY_FREE]
        begins, ends = [0.0, *thrown_out], [*thrown_out, ended_at]
        for queue, begin, end in zip(self.queues, begins, ends, strict=False):
            yield self._visit(queue, begin, end, "timeout" if end in thrown_out else "abandoned")

    def _visit(self, queue: str, begin: float, end: float, unanswered: str) -> SeenVisit:
        keys = [key.at for key in self.log.keys if begin <= key.at < end]
        said = [
            it.until + _KEY_AWAITED.get(it.name, 0.0)
            for it in self.hearings
            if begin <= it.at < end and it.name != NEXT_NOTICE
        ]
        joined_at = max(keys + said, default=begin)
        voice = next((voice for voice in self.spoken if begin <= voice.first_at < end), None)
        if voice is None:
            wait = end - joined_at
            return SeenVisit(self.caller, self.origin, queue, unanswered, self.language, joined_at, wait)
        return SeenVisit(
            self.caller,
            self.origin,
            queue,
            "answered",
            self.language,
            joined_at,
            voice.first_at - joined_at,
            voice.account,
            end - voice.first_at,
        )
