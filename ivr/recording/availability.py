"""What the daemon tells about itself and its Asterisk: a sign of life, and the row a minute.

`SignsOfLife` runs beside each part, `Availability` beside the recorder, whose login it uses. A database out
of reach delays both; minutes are kept until it is back.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import structlog

from ivr.asterisk.connection import AmiConnection, utc_now
from ivr.asterisk.messages import AmiError
from ivr.asterisk.readiness import ANSWER_WITHIN, Needed, closed_by_hand, shortcomings
from ivr.storage.engine.store import StoreAway, StoreThread
from ivr.storage.running.liveness import Minute, begin, note_alive, note_minutes

log = structlog.get_logger(__name__)

BEAT_EVERY: Final = 5.0
CHECK_EVERY: Final = 10.0
"""Seconds; the first check comes that long after the start, when the login had its time."""


@dataclass
class SignsOfLife:
    """Says every few seconds that this part of this process lives, and whether it hears Asterisk."""

    connection: AmiConnection
    store: StoreThread
    server: str
    part: str
    report: Callable[[], str] = lambda: "{}"
    """What the part says of its own work, as a JSON object."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. The row stays: who looks later sees when the last sign came."""
        has_begun = await self._tell(begin)
        while not await stopped(stop, BEAT_EVERY):
            if not has_begun:
                has_begun = await self._tell(begin)
            await self._tell(note_alive, is_connected=self.connection.is_connected, report=self.report())

    async def _tell(self, work: Callable[..., None], **state: bool | str) -> bool:
        who = self.server, self.part, f"{socket.gethostname()[:60]}/{os.getpid()}"
        with suppress(StoreAway):
            await self.store.write(lambda connection: work(connection, *who, **state))
            return True
        return False


@dataclass
class Availability:
    """Checks every few seconds whether a call would be answered and queued, and what is closed by hand."""

    connection: AmiConnection
    store: StoreThread
    server: str
    needed: Needed
    clock: Callable[[], datetime] = utc_now
    every: float = CHECK_EVERY
    _unstored: dict[datetime, Minute] = field(default_factory=dict)
    closed_by_hand: dict[str, str] = field(default_factory=dict)
    """The hours closed by hand and until when, as Asterisk said last."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        while not await stopped(stop, self.every):
            at = self.clock()
            found = await shortcomings(self.connection.send, self.needed)
            with suppress(AmiError, TimeoutError):
                async with asyncio.timeout(ANSWER_WITHIN):
                    closed = await closed_by_hand(self.connection.send, self.needed.hours)
                    self.closed_by_hand = {name: until.isoformat() for name, until in closed.items()}
            if not stop.is_set():  # else our own end may be what failed
                self._count(at, found)
                await self._store_minutes()

    def _count(self, at: datetime, found: tuple[str, ...]) -> None:
        minute_at = at.replace(second=0, microsecond=0)
        before = self._unstored.get(minute_at, Minute(self.server, minute_at, 0, 0))
        why = "; ".join(found)
        self._unstored[minute_at] = replace(
            before, checks=before.checks + 1, failed=before.failed + bool(found), why=why or before.why
        )
        if found:
            log.warning("a call would not be answered and queued now", reason=why)

    async def _store_minutes(self) -> None:
        observed = tuple(self._unstored.values())
        with suppress(StoreAway):
            await self.store.write(lambda connection: note_minutes(connection, observed))
            self._unstored.clear()


async def stopped(stop: asyncio.Event, within: float) -> bool:
    """Wait so many seconds; True as soon as `stop` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), within)
    return stop.is_set()
