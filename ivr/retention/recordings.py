"""Recordings on disk: found by their call, copied for who may hear them, deleted when their time is over.

The compiled dialplan names them `<server>-<linkedid>.wav`, further stays `-2`, `-3` … (`dialplan.door`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

_SUFFIX: Final = ".wav"
_MOST_STAYS: Final = 20
_PRIVATE: Final = 0o600


def of_call(folder: Path, server: str, linkedid: str) -> list[Path]:
    """Files of that call, in the order of its stays; none for an id that is no plain file name."""
    if not linkedid or os.sep in linkedid:
        return []
    names = [f"{server}-{linkedid}{further}{_SUFFIX}" for further in _FURTHER]
    return [path for name in names if (path := folder / name).is_file()]


def calls_of(name: str, server: str) -> set[str]:
    """Linkedids of the calls of which a file of that name may be a recording."""
    linkedid = name.removeprefix(f"{server}-").removesuffix(_SUFFIX)
    return {linkedid, linkedid.rpartition("-")[0]}


_FURTHER: Final = ("", *(f"-{stay}" for stay in range(2, _MOST_STAYS + 1)))


def copy(recording: Path, to: Path) -> None:
    """Copy to a new file only its owner may read; FileExistsError if there is one, OSError if it fails.

    What was copied of one that cannot be read to its end is removed.
    """
    with recording.open("rb") as original:
        target = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        try:
            with os.fdopen(target, "wb") as copied:
                shutil.copyfileobj(original, copied)
        except OSError:
            to.unlink()
            raise


def older_than(folder: Path, server: str, moment: datetime) -> Iterator[Path]:
    """Recordings of that server last written before `moment`; nothing else in the folder is touched."""
    for entry in os.scandir(folder):
        is_ours = entry.name.startswith(f"{server}-") and entry.name.endswith(_SUFFIX)
        if is_ours and entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < moment.timestamp():
            yield Path(entry.path)
