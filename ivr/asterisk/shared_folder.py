"""Folders that we write and Asterisk reads: 2750 and of Asterisk's group, which their files inherit.

On Debian Asterisk runs as `asterisk` and its configuration folder has that group; root, who renders, is in
another.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

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
