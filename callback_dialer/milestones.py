"""What the dialplan left in queue_log about one attempt, as progress: `tell(progress, lines)`, pure.

Written by Asterisk itself, before each step is taken, so it is there when every process of ours was dead.
Queue() logs a callback's stay under the attempt's id, too. Nobody outside knows the id of an attempt, so that
the lines of one that is known are no caller's. `lines_of` reads the file for `resolving`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from callback_dialer.attempt import Progress, advance, answered, confirmed, connected, new_time
from ivr.asterisk import words
from ivr.asterisk.messages import number
from ivr.asterisk.queue_log import LogFile, blocks, rotated
from ivr.visits.from_queue_log import LogLine, read_line

CLOCKS_APART: Final = timedelta(hours=1)
"""The clock of Asterisk's machine may be so far behind the database's."""
Step = Callable[[Progress, datetime, LogLine], Progress]


def was_dialled(lines: Iterable[LogLine]) -> bool:
    """Whether the dialplan came to the step before Dial()."""
    return any(line.event == words.LOG_CALLBACK_START for line in lines)


def tell(progress: Progress, lines: Iterable[LogLine]) -> Progress:
    """The attempt with what its lines add; ended exactly if the dialplan wrote its end."""
    for line in lines:
        step = STEPS.get(line.event)
        if step is not None and not progress.ended_at:
            progress = step(progress, datetime.fromtimestamp(line.epoch, UTC), line)
    return progress


def dialled_since(
    queue_log: Path | None, since: datetime, interfaces: Mapping[tuple[str, str], str], key: bytes = b""
) -> tuple[Mapping[str, Sequence[LogLine]], bool]:
    """The lines of each attempt dialled since then, by its id, and whether that can be all.

    From the log and its rotated files, packed ones too; what cannot be read tells nothing. `interfaces`:
    queue and agent's name → interface; `key`: of the proof that the dialplan wrote whom it dialled.
    """
    begin = (since - CLOCKS_APART).timestamp()
    lines: dict[str, list[LogLine]] = {}
    try:
        wanted, is_whole = _of_that_time(rotated(queue_log) if queue_log else [], since)
        for line in _lines_with(words.ATTEMPT_PREFIX, wanted):
            if was_dialled([line]) and line.epoch >= begin and line.is_proven(key):
                lines.setdefault(line.uniqueid, [])
            if line.uniqueid in lines:
                agent = interfaces.get((line.queue, line.agent)) or line.agent
                lines[line.uniqueid].append(line._replace(agent=agent))
    except OSError:
        is_whole = False
    return lines, is_whole


def lines_of(attempt_id: str, queue_log: Path, since: datetime) -> list[LogLine] | None:
    """The attempt's lines in the log and its rotated files; None if they do not reach back to `since`.

    Raises OSError if they cannot be read. `since` is the database's; what was written long before is left
    alone.
    """
    files = rotated(queue_log)
    wanted, reaches_back = _of_that_time(files, since)
    lines = [line for line in _lines_with(attempt_id, wanted) if line.uniqueid == attempt_id]
    # Rotated meanwhile, a file was not read under its old name.
    return lines if reaches_back and rotated(queue_log) == files else None


def _lines_with(begin: str, files: Iterable[LogFile]) -> Iterator[LogLine]:
    """The lines whose uniqueid begins so; most blocks have none."""
    for block in (block for file in files for block in blocks(file, 0) if begin in block.text):
        for line in map(read_line, (text for text in block.lines if begin in text)):
            if line is not None and line.uniqueid.startswith(begin):
                yield line


def _of_that_time(files: Sequence[LogFile], since: datetime) -> tuple[Sequence[LogFile], bool]:
    """The files that may tell of what was since then, and whether they reach back to it."""
    oldest = (since - CLOCKS_APART).timestamp()
    wanted = [file for file in files if file.path.stat().st_mtime >= oldest]
    return wanted, len(wanted) < len(files) or any(0 < one.began <= since.timestamp() for one in files)


def _talked(progress: Progress, at: datetime, line: LogLine) -> Progress:
    seconds = number(_field(line, 1))
    return progress if seconds is None or progress.talk_seconds else replace(progress, talk_seconds=seconds)


def _ended(progress: Progress, at: datetime, line: LogLine) -> Progress:
    """`DIALSTATUS CAUSE`. Only a phone that rang can be left unanswered; CANCEL: we hung up."""
    status, _, cause = _field(line, 0).partition(" ")
    rang = advance(progress, "ringing", at) if status in ("NOANSWER", "CANCEL") else progress
    if status == "CANCEL":
        rang = replace(rang, farewell="withdrawn")
    return replace(rang, ended_at=at, cause=number(cause) if rang.cause is None else rang.cause)


def _field(line: LogLine, place: int) -> str:
    return line.data[place] if len(line.data) > place else ""


STEPS: Final[Mapping[str, Step]] = {
    words.LOG_CALLBACK_START: lambda progress, at, line: advance(progress, "originating", at),
    words.LOG_CALLBACK_ANSWERED: lambda progress, at, line: answered(progress, at),
    words.LOG_CALLBACK_CONFIRMED: lambda progress, at, line: confirmed(progress, at),
    words.LOG_CALLBACK_REFUSED: lambda progress, at, line: replace(progress, farewell="refused"),
    words.LOG_CALLBACK_NEW_TIME: lambda progress, at, line: new_time(progress, _field(line, 0)),
    "EXITWITHTIMEOUT": lambda progress, at, line: replace(progress, farewell="no_agent"),
    "EXITEMPTY": lambda progress, at, line: replace(progress, farewell="no_agent"),
    "CONNECT": lambda progress, at, line: connected(progress, at, line.agent),
    "COMPLETEAGENT": _talked,
    "COMPLETECALLER": _talked,
    words.LOG_CALLBACK_END: _ended,
}
