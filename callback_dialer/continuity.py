"""Whether the store knows every attempt there was; until it does, nobody is dialled.

A store that was restored has forgotten who was reached, who refused, and whom we are dialling now. It lacks
the attempt in the dialer's file, or some in queue_log. These are taken in; where they may not be all, an
operator decides. Asked by the dialer in each turn. An attempt that is over is taken in as its lines say; one
that may be alive is left to `resolving`, which asks Asterisk.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection

from callback_dialer.milestones import dialled_since
from callback_dialer.ordering import Order
from callback_dialer.policy import Policy
from callback_dialer.resolving import resolve
from callback_dialer.starting import START_WITHIN, plan
from ivr.asterisk import words
from ivr.calls.numbers import CallerNumber
from ivr.storage.engine.store import StoreThread
from ivr.storage.owed import attempts, callbacks, switches, undecided
from ivr.visits.from_queue_log import LogLine

log = structlog.get_logger(__name__)

SETTLES: Final = START_WITHIN + timedelta(seconds=5)
"""So late Asterisk may still carry out an Originate that was sent before; then queue_log tells."""
_NONE: Final = "-"
_DIALLED: Final = re.compile(r"\S+ ([0-9]{5,15})(?!\S)")
_PRECISION: Final = timedelta(seconds=1)
"""Of queue_log."""
_FROM_LOG: Final = "known from queue_log alone"


class LastAttempt:
    """A file beside the spool: since when attempts are noted in it, and the last one. Raises OSError.

    Its id is as random as any token. It is noted between the commit and the Originate, so that a store
    without it lacks an attempt that may have been sent, and one that a crash left out was not sent.
    """

    def __init__(self, path: Path | None) -> None:
        """Without a path every store knows it."""
        self._path = path
        self.is_kept = path is not None

    def is_known(self, connection: Connection) -> bool:
        """Whether the store has it, and has it as started."""
        _, attempt_id = self._read()
        found = attempts.find(connection, attempt_id)
        return attempt_id == _NONE or (found is not None and found.state != "planned")

    def noted_since(self) -> datetime:
        """Since when."""
        return datetime.fromtimestamp(int(self._read()[0]), UTC)

    def note(self, attempt_id: str | None) -> None:
        """Replace it, on the disk when this returns."""
        if self._path is None:
            return
        fresh = self._path.with_name(f"{self._path.name}.new")
        with fresh.open("w", encoding="ascii") as file:
            file.write(f"{self._read()[0]} {attempt_id or _NONE}")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)

    def _read(self) -> list[str]:
        if self._path is None or not self._path.exists():
            return [f"{time.time():.0f}", _NONE]
        return self._path.read_text("ascii").split()


@dataclass
class Continuity:
    """Of the attempts of one server. `queue_log`: None where it is on another machine."""

    policy: Policy
    server: str
    store: StoreThread
    last: LastAttempt
    queue_log: Path | None
    log_key: bytes = b""
    _is_checked: bool = False
    _since: datetime | None = None
    """While nobody is dialled: since when attempts may be missing."""

    def forget(self) -> None:
        """Another dialer may start attempts from now on."""
        self._is_checked, self._since = False, None

    async def holds(self) -> bool:
        """Whether somebody may be dialled. Raises StoreAway, OSError."""
        if not self.last.is_kept:
            return True
        is_known, off = await self.store.read(
            lambda c: (self.last.is_known(c), switches.off(c, self._switch))
        )
        if off is not None and off.why == switches.RESUMED:
            await self._go_on("an operator has decided")
        elif not is_known and (off is None or self._is_checked):
            await self._pause("it lacks the last attempt; within two minutes queue_log will have told")
        elif off is not None and off.lasts < SETTLES:
            self._is_checked = False
        elif off is not None or not self._is_checked:
            await self._look(is_paused=off is not None)
        return self._is_checked

    async def _look(self, *, is_paused: bool) -> None:
        """Compare the store with queue_log; while nobody is dialled, take in what it lacks."""
        last_known = await self.store.read(self._last_known)
        since = self._since or last_known
        work = partial(dialled_since, self.queue_log, since, self.policy.interfaces, self.log_key)
        dialled, is_whole = await asyncio.to_thread(work)
        known = await self.store.read(lambda c: attempts.known(c, tuple(dialled)))
        unknown = [lines for attempt_id, lines in dialled.items() if attempt_id not in known]
        if not is_paused and any(_number_of(lines[0]) for lines in unknown):
            await self._pause("it lacks attempts; within two minutes queue_log will have told")
        elif not is_paused:
            self._is_checked = True
        elif await self._take_in(unknown, dialled) and is_whole:
            await self._go_on(f"{len(unknown)} attempts were taken in from queue_log")
        else:
            self._since = since
            lacks = f"queue_log here does not tell whom each attempt since {since:%Y-%m-%d %H:%M} UTC dialled"
            await self._pause(f"{lacks}; to dial all the same: hotline callbacks resume {self._switch}")

    async def _take_in(
        self, unknown: list[Sequence[LogLine]], dialled: Mapping[str, Sequence[LogLine]]
    ) -> bool:
        """Whether the store knows all of them now."""
        latest = {_number_of(lines[0]): attempt_id for attempt_id, lines in dialled.items()}
        taken = []
        for lines in unknown:
            is_latest = latest[_number_of(lines[0])] == lines[0].uniqueid
            work = partial(_take_in, lines=lines, server=self.server, policy=self.policy, is_latest=is_latest)
            taken.append(await self.store.write(work))
        return all(taken)

    async def _pause(self, why: str) -> None:
        why = f"the database is restored, or another one: {why}"

        def again(connection: Connection) -> None:
            switches.turn_on(connection, self._switch)
            switches.turn_off(connection, self._switch, why)

        await self.store.write(again)
        self._is_checked = False
        log.error("nobody is dialled", reason=why)

    async def _go_on(self, why: str) -> None:
        latest = await self.store.read(lambda c: attempts.latest_started(c, self.policy.trunks))
        await asyncio.to_thread(self.last.note, latest.id if latest else None)
        await self.store.write(lambda c: switches.turn_on(c, self._switch))
        self._is_checked, self._since = True, None
        log.warning("dialling goes on", reason=why)

    @property
    def _switch(self) -> str:
        return f"dial:{self.server}"

    def _last_known(self, connection: Connection) -> datetime:
        latest = attempts.latest_started(connection, self.policy.trunks)
        return self.last.noted_since() if latest is None else latest.planned_at


def _number_of(start: LogLine) -> str:
    """Whom a line says that we dialled, as E.164; empty where an earlier version of ours did."""
    found = _DIALLED.match(start.data[0])
    return f"+{found[1]}" if found else ""


def _take_in(
    connection: Connection, lines: Sequence[LogLine], server: str, policy: Policy, *, is_latest: bool
) -> bool:
    """Store the attempt of these lines; False if they name nobody, or another one has to end before.

    `is_latest`: no later one dialled that number, so it may be alive.
    """
    start, number = lines[0], _number_of(lines[0])
    trunk, at = start.data[0].partition(" ")[0], datetime.fromtimestamp(start.epoch, UTC)
    if not number or trunk not in policy.trunks or start.queue not in policy.queues:
        return False
    undecided.lock_number(connection, number)
    callback_id = callbacks.open_for(connection, number)
    if callback_id is None:  # nor is its missed call known
        order = Order(
            written=number,
            number=CallerNumber(number, "other"),
            queue=start.queue,
            by=number,
            language=policy.default_language,
            reason="missed",
            arrived_over=trunk,
        )
        callback_id = callbacks.owe(
            connection, order.wanted(policy, server, at), state="owed", note=_FROM_LOG
        )
    callback = callbacks.find(connection, callback_id or 0)
    if callback is None or callback.state == "dialing":
        return False
    is_over = not is_latest or any(line.event == words.LOG_CALLBACK_END for line in lines)
    # Whoever was missed again after it was over is still owed a call, whatever it came to.
    if not is_over or callback.missed_at < at + _PRECISION:
        if not callbacks.release(connection, callback.id):
            callbacks.let_go(connection, callback.id, _FROM_LOG)
        callbacks.start_dialing(connection, callback.id, start.uniqueid)
    attempt = plan(connection, start.uniqueid, callback, server, trunk, policy, at)
    attempts.advance(connection, attempt.id, "originating", at)
    if is_over:
        resolve(connection, attempt, policy, lines)
    return True
