"""queue_log files that a command is given, by `hotline data backfill` and `hotline data audit`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from ivr.asterisk.queue_log import LogFile, in_order, rotated
from ivr.command.options import fail

_HINT: Final = "name queue_log files that can be read"


def queue_logs(paths: Collection[Path]) -> list[LogFile]:
    """The files in the order in which they were written; ends the command if one is none or not readable."""
    found = _readable(lambda: in_order(paths))
    for file in found:
        if not file.began:
            fail(f"{file.path}: is no queue_log", hint=_HINT)
    return found


def own_queue_logs(path: Path) -> list[LogFile]:
    """The server's log at `path` with its rotated ones; ends the command if one is not readable."""
    return _readable(lambda: rotated(path))


def _readable(find: Callable[[], list[LogFile]]) -> list[LogFile]:
    try:
        return find()
    except OSError as problem:
        fail(f"{problem.filename or 'queue_log'}: {problem.strerror}", hint=_HINT)
