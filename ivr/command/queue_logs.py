"""queue_log files that a command is given, by `hotline data backfill` and `hotline data audit`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ivr.asterisk.queue_log import LogFile, in_order
from ivr.command.options import fail

_HINT: Final = "name queue_log files that can be read"


def queue_logs(paths: Iterable[Path]) -> list[LogFile]:
    """The files in the order in which they were written; ends the command if one is none or not readable."""
    try:
        found = in_order(paths)
    except OSError as problem:
        fail(f"{problem.filename}: {problem.strerror}", hint=_HINT)
    for file in found:
        if not file.began:
            fail(f"{file.path}: is no queue_log", hint=_HINT)
    return found
