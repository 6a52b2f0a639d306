"""Records on their way into the store: kept until a transaction has taken them.

The recorder puts in what its fold changed and asks to store it several times a second; only the latest state
of a record is written. While the database is out of reach they are in memory and, in case the process does
not live to see it return, in the spool: each is appended as one line of JSON and synced to the disk; when all
are stored the file is emptied. A process that dies meanwhile leaves the file to the next one; storing a
record twice changes nothing. Only one process has a spool at a time.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any, Final

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from ivr.base.logs import Trouble
from ivr.base.masking import masked
from ivr.base.permissions import close_to_others
from ivr.calls.numbers import ReadNumber
from ivr.storage.engine.store import StoreAway, StoreThread, StoreUnfit
from ivr.storage.records.visits import keep_surveys, save
from ivr.visits.records import Call, Survey, Visit

log = structlog.get_logger(__name__)

Record = Call | Visit | Survey
MOST_RECORDS: Final = 50_000
"""About two weeks of the hotline, 50 MB. More are not taken: queue_log will tell of their visits."""
AT_ONCE: Final = 500
"""About so many records in one transaction: what piled up for days must not run into the store's deadline."""
_OUTDATED_LINES: Final = 1000
"""So many lines more than records, and the file is written anew."""
_KINDS: Final[Mapping[str, TypeAdapter[Any]]] = {
    kind.__name__.lower(): TypeAdapter(kind) for kind in (Call, Visit, Survey)
}


class SpoolTaken(Exception):
    """Another process writes to this spool."""


class Spool:
    """One file; `close` gives it to the next process."""

    def __init__(self, path: Path) -> None:
        """Make it or take it over, with what is in it. Raises SpoolTaken, OSError."""
        self._path = path
        self.was_there = path.exists()
        """A recorder has run here before."""
        self._file = _opened(path)
        self._lines = 0

    def records(self) -> list[Record]:
        """What an earlier process left, in its order; half a line at the end was promised to nobody.

        A line that cannot be read, such as another version's, is laid aside in `….unread`.
        """
        self._file.seek(0)
        lines = self._file.read().split(b"\n")
        self._lines = len(lines)
        read = {line: _read(line) for line in lines if line}
        if unread := [line for line in lines[:-1] if line and read[line] is None]:
            aside = self._path.with_name(f"{self._path.name}.unread")
            log.error(
                "lines of the spool cannot be read; they are laid aside", lines=len(unread), file=str(aside)
            )
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as file:
                file.writelines(line + b"\n" for line in unread)
        return [record for line in lines if line and (record := read[line]) is not None]

    def keep(self, changed: Collection[Record], everything: Collection[Record]) -> None:
        """Add `changed`, on the disk when this returns; write `everything` anew if most lines are outdated.

        Raises OSError, such as on a full disk.
        """
        if self._lines + len(changed) > 2 * len(everything) + _OUTDATED_LINES:
            self._write_anew(everything)
        else:
            _append(self._file, changed)
            self._lines += len(changed)

    def clear(self) -> None:
        """All of it is stored."""
        self._file.truncate(0)
        os.fsync(self._file.fileno())
        self._lines = 0

    def close(self) -> None:
        """Give it back."""
        self._file.close()

    def _write_anew(self, records: Collection[Record]) -> None:
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.unlink(missing_ok=True)
        file = _opened(fresh)
        _append(file, records)
        fresh.replace(self._path)
        self._file.close()
        self._file, self._lines = file, len(records)


def _opened(path: Path) -> FileIO:
    """The file, locked for this process alone; nobody else may read it, it holds citizens' numbers."""
    close_to_others(path)
    file = FileIO(path, "a+", opener=lambda name, flags: os.open(name, flags, 0o600))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        file.close()
        raise SpoolTaken(f"{path} is in use by another process") from problem
    return file


def _append(file: FileIO, records: Collection[Record]) -> None:
    # A line that was cut by a full disk must not spoil the next one, so each begins with the line's end.
    text = b"".join(b"\n" + _line(record) for record in records) + b"\n"
    while text:
        text = text[file.write(text) :]
    os.fsync(file.fileno())


def _line(record: Record) -> bytes:
    kind = type(record).__name__.lower()
    return kind.encode() + b" " + _KINDS[kind].dump_json(record)


def _read(line: bytes) -> Record | None:
    kind, _, data = line.partition(b" ")
    try:
        record: Record = _KINDS[kind.decode()].validate_json(data)
    except (KeyError, UnicodeDecodeError, ValidationError):
        return None
    return record


