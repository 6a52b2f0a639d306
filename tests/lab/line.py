"""The voice side of a call at a phone: what is heard and pressed, and an exact log of what happened when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from tests.lab.audio import SURE, Hearing, Sound
from tests.lab.calllog import Happening, Log, NeverHappened, What
from tests.lab.rtp import RtpStream, Spoken

_POLL = 0.1
"""How often a phone that waits for a prompt listens to what has come in."""
_LULL = 0.6
"""So long after a notice no other one begins."""


class Line:
    """A log and a media stream; `tests.lab.leg.Leg` adds the SIP dialog."""

    def __init__(self, stream: RtpStream) -> None:
        self.log = Log()
        self.stream = stream

    @property
    def spoken(self) -> list[Spoken]:
        """Agents heard in this call, in order."""
        return self.stream.spoken

    @property
    def is_answered(self) -> bool:
        return self.log.first(What.ANSWERED) is not None

    async def until(self, *wanted: What, deadline: float = 15.0) -> Happening:
        """Wait for one of these; NeverHappened after `deadline` seconds."""
        return await self.log.until(*wanted, deadline=deadline)

    async def heard(self, *sounds: Sound, since: float = 0.0, deadline: float = 15.0) -> Hearing:
        """Wait for half a second of one of these prompts; NeverHappened after `deadline` seconds."""
        ends, track = time.monotonic() + deadline, self.stream.track
        position = track.position_of(since)
        while True:
            if hearing := track.first_hearing(sounds, position):
                return hearing
            # What has been searched is not searched again, but for a beginning that is not yet half a second.
            position = max(position, len(track.received) - SURE)
            if self.log.is_over or time.monotonic() > ends:
                wanted = " or ".join(f"{sound.name} ({sound.language})" for sound in sounds)
                raise NeverHappened(f"{wanted} was not heard in {deadline} s or before the call ended")
            await asyncio.sleep(_POLL)

    async def joined(self, notices: Sequence[Sound], deadline: float = 30.0) -> float:
        """When the caller joined the queue: the end of the last notice said before it, once no other follows.

        NeverHappened if none of the notices is heard to its end in `deadline` seconds.
        """
        ends, track = time.monotonic() + deadline, self.stream.track
        position = track.position_of((await self.heard(*notices, deadline=deadline)).at)
        while True:
            last = track.last_hearing(notices, position)
            if last and last.is_whole and time.time() > last.until + _LULL:
                return last.until
            if self.log.is_over or time.monotonic() > ends:
                raise NeverHappened(f"no queue was joined in {deadline} s or before the call ended")
            await asyncio.sleep(_POLL)

    async def connected_to_agent(self, deadline: float = 30.0) -> Spoken:
        """Wait until an agent's voice is heard; NeverHappened after `deadline` seconds."""
        ends = time.monotonic() + deadline
        while not self.spoken:
            if self.log.is_over or time.monotonic() > ends:
                raise NeverHappened(f"no agent spoke in {deadline} s or before the call ended")
            await asyncio.sleep(_POLL)
        return self.spoken[0]

    async def press(self, *keys: str) -> float:
        """Press keys one after the other; the moment the last one's end was sent."""
        at = 0.0
        for key in keys:
            at = await self.stream.press(key)
            self.log.add(What.KEY, key, at)
        return at
