"""Scheduled reports, written by themselves: one daemon of all on a database runs `hotline report scheduled`.

In a process of its own: a paper takes seconds of computing, which keep no call waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from ivr.asterisk.connection import utc_now
from ivr.config.reports import ScheduledReport
from ivr.recording.availability import stopped
from ivr.recording.own_process import run_leased
from ivr.reports.schedule import due
from ivr.storage.engine.store import StoreAway, StoreThread
from ivr.storage.records.report_runs import runs, settle_mails
from ivr.storage.running.liveness import Lease

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 20.0
_ALL_SERVERS: Final = "*"


class ScheduledReports:
    """Looks now and then whether a report is due, and runs the command unless another daemon does."""

    def __init__(
        self,
        store: StoreThread,
        zone: ZoneInfo,
        schedule: Sequence[ScheduledReport],
        command: Sequence[str],
        every: float = EVERY_SECONDS,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store, self._zone, self._schedule, self._command = store, zone, schedule, command
        self._every, self._clock = every, clock
        self._lease = Lease(store, _ALL_SERVERS, "reports")

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        while self._schedule and not stop.is_set():
            try:
                await self._write_if_due(stop)
            except StoreAway as problem:
                log.error("scheduled reports wait for the database", reason=str(problem))
            await stopped(stop, self._every)
        await stop.wait()

    async def _write_if_due(self, stop: asyncio.Event) -> None:
        known = await self._store.read(runs)
        if any(run.state == "mailing" for run in known):
            await self._store.write(settle_mails)
        if not due(self._schedule, known, self._clock(), self._zone) or not await self._lease.ask(able=True):
            return
        try:
            status, said = await run_leased(self._command, self._lease, stop)
        finally:
            await self._lease.ask(able=False)
        if status and not stop.is_set():
            log.error("scheduled reports were not all written", status=status, said=said)
