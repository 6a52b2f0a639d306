"""While AMI is heard, a line of queue_log counts only if AMI told of the same: a caller may have written it.

The recorder says what it hears, `ivr.recording.following` shows each block of lines. What nobody vouches for
waits some seconds, for the event may be late or AMI be lost; then it is put aside. In gaps every line is
believed, but for our own, whose proof must hold.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import structlog

from ivr.asterisk.messages import REFUSED, AmiEvent
from ivr.asterisk.queue_log import Block
from ivr.visits.from_queue_log import TALK_ENDS, WAYS_OUT, LogLine, read_line

log = structlog.get_logger(__name__)

_AROUND: Final = 10.0
"""Seconds on either side of a line in which AMI has to be heard."""
_REMEMBERED: Final = 60.0
_VOUCHED: Final[Mapping[str, tuple[str, ...]]] = {
    "QueueCallerJoin": ("ENTERQUEUE",),
    "QueueCallerAbandon": WAYS_OUT,
    "QueueCallerLeave": WAYS_OUT,
    "AgentConnect": ("CONNECT",),
    "AgentComplete": TALK_ENDS,
}
"""AMI event → the lines that Asterisk writes beside it."""


class Vouching:
    """What AMI told in the last minute, and which lines it vouches for; `put_aside` counts the others."""

    def __init__(
        self, key: bytes, heard_since: Callable[[], float | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`key`: of the proofs in our own lines, empty if unknown. `heard_since`: None while AMI is not."""
        self._key, self._heard_since, self._clock = key, heard_since, clock
        self._told: dict[tuple[str, str, str], float] = {}
        """(uniqueid or agent, queue, line's event) → when, the oldest first."""
        self._expected = {"QUEUESTART"}
        """Lines that have to be vouched for: those AMI has ever told of, and QUEUESTART, of which it never
        tells: where Asterisk starts, AMI is lost."""
        self._waits_since: float | None = None
        self.put_aside = 0

    def hear(self, event: AmiEvent) -> None:
        """Of a call whose messages are refused every line is believed."""
        if event.name == REFUSED:
            self._remember(event["Uniqueid"], "", "")
        for line in _VOUCHED.get(event.name, ()):
            self._expected.add(line)
            # An AgentComplete may lack the caller's channel (asterisk-notes 4).
            whose = event["Uniqueid"] or event["DestLinkedid"]
            for who in (whose,) if whose else (event["MemberName"], event["Interface"]):
                self._remember(who, event["Queue"], line)

    def _remember(self, who: str, queue: str, line: str) -> None:
        now, what = self._clock(), (who, queue, line)
        self._told.pop(what, None)
        self._told[what] = now
        while self._told[oldest := next(iter(self._told))] < now - _REMEMBERED:
            del self._told[oldest]

    def sift(self, block: Block, unread_since: float | None) -> Block | None:
        """The block without what a caller may have written; None: show it again, soon.

        `unread_since`: the lines were written after that moment of the clock; None if that is not known.
        """
        now, heard_since = self._clock(), self._heard_since()
        is_heard = (
            unread_since is not None
            and heard_since is not None
            and heard_since + _AROUND <= unread_since
            and now - unread_since < _REMEMBERED - _AROUND
        )
        kept, forged, doubtful = list[str](), 0, 0
        for text in block.lines:
            line = read_line(text)
            if line is not None and not line.is_proven(self._key):
                forged += 1
            elif line is not None and is_heard and not self._is_vouched_for(line):
                doubtful += 1
            else:
                kept.append(text)
        if doubtful:
            self._waits_since = self._waits_since or now
            if now < self._waits_since + _AROUND:
                return None
        self._waits_since = None
        if not forged + doubtful:
            return block
        if not self.put_aside:
            log.warning("queue_log lines that a caller forged are put aside, as all of their kind")
        self.put_aside += forged + doubtful
        return replace(block, text="\n".join(kept))

    def _is_vouched_for(self, line: LogLine) -> bool:
        about = (line.queue, line.event)
        told = ((line.uniqueid, "", ""), (line.uniqueid, *about), (line.agent, *about))
        return line.event not in self._expected or any(one in self._told for one in told)
