"""queue_log files on disk: plain, rotated, packed by gzip; read in blocks of whole lines.

A file is known by its first line, so that it is the same file after `logger rotate` has renamed it or gzip
has packed it, and another one after it was truncated. Positions are bytes of the unpacked text.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
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
    """Whole lines between two positions; `packed`: how far the file on disk was read for it."""

    begin: int
    end: int
    packed: int
    text: str

    @property
    def lines(self) -> list[str]:
        """Without their ends; what is no UTF-8 is replaced, letter by letter."""
        return self.text.split("\n")


def identify(path: Path) -> LogFile | None:
    """The file by its first line; None if there is no whole line in it yet. OSError if it cannot be read."""
    with path.open("rb") as packed:
        return _known_by(path, _unpacked(packed))


def _known_by(path: Path, file: _Unpacked) -> LogFile | None:
    begin = _some(file, _LONGEST_LINE)
    line, newline, _ = begin.partition(b"\n")
    if not newline:
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

    What is called alike and is no queue_log is left out.
    """
    aside = (one for one in path.parent.glob(f"{path.name}*") if one != path and one.is_file())
    found = in_order([*aside, *([path] if path.is_file() else [])])
    return [file for file in found if file.began or file.path == path]


def blocks(log: LogFile, position: int) -> Iterator[Block]:
    """Whole lines from `position` to the end as it is now; from the beginning if the file is shorter.

    Nothing if another file stands there by now. OSError if it cannot be read.
    """
    with log.path.open("rb") as packed, _unpacked(packed) as file:
        if _known_by(log.path, file) != log:
            return
        size = os.fstat(packed.fileno()).st_size
        try:
            if (file is packed and position > size) or file.seek(position) < position:
                position = file.seek(0)
        except _DAMAGE:
            return  # it was whole once, and was read farther than it can be now
        rest = b""
        while data := _some(file, BLOCK_BYTES):
            whole, newline, rest = (rest + data).rpartition(b"\n")
            if newline:
                end = position + len(whole) + 1
                text = whole.decode("utf-8", "replace").replace("\0", "\ufffd")
                yield Block(position, end, packed.tell(), text)
                position = end


def is_cut(path: Path) -> bool:
    """Whether it is packed and damaged, or not packed to its end: what stands behind that cannot be read."""
    with path.open("rb") as packed, _unpacked(packed) as file:
        if file is packed:
            return False
        try:
            while file.read(BLOCK_BYTES):
                pass
        except _DAMAGE:
            return True
    return False


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
