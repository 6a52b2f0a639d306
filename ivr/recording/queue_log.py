"""From queue_log to records: lines → facts → fold → calls and visits, stored with a bookmark.

`hotline data backfill` gives it files, the recorder follows one. Whatever was read before may be read again:
the same stays come out again and nothing changes. So the bookmark is only ever too early.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from ivr.asterisk import words
from ivr.asterisk.queue_log import Block, LogFile, blocks
from ivr.calls.callbacks import CallOrder, read_order
from ivr.calls.numbers import CallerNumber
from ivr.config.model import Configuration
from ivr.recording.watched import Watched
from ivr.storage.engine.statements import advisory_lock
from ivr.storage.owed import undecided
from ivr.storage.people import agents
from ivr.storage.records.visits import Saved, keep_surveys, save
from ivr.storage.running import listening, liveness
from ivr.visits.facts import LongAgo, Tick
from ivr.visits.fold import Changes, Fold
from ivr.visits.from_queue_log import QUEUE_LOG, LogReader, read_line
from ivr.visits.records import LONGEST_CALL
from ivr.visits.state import before

_PATIENCE: Final = 0.5
"""Seconds for the end of a last line that has none."""


class _Mark(NamedTuple):
    """Stays from number `stay` on began at or after `position` in the file with this first line."""

    file: str
    position: int
    stay: int


@dataclass(frozen=True, slots=True)
class Told:
    """What a block says, and where each file, by its first line, would be read from next (`settled`).

    `read_to`: the moment of the latest line. `packed`: how far the file on disk was read for it. `numbers`:
    its callers read, here because whoever stores has less time. `skipped`: lines that were too long.
    """

    file: LogFile
    packed: int
    lines: int
    changes: Changes
    settled: Mapping[str, int]
    read_to: datetime | None
    numbers: Mapping[tuple[str, str, str], CallerNumber]
    orders: tuple[CallOrder, ...] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """`positions`: how far each file was read; `interfaces`: queue and agent's name → interface."""

    positions: Mapping[str, int]
    interfaces: Mapping[tuple[str, str], str]


def read_files(
    server: str, configuration: Configuration | None, files: Iterable[LogFile], before: Known
) -> Iterator[Told]:
    """Every block of the files that was not read before. Without a configuration every queue is recorded."""
    yield from QueueLog(server, Watched.of(configuration), before.interfaces).told(files, before.positions)


class QueueLog:
    """One server's queue_log, read block by block, in order; of no use once a block could not be stored."""

    def __init__(self, server: str, watched: Watched, interfaces: Mapping[tuple[str, str], str]) -> None:
        """`interfaces`: the agents the store knows; the configuration knows better."""
        self._server, self._watched = server, watched
        self._reader = LogReader(watched.is_ours, {**interfaces, **watched.interfaces})
        self._fold = Fold(server, QUEUE_LOG, watched.structures, watched.overflows)
        self._marks: deque[_Mark] = deque()
        self._ends: dict[str, int] = {}

    def new_file(self, file: LogFile) -> None:
        """The next block is of that file, which may repeat what was read unless it began later."""
        last = self._reader.last
        self._reader.new_file()
        if last is None or file.began_at <= last.at:
            self._fold.forget_settled()

    def told(self, files: Iterable[LogFile], positions: Mapping[str, int]) -> Iterator[Told]:
        """What the files say, one after the other, each from its position on."""
        for file in files:
            self.new_file(file)
            for block in blocks(file, positions.get(file.first_line, 0), _PATIENCE):
                yield self.read(file, block)

    def read(self, file: LogFile, block: Block) -> Told:
        """What the block says, and how far everything is settled by it."""
        self._marks.append(_Mark(file.first_line, block.begin, self._fold.next_stay))
        self._ends[file.first_line] = block.end
        changes = self._changes(block)
        read_to = self._reader.last.at if self._reader.last else None
        callers = {(call.caller, call.trunk, call.presentation) for call in changes.calls}
        numbers = {who: self._watched.read_number(*who) for who in callers}
        orders = tuple(self._orders(block))
        packed, lines, skipped = block.packed, len(block.lines), block.skipped
        return Told(file, packed, lines, changes, self._settled(), read_to, numbers, orders, skipped)

    def _orders(self, block: Block) -> Iterator[CallOrder]:
        """Calls that were ordered while Python was dead or late; only queues of a configuration have such."""
        for line in block.lines if words.LOG_ORDER in block.text else ():
            told = read_line(line)
            if told is None or told.event != words.LOG_ORDER or told.queue not in self._watched.structures:
                continue
            if order := read_order(self._server, told.uniqueid, told.queue, "|".join(told.data)):
                yield order

    def _changes(self, block: Block) -> Changes:
        read, apply, covers = self._reader.facts, self._fold.apply, self._watched.covers
        for line in block.lines:
            for fact in read(line):
                if covers(fact):
                    apply(fact)
        if (last := self._reader.last) is not None:
            apply(LongAgo(before(last, LONGEST_CALL.total_seconds())))
            apply(Tick(last))
        return self._fold.take()

    def _settled(self) -> dict[str, int]:
        """Where each file would have to be read from again to know what is open now."""
        oldest = self._fold.oldest_open
        while self._marks and (oldest is None or (len(self._marks) > 1 and self._marks[1].stay <= oldest)):
            self._marks.popleft()
        needed = {mark.file: mark.position for mark in reversed(self._marks)}
        settled = self._ends | needed
        self._ends = {file: end for file, end in self._ends.items() if file in needed}
        return settled


def known(connection: Connection, server: str, watched: Watched) -> Known:
    """What the store knows before a file is read."""
    return Known(
        listening.positions(connection, server, watched.scope), agents.interfaces(connection, server)
    )


def keep(connection: Connection, server: str, watched: Watched, told: Told) -> Saved:
    """Store what was told and how far it was read, in the caller's transaction."""
    advisory_lock(connection, f"visits {server}")  # else two readers would make one bookmark
    is_listened = liveness.is_held(connection, server, "recorder")
    saved = save(
        connection,
        told.changes.calls,
        told.changes.visits,
        lambda *who: told.numbers.get(who) or watched.read_number(*who),
        is_listened=is_listened,
    )
    keep_surveys(connection, told.changes.surveys)
    for order in told.orders:
        undecided.note_request(connection, order)
    if told.read_to is not None:
        for first_line, position in told.settled.items():
            listening.note_position(connection, server, watched.scope, first_line, position)
    return saved
