"""Rendered files onto disk, with the secrets they include; called by `hotline config render` and the lab.

Earlier revisions of the plan stay in the folder, so that calls in progress keep theirs when Asterisk reloads.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from dialplan import manager
from dialplan.compiler import compile
from ivr.asterisk.secrets import FOLDER, make_all_missing
from ivr.base.permissions import FILE_MODE, share, write_whole
from ivr.config.loading import Loaded

HOME: Final = "hotline"
"""The folder of rendered files, in Asterisk's configuration folder; in a revision they stand without it."""


def write(loaded: Loaded, out: Path, server: str, today: date, group: int | None = None) -> list[Path]:
    """Render into `out` (Asterisk's configuration folder); returns the files that are new or changed.

    Each file is replaced as a whole. Secrets that exist stay as they are. `group`: the id of Asterisk's
    group, if it is not that of `out`. Raises as `compile` does, and OSError.
    """
    written = []
    files = compile(loaded, server, today=today)
    out.mkdir(parents=True, exist_ok=True)
    for folder in (HOME, FOLDER):
        share(out / folder, group)
    for name, text in files.items():
        path = out / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        write_whole(path, text.encode())
        path.chmod(FILE_MODE)
        written.append(path)
    return written + make_all_missing(out / FOLDER, manager.RIGHTS)
