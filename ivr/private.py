"""Files that hold citizens' numbers: no other user of the machine may read them.

The store and its spool keep to it; `hotline doctor` looks.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def close_to_others(path: Path) -> None:
    """Take from others whatever they may do with the file, where that is ours to change."""
    with suppress(OSError):
        if (mode := path.stat().st_mode) & 0o007:
            path.chmod(mode & 0o770)


def is_open_to_others(path: Path) -> bool:
    """Whether every user of this machine can read the file, by its mode and those of all folders above."""
    path = path.resolve()
    try:
        return bool(path.stat().st_mode & 0o004) and all(up.stat().st_mode & 0o001 for up in path.parents)
    except OSError:
        return False
