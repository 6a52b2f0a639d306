"""queue_log followed while it grows, and the gaps in what AMI told that it fills.

Both belong to the recorder: after any start or reconnect the gap is noted, queue_log is read past it from the
last bookmark on, and how many visits it told is counted.
"""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection

from ivr.asterisk.connection import utc_now
from ivr.asterisk.messages import Reply
from ivr.asterisk.queue_log import Block, LogFile, beside, blocks, identify, rotated
from ivr.base.logs import Trouble
from ivr.recording.queue_log import QueueLog, keep, known
from ivr.recording.vouching import Vouching
from ivr.recording.watched import Watched
from ivr.storage.engine.store import StoreAway, StoreThread
from ivr.storage.running import listening
from ivr.storage.running.listening import Gap, Reason

log = structlog.get_logger(__name__)

_WRITTEN_WITHIN: Final = timedelta(seconds=5)
"""What happened so long ago stands in the file."""


_RESTARTED_WITHIN: Final = timedelta(minutes=1)
"""A planned restart takes seconds; later an agent may have gone and come back meanwhile."""
_PASSES: Final = frozenset({"ActionID", "Duration", "Timestamp", "Wait"})
"""Headers that change though nothing happens."""


def state_of(status: Reply | None, channels: Reply | None, queues: Reply | None) -> str:
    """A hash of what goes on, from CoreStatus, CoreShowChannels and QueueStatus; empty if one is lacking.

    Two are equal only if no call came, moved or ended in between: Asterisk counts the calls since its start.
    """
    replies = [reply for reply in (status, channels, queues) if reply is not None]
    if len(replies) < 3 or "CoreProcessedCalls" not in replies[0].headers:
        return ""
    rows = [reply.headers for reply in replies] + [row.headers for reply in replies for row in reply.events]
    told = sorted(sorted(item for item in row.items() if item[0] not in _PASSES) for row in rows)
    return sha256(repr(told).encode()).hexdigest()


class StoreChanged(Exception):
    """The store is not as this reader left it: an earlier state, another one, or another reader's."""


@dataclass
class LogFollower:
    """Reads one server's queue_log to its end, again and again; rotation and truncation do not matter."""

    path: Path
    store: StoreThread
    server: str
    watched: Watched
    vouching: Vouching
    had_store: bool = False
    """One was read before; a store without any bookmark gets all files."""
    skipped: int = 0
    """Lines that were too long, since this process began."""
    _bookmark: tuple[str, str | None] | None = None
    """Of the store: the first line of the file that was read last, and the token."""
    _waiting: tuple[LogFile, Block, float] | None = None
    """A block with lines that nobody vouches for yet, and when it was read."""
    _unread_since: float | None = None
    _log: QueueLog | None = None
    _positions: dict[str, int] = field(default_factory=dict)
    _current: LogFile | None = None
    _read_from: datetime = field(default_factory=utc_now)
    _left_out: set[Path] = field(default_factory=set)
    _trouble: Trouble = field(
        default_factory=lambda: Trouble("queue_log is not followed", "queue_log is followed again")
    )

    async def read_on(self) -> bool:
        """Store everything written since the last time; False if the store is not as it was left.

        Raises nothing: what went wrong is tried again.
        """
        began, moment = utc_now(), time.monotonic()
        try:
            if self._waiting is not None and not await self._take(*self._waiting):
                return True
            for file in await self._files():
                if not await self._read(file):
                    return True
            self._unread_since = moment
            await self._count_rebuilt(began - _WRITTEN_WITHIN)
        except StoreChanged as problem:
            self._bookmark = None
            self._start_again(str(problem))
            return False
        except (OSError, StoreAway) as problem:
            self._start_again(str(problem))
        except Exception as problem:  # a record the database refuses must not end the recorder
            self._start_again(repr(problem))
        else:
            self._trouble.ends()
        return True

    def _start_again(self, trouble: str) -> None:
        """What was folded but not stored will be told again, from the bookmark on."""
        self._log = self._current = self._waiting = self._unread_since = None
        self._trouble.because(trouble, path=str(self.path))

    async def _files(self) -> list[LogFile]:
        """What there is to read: the file itself, and before it what was moved aside meanwhile."""
        newest = await asyncio.to_thread(identify, self.path)
        if newest is None or newest == self._current:
            return [newest] if newest else []
        is_lost = False
        if self._log is None:
            before = await self.store.read(partial(known, server=self.server, watched=self.watched))
            is_any = await self.store.read(lambda c: listening.is_any_log_known(c, self.server))
            is_lost = self.had_store and not is_any
            self._log = QueueLog(self.server, self.watched, before.interfaces)
            self._positions = dict(before.positions)
        files = await asyncio.to_thread(rotated, self.path)
        _, others = await asyncio.to_thread(beside, self.path)
        for path in set(others) - self._left_out:
            log.warning("beside queue_log there is something else than a regular file", path=str(path))
        self._left_out.update(others)
        read = [file.first_line for file in files if file.first_line in self._positions]
        if read:
            # A call may have begun in the file before the latest one that was read.
            latest = next(number for number, file in enumerate(files) if file.first_line == read[-1])
            files = files[max(latest - 1, 0) :]
        elif not is_lost:
            files = [newest]
        self._read_from = files[0].began_at
        return files

    async def _read(self, file: LogFile) -> bool:
        """False: what is left waits."""
        assert self._log is not None
        if self._current is None or file.first_line != self._current.first_line:
            self._log.new_file(file)
        self._current = file
        patience = None if file.path == self.path else 0.0
        unread = blocks(file, self._positions.get(file.first_line, 0), patience)
        while (block := await asyncio.to_thread(next, unread, None)) is not None:
            if not await self._take(file, block, time.monotonic()):
                return False
        return True

    async def _take(self, file: LogFile, block: Block, read_at: float) -> bool:
        """Store what is genuine in it; False: that is not known yet."""
        assert self._log is not None
        genuine = await asyncio.to_thread(self.vouching.sift, block, self._unread_since)
        if genuine is None:
            self._waiting = (file, block, read_at)
            return False
        work = partial(self._keep, log=self._log, file=file, block=genuine)
        self._bookmark = file.first_line, await self.store.write(work)
        self._positions[file.first_line], self.had_store = block.end, True
        if self._waiting is not None:
            self._waiting, self._unread_since = None, read_at
        if block.skipped and not self.skipped:
            log.error("queue_log has a line of over 64 kB; such lines are skipped", path=str(file.path))
        self.skipped += block.skipped
        return True

    def _keep(self, connection: Connection, log: QueueLog, file: LogFile, block: Block) -> str | None:
        """Store a block; returns its bookmark's token."""
        self._require_bookmark(connection)
        keep(connection, self.server, self.watched, log.read(file, block))
        return self._token(connection, file.first_line)

    def _token(self, connection: Connection, first_line: str) -> str | None:
        return listening.position_token(connection, self.server, self.watched.scope, first_line)

    def _require_bookmark(self, connection: Connection) -> None:
        """All that this reader has stored must be there, or its place in the file is too far on."""
        if self._bookmark is not None and self._token(connection, self._bookmark[0]) != self._bookmark[1]:
            raise StoreChanged("the database is not as this reader left it; its bookmark there counts")

    async def _count_rebuilt(self, read_to: datetime) -> None:
        since = self._read_from

        def is_open_gap(connection: Connection) -> bool:
            self._require_bookmark(connection)
            return listening.is_open_gap(connection, self.server, since)

        if await self.store.read(is_open_gap):
            await self.store.write(lambda c: listening.count_rebuilt(c, self.server, since, read_to))


