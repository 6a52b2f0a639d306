"""Retention, every night: one daemon of all on a database runs `hotline data purge` at a quiet hour.

In a process of its own: what it deletes in minutes holds up no record, and it may be ended at any moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from ivr.asterisk.connection import utc_now
from ivr.recording.availability import stopped
from ivr.recording.own_process import run_leased
from ivr.storage.engine.store import StoreAway, StoreThread
from ivr.storage.people import audit
from ivr.storage.running.liveness import Lease

log = structlog.get_logger(__name__)

QUIET: Final = time(3, 30)
"""Local time."""
_RETRY_SECONDS: Final = 60.0
_SAME_NIGHT: Final = timedelta(hours=12)
_ALL_SERVERS: Final = "*"


class NightlyPurge:
    """Waits for the quiet hour and runs the command, unless another daemon does or somebody has."""

    def __init__(
        self,
        store: StoreThread,
        zone: ZoneInfo,
        command: Sequence[str],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store, self._zone, self._command, self._clock = store, zone, command, clock
        self._lease = Lease(store, _ALL_SERVERS, "purge")

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        wait = self._seconds_to_go()
        while not await stopped(stop, wait):
            try:
                await self._purge_if_due(stop)
                wait = self._seconds_to_go()
            except StoreAway as problem:
                log.error("retention waits for the database", reason=str(problem))
                wait = _RETRY_SECONDS

    def _seconds_to_go(self) -> float:
        now = self._clock()
        tonight = datetime.combine(now.astimezone(self._zone).date(), QUIET, self._zone)
        return (tonight if tonight > now else tonight + timedelta(days=1)).timestamp() - now.timestamp()

    async def _purge_if_due(self, stop: asyncio.Event) -> None:
        if not await self._lease.ask(able=True):
            return
        try:
            if not await self._store.read(lambda c: audit.lately(c, "purge", _SAME_NIGHT)):
                await self._purge(stop)
        finally:
            await self._lease.ask(able=False)

    async def _purge(self, stop: asyncio.Event) -> None:
        status, said = await run_leased(self._command, self._lease, stop)
        if status and not stop.is_set():
            log.error("old records were not purged", status=status, said=said)
        elif not status:
            log.info("retention is enforced")