class Unstored:
    """What the store does not know yet; without a spool it is lost with the process."""

    def __init__(self, store: StoreThread, read_number: ReadNumber, spool: Spool | None) -> None:
        self._store, self._read_number = store, read_number
        self._spool = spool
        self._waiting: dict[object, Record] = {}
        self._spooled: dict[object, Record] = {}
        self._taken: set[object] = set()
        """Since all was stored the last time; what is told again of these is taken in any case."""
        self._full_since: datetime | None = None
        self._trouble = Trouble("database out of reach; records wait", "the database has all that waited")
        self._spool_trouble = Trouble(
            "the spool cannot be written; records are in memory only", "the spool is written again"
        )

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_spooled(self) -> bool:
        """Whether everything that waits is on the disk."""
        return all(self._spooled.get(key) is record for key, record in self._waiting.items())

    async def take_over(self) -> None:
        """What an earlier process left in the spool waits again."""
        if self._spool is not None and (left := await asyncio.to_thread(self._spool.records)):
            log.warning("records of an earlier process are in the spool", records=len(left))
            self.put(left)
            self._spooled = dict(self._waiting)

    def put(self, records: Iterable[Record]) -> None:
        """Take changed records; a newer state of one replaces the older.

        While the database is away no new ones are taken beyond `MOST_RECORDS`, see `end_overflow`.
        """
        for record in records:
            key = _key(record)
            if key in self._taken or len(self._taken) < MOST_RECORDS or not self._trouble.is_there:
                self._taken.add(key)
                self._waiting[key] = record
            elif self._full_since is None:
                self._full_since = datetime.now(UTC)
                log.critical("too many records wait; of new calls only queue_log tells", records=len(self))

    def end_overflow(self) -> datetime | None:
        """Since when records were not taken, None if all were; from now on they are taken again."""
        since, self._full_since = self._full_since, None
        return since

    async def store(self) -> bool:
        """Write everything; False if the database is out of reach and the rest is kept.

        Raises StoreUnfit, with the rest kept.
        """
        # Not on the event loop: of 50,000 it takes a tenth of a second, every time it is tried again.
        for portion in await asyncio.to_thread(list, _portions(dict(self._waiting))):
            try:
                await self._save_portion(portion.values())
            except (StoreAway, StoreUnfit) as problem:
                self._trouble.because(str(problem), records=len(self))
                await self._keep()
                if isinstance(problem, StoreUnfit):
                    raise
                return False
            for key, record in portion.items():
                if self._waiting[key] is record:
                    del self._waiting[key]
                _tell(record)
        if self._spooled and self._spool is not None:
            # Whatever has come since replaces nothing that is stored.
            await asyncio.to_thread(self._spool.clear)
            self._spooled.clear()
        self._taken.clear()
        self._trouble.ends()
        return True

    async def _keep(self) -> None:
        if self._spool is None:
            return
        everything = dict(self._waiting)
        changed = {key: one for key, one in everything.items() if self._spooled.get(key) is not one}
        if not changed:
            return
        try:
            await asyncio.to_thread(self._spool.keep, changed.values(), everything.values())
        except OSError as problem:
            self._spool_trouble.because(str(problem))
        else:
            self._spooled |= changed
            self._spool_trouble.ends()

    async def _save_portion(self, records: Collection[Record]) -> None:
        try:
            await self._save(records)
        except (StoreAway, StoreUnfit):
            raise
        except Exception:  # one record the database will never take must not hold up the others
            if len(records) == 1:
                log.exception("record not stored", record=repr(*records))
                return
            log.exception("records refused by the database; they are tried one by one")
            for record in records:
                await self._save_portion((record,))

    async def _save(self, records: Iterable[Record]) -> None:
        calls = [record for record in records if isinstance(record, Call)]
        visits = [record for record in records if isinstance(record, Visit)]
        asked = [record for record in records if isinstance(record, Survey)]

        def work(connection: Connection) -> None:
            save(connection, calls, visits, self._read_number)
            keep_surveys(connection, asked)

        await self._store.write(work)


def _portions(waiting: Mapping[object, Record]) -> Iterator[dict[object, Record]]:
    """All in portions; a call and its visits are in one, for the dialer decides on what is committed."""
    by_call: dict[object, dict[object, Record]] = {}
    for key, record in waiting.items():
        call = (record.call_linkedid, record.call_began_at) if isinstance(record, Visit) else key
        by_call.setdefault(call, {})[key] = record
    portion: dict[object, Record] = {}
    for records in by_call.values():
        portion |= records
        if len(portion) >= AT_ONCE:
            yield portion
            portion = {}
    if portion:
        yield portion


def _key(record: Record) -> object:
    if isinstance(record, Call):
        return record.linkedid, record.began_at
    if isinstance(record, Survey):
        return record
    return record.uniqueid, record.queue, record.received_at


def _tell(record: Record) -> None:
    if isinstance(record, Visit) and record.ended_at is not None:
        log.info(
            "visit",
            queue=record.queue,
            caller=masked(record.caller),
            outcome=record.outcome,
            wait=record.wait_seconds,
            talk=record.talk_seconds,
            agent=record.agent,
        )