class SignsOfListening:
    """Keeps in the store when AMI was heard last, and every gap between two times of listening."""

    def __init__(self, store: StoreThread, server: str) -> None:
        self._store, self._server = store, server
        self._silent_since: datetime | None = None
        self._state_before = ""
        self._reason: Reason = "start"
        self.heard_since: float | None = None
        """By the machine's steady clock; None while something is missed."""
        self._gaps: list[Gap] = []
        self._next_sign = -math.inf

    async def begin(self) -> None:
        """Nobody has listened since the last recorder's last sign of life. Raises StoreAway."""
        known = await self._store.read(lambda c: listening.last_heard(c, self._server))
        self._silent_since, self._state_before = known

    def lost(self, at: datetime) -> None:
        """The connection is gone; a gap that is still open goes on."""
        self.heard_since = None
        if self._silent_since is None:
            self._silent_since, self._reason = at, "reconnect"

    def hear_everything(self, at: datetime, state: str = "") -> None:
        """Connected, and told what goes on already: from now on nothing is missed.

        `state` (`state_of`): as the last recorder left it a moment ago, if nothing happened meanwhile.
        """
        self.heard_since = time.monotonic()
        if self._silent_since is not None:
            is_same = state != "" and state == self._state_before
            if not (is_same and at - self._silent_since < _RESTARTED_WITHIN):
                self._gaps.append(Gap(self._reason, min(self._silent_since, at), at))
        self._silent_since, self._state_before = None, ""

    def miss(self, since: datetime) -> None:
        """What was heard from then until now could not be kept."""
        self._gaps.append(Gap("spool full", since, utc_now()))

    async def leave(self, state: str) -> None:
        """This recorder ends, and all it heard is stored. Raises StoreAway."""
        await self._store.write(lambda c: listening.leave(c, self._server, state))

    async def store(self, *, is_heard: bool) -> None:
        """Every few seconds a sign of life, and gaps at once; what the database cannot take now waits."""
        now, gaps = time.monotonic(), tuple(self._gaps)
        is_heard = is_heard and self._silent_since is None
        if not gaps and not (is_heard and now >= self._next_sign):
            return

        def put(connection: Connection) -> None:
            for gap in gaps:
                listening.add_gap(connection, self._server, gap)
            if is_heard:
                listening.heard(connection, self._server)

        with suppress(StoreAway):
            await self._store.write(put)
            del self._gaps[: len(gaps)]
            self._next_sign = now + listening.SIGN_EVERY
