"""What happened at one phone in one call, in order, as that phone saw it.

Every moment is epoch seconds of this machine's clock, the one the lab's Asterisk lives by.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from enum import StrEnum


class What(StrEnum):
    INVITED = "invited"
    RINGING = "ringing"
    ANSWERED = "answered"
    KEY = "key"
    REJECTED = "rejected"
    """Detail: the SIP status."""
    TRANSFERRED = "transferred"
    """How a transfer this phone asked for went. Detail: the SIP status at the other end."""
    ENDED = "ended"
    """Detail: `here`, `there`, `cancelled`, `lost`."""


@dataclass(frozen=True, slots=True)
class Happening:
    at: float
    what: What
    detail: str = ""


class NeverHappened(AssertionError):
    """What a phone waited for did not come before its deadline."""


@dataclass
class Log:
    """What happened to one call, in order."""

    happenings: list[Happening] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, what: What, detail: str = "", at: float | None = None) -> None:
        self.happenings.append(Happening(time.time() if at is None else at, what, detail))
        self._changed.set()
        self._changed = asyncio.Event()

    def first(self, what: What) -> Happening | None:
        return next((it for it in self.happenings if it.what is what), None)

    def at(self, what: What) -> float | None:
        """When it first happened."""
        return found.at if (found := self.first(what)) else None

    @property
    def keys(self) -> list[Happening]:
        return [it for it in self.happenings if it.what is What.KEY]

    @property
    def is_over(self) -> bool:
        return any(it.what in (What.ENDED, What.REJECTED) for it in self.happenings)

    async def until(self, *wanted: What, deadline: float) -> Happening:
        """The first of these, waited for `deadline` seconds at most; NeverHappened if it does not come."""
        ends = time.monotonic() + deadline
        while not (found := next((it for it in self.happenings if it.what in wanted), None)):
            try:
                await asyncio.wait_for(self._changed.wait(), ends - time.monotonic())
            except TimeoutError:
                seen = ", ".join(f"{it.what} {it.detail}".strip() for it in self.happenings) or "nothing"
                raise NeverHappened(f"no {' or '.join(wanted)} in {deadline} s; seen: {seen}") from None
        return found
