"""Records the database cannot take now, in a file until it can.

Each is appended as one line of JSON and synced to the disk; when all are stored the file is emptied. A
process that dies meanwhile leaves the file to the next one; storing a record twice changes nothing. Only one
process has a spool at a time. Used by `unstored`, off the event loop.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Mapping
from io import FileIO
from pathlib import Path
from typing import Any, Final

import structlog
from pydantic import TypeAdapter, ValidationError

from ivr.private import close_to_others
from ivr.visits.records import Call, Survey, Visit

log = structlog.get_logger(__name__)

Record = Call | Visit | Survey
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
