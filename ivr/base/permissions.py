"""Who may read the files we write.

Files that hold citizens' numbers are closed to other users of the machine; `hotline doctor` looks. Folders
that Asterisk reads are 2750 and of Asterisk's group, which their files inherit: on Debian Asterisk runs as
`asterisk`, and root, who renders, is in another group.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final


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


_MODE: Final = 0o2750
FILE_MODE: Final = 0o640


def share(folder: Path, group: int | None = None) -> None:
    """Make the folder, if need be, for the group with that id; without one, for the group of its parent.

    A folder that exists changes only where a group is given, with all that is in it. Raises OSError:
    only root gives files to a group it is not in.
    """
    if folder.is_dir() and group is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    gid = folder.parent.stat().st_gid if group is None else group
    for path in (folder, *folder.rglob("*")):
        os.chown(path, -1, gid, follow_symlinks=False)
        if path.is_dir() and not path.is_symlink():
            path.chmod(_MODE)


def write_whole(path: Path, content: bytes) -> None:
    """The file is there as a whole, on disk, or as it was before. Raises OSError.

    It keeps the mode and the group of the file it replaces; a new one is 0640. Its folder is made if need be.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)  # of a writer that was killed
    opened = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        with os.fdopen(opened, "wb") as file:
            os.fchmod(file.fileno(), FILE_MODE)
            if path.exists():
                with suppress(PermissionError):
                    os.fchown(file.fileno(), -1, path.stat().st_gid)
                os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
