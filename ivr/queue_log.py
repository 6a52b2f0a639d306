"""From queue_log to the store: lines → facts → fold → calls and visits, with a bookmark.

`hotline data backfill` gives it files, the recorder follows one. Whatever was read before may be read again:
the same stays are told again and nothing changes. So the bookmark is only ever too early.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection

from ivr.asterisk.queue_log import Block, LogFile
from ivr.storage import agents, leases, log_positions
from ivr.storage.visits import Saved, save
from ivr.visits.facts import LongAgo, Tick
from ivr.visits.fold import Changes, Fold
from ivr.visits.from_queue_log import LogReader
from ivr.visits.state import before
from ivr.watched import Watched

LONGEST_CALL: Final = timedelta(hours=12)
"""Who joined so long before the latest line has left, whatever became of the line that said so."""


class _Mark(NamedTuple):
    """Stays from number `stay` on began in this file at or after `position`."""

    file: LogFile
    position: int
    stay: int


class QueueLog:
    """One server's queue_log, read block by block, in order. A failed transaction leaves it useless."""

    def __init__(self, server: str, watched: Watched) -> None:
        self._server, self._watched = server, watched
        self._reader = LogReader(watched.is_ours)
        self._fold = Fold(server, "queue_log", watched.structures)
        self._marks: deque[_Mark] = deque()
        self._ends: dict[LogFile, int] = {}
        self.lines = 0

    @property
    def read_to(self) -> datetime | None:
        """The moment of the latest line."""
        return None if self._reader.last is None else self._reader.last.at

    def positions(self, connection: Connection) -> dict[str, int]:
        """How far each file was read before; asked first, for also the agents are learned from the store."""
        self._reader.interfaces = {
            **agents.interfaces(connection, self._server),
            **self._watched.interfaces,
        }
        return log_positions.known(connection, self._server, self._watched.scope)

    def new_file(self) -> None:
        """The next block is of another file, which may repeat what was read."""
        self._reader.new_file()
        self._fold.forget_settled()

    def read(self, connection: Connection, file: LogFile, block: Block) -> Saved:
        """Store what the block says and how far it was read, in the caller's transaction."""
        self._marks.append(_Mark(file, block.begin, self._fold.next_stay))
        self._ends[file] = block.end
        changes = self._facts(block)
        saved = save(
            connection,
            changes.calls,
            changes.visits,
            self._watched.read_number,
            is_listened=leases.is_held(connection, self._server, "recorder"),
        )
        if (read_to := self.read_to) is not None:
            for settled, position in self._settled().items():
                log_positions.put(
                    connection, self._server, self._watched.scope, settled.first_line, position, read_to
                )
        return saved

    def _facts(self, block: Block) -> Changes:
        read, apply, covers = self._reader.facts, self._fold.apply, self._watched.covers
        lines = block.lines
        self.lines += len(lines)
        for line in lines:
            for fact in read(line):
                if covers(fact):
                    apply(fact)
        if (last := self._reader.last) is not None:
            apply(LongAgo(before(last, LONGEST_CALL.total_seconds())))
            apply(Tick(last))
        return self._fold.take()

    def _settled(self) -> dict[LogFile, int]:
        """Where each file would have to be read from again to know what is open now."""
        oldest = self._fold.oldest_open
        while self._marks and (oldest is None or (len(self._marks) > 1 and self._marks[1].stay <= oldest)):
            self._marks.popleft()
        needed = {mark.file: mark.position for mark in reversed(self._marks)}
        settled = self._ends | needed
        self._ends = {file: end for file, end in self._ends.items() if file in needed}
        return settled
