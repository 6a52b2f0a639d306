"""queue_log files on disk: plain, rotated, packed by gzip; read in blocks of whole lines.

A file is known by its first line, so that it is the same file after `logger rotate` has renamed it or gzip
has packed it, and another one after it was truncated. Positions are bytes of the unpacked text. Only regular
files are opened. No line of Asterisk's is longer than 64 kB: a longer one is skipped while it is read, so
that a file without line ends takes neither memory nor time beyond its own length.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import re
import stat
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Final

BLOCK_BYTES: Final = 1 << 19
_GZIP: Final = b"\x1f\x8b"
_Unpacked = BufferedReader | gzip.GzipFile
_DAMAGE: Final = (EOFError, zlib.error, gzip.BadGzipFile)
_LONGEST_LINE: Final = 1 << 16
_NEWLINE: Final = b"\n"
_EPOCH: Final = re.compile(rb"^(\d{1,11})\|", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LogFile:
    """`first_line`: its hash; `began`: the epoch second of its first whole line, 0 if it is no queue_log."""

    path: Path
    first_line: str
    began: int

    @property
    def began_at(self) -> datetime:
        """The moment it starts with."""
        return datetime.fromtimestamp(self.began, UTC)


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines between two positions; `packed`: how far the file on disk was read for it.

    `skipped`: how many lines in it were too long and are not in `text`.
    """

    begin: int
    end: int
    packed: int
    text: str
    skipped: int = 0

    @property
    def lines(self) -> list[str]:
        """Without their ends; what is no UTF-8 is replaced, letter by letter."""
        return self.text.split("\n") if self.text else []


def identify(path: Path) -> LogFile | None:
    """The file by its first line, or by the first 64 kB of one that is too long.

    None if there is no whole line in it yet. OSError if it cannot be read, or is not a regular file.
    """
    with _opened(path) as packed:
        return _known_by(path, _unpacked(packed))


def _known_by(path: Path, file: _Unpacked) -> LogFile | None:
    begin = _some(file, _LONGEST_LINE)
    line, newline, _ = begin.partition(b"\n")
    if not newline and len(begin) < _LONGEST_LINE:
        return None
    epoch = _EPOCH.search(begin)
    return LogFile(path, hashlib.sha256(line).hexdigest(), int(epoch[1]) if epoch else 0)


def in_order(paths: Iterable[Path]) -> list[LogFile]:
    """The files that hold anything, each once, in the order in which they were written.

    Of copies that are not equally long, one may say more than the other: each is there, as they were given.
    """
    found = [(file, path.stat().st_size) for path in paths if (file := identify(path)) is not None]
    known = {(file.first_line, size): file for file, size in found}
    return sorted(known.values(), key=lambda file: file.began)


def rotated(path: Path) -> list[LogFile]:
    """The log at `path` with those that rotation has moved aside in its folder, the oldest first.

    What is called alike and is no queue_log is left out. OSError if one cannot be read, or if `path` is not a
    regular file.
    """
    aside, _ = beside(path)
    found = in_order([*aside, *([path] if path.exists() else [])])
    return [file for file in found if file.began or file.path == path]


def beside(path: Path) -> tuple[list[Path], list[Path]]:
    """What is called like the log at `path`: regular files, and everything else."""
    alike = sorted(one for one in path.parent.glob(f"{path.name}*") if one != path)
    return [one for one in alike if one.is_file()], [one for one in alike if not one.is_file()]


def blocks(log: LogFile, position: int, patience: float | None = None) -> Iterator[Block]:
    """Whole lines from `position` to the end as it is now; from the beginning if the file is shorter.

    A last line without its end is whole if nothing follows it for `patience` seconds (None: it never is):
    Asterisk writes a line at once.

    Nothing if another file stands there by now. OSError if it cannot be read. A position behind anything but
    a line end is one within a line that is too long, whose rest is skipped.
    """
    with _opened(log.path) as packed, _unpacked(packed) as file:
        if _known_by(log.path, file) != log:
            return
        try:
            file.seek(max(position - 1, 0))
            last = file.read(1) if position else _NEWLINE
            if not last:
                position, last = file.seek(0), _NEWLINE
        except _DAMAGE:
            return  # it was whole once, and was read farther than it can be now
        rest, is_inside = b"", last != _NEWLINE
        while data := _some(file, BLOCK_BYTES) or _missing_end(log, file, rest, patience):
            whole, newline, rest = (rest + data).rpartition(_NEWLINE)
            lines = whole.split(_NEWLINE) if newline else []
            end = min(position + len(whole) + len(newline), file.tell())
            if is_endless := len(rest) > _LONGEST_LINE:
                lines.append(rest)
                end, rest = end + len(rest), b""
            if not lines:
                continue
            kept = [line for line in lines[is_inside:] if len(line) <= _LONGEST_LINE]
            skipped = len(lines) - is_inside - len(kept)
            text = _NEWLINE.join(kept).decode("utf-8", "replace").replace("\0", "\ufffd")
            yield Block(position, end, packed.tell(), text, skipped)
            position, is_inside = end, is_endless


def _missing_end(log: LogFile, file: _Unpacked, rest: bytes, patience: float | None) -> bytes:
    if not rest or patience is None or is_cut(log.path):
        return b""
    time.sleep(patience)
    return _some(file, BLOCK_BYTES) or _NEWLINE


def is_cut(path: Path) -> bool:
    """Whether it is packed and damaged, or not packed to its end: what stands behind that cannot be read."""
    with _opened(path) as packed, _unpacked(packed) as file:
        if file is packed:
            return False
        try:
            while file.read(BLOCK_BYTES):
                pass
        except _DAMAGE:
            return True
    return False


def _opened(path: Path) -> BufferedReader:
    """A regular file. A folder, a device or a pipe, which could keep us waiting for ever, is an OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def _unpacked(raw: BufferedReader) -> _Unpacked:
    is_packed = raw.read(2) == _GZIP
    raw.seek(0)
    return gzip.GzipFile(fileobj=raw) if is_packed else raw


def _some(file: _Unpacked, size: int) -> bytes:
    """The next bytes, so many if there are; nothing more where a packed file ends in the middle."""
    pieces, missing = [], size
    with suppress(*_DAMAGE):
        while piece := file.read1(missing):
            pieces.append(piece)
            missing -= len(piece)
    return b"".join(pieces)
