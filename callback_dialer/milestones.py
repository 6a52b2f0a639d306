"""What the dialplan left in queue_log about one attempt, as progress: `tell(progress, lines)`, pure.

Written by Asterisk itself, before each step is taken, so it is there when every process of ours was dead.
Queue() logs a callback's stay under the attempt's id, too. `lines_of` reads the file for `resolving`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from callback_dialer.attempt import Progress
from ivr.asterisk import words
from ivr.calls.callback_states import AttemptState, states_before

CLOCKS_APART: Final = timedelta(hours=1)
"""The clock of Asterisk's machine may be so far behind the database's."""
Line = Sequence[str]
"""Epoch seconds, attempt id, queue, agent, event, data …"""
Step = Callable[[Progress, datetime, Line], Progress]


def was_dialled(lines: Iterable[Line]) -> bool:
    """Whether the dialplan came to the step before Dial()."""
    return any(line[4] == words.LOG_CALLBACK_START for line in lines)


def tell(progress: Progress, lines: Iterable[Line]) -> Progress:
    """The attempt with what its lines add; ended exactly if the dialplan wrote its end."""
    for line in lines:
        step = STEPS.get(line[4])
        if step is not None and not progress.ended_at:
            progress = step(progress, datetime.fromtimestamp(int(line[0]), UTC), line)
    return progress


def lines_of(attempt_id: str, queue_log: Path, since: datetime) -> list[Line] | None:
    """The attempt's lines in the log and its rotated files; None if they do not reach back to `since`.

    Raises OSError if they cannot be read. `since` is the database's; what was written long before stays shut.
    """
    written = sorted((path.stat().st_mtime, path) for path in queue_log.parent.glob(f"{queue_log.name}*"))
    wanted = [
        path for at, path in written if at >= (since - CLOCKS_APART).timestamp() and path.suffix != ".gz"
    ]
    lines: list[Line] = []
    begins_at: list[int] = []
    for path in wanted:
        with path.open(encoding="utf-8", errors="replace") as file:
            for position, text in enumerate(file):
                if position == 0:
                    begins_at.append(int(text.partition("|")[0]))
                if attempt_id in text:
                    lines.append(text.rstrip("\n").split("|"))
    is_whole = len(wanted) < len(written) or any(at <= since.timestamp() for at in begins_at)
    return [line for line in lines if len(line) > 4 and line[1] == attempt_id] if is_whole else None


def _advance(progress: Progress, state: AttemptState, at: datetime) -> Progress:
    if progress.state not in states_before(state):
        return progress
    return replace(progress, state=state, reached_state_at=at)


def _started(progress: Progress, at: datetime, line: Line) -> Progress:
    return _advance(progress, "originating", at)


def _answered(progress: Progress, at: datetime, line: Line) -> Progress:
    answered = replace(progress, answered_at=progress.answered_at or at)
    return _advance(answered, "citizen_answered", at)


def _confirmed(progress: Progress, at: datetime, line: Line) -> Progress:
    return _advance(replace(progress, confirmed_at=progress.confirmed_at or at), "confirmed", at)


def _refused(progress: Progress, at: datetime, line: Line) -> Progress:
    return replace(progress, farewell="refused")


def _no_agent(progress: Progress, at: datetime, line: Line) -> Progress:
    return replace(progress, farewell="no_agent")


def _new_time(progress: Progress, at: datetime, line: Line) -> Progress:
    return replace(progress, farewell="new_time", choice=_number(line[5:6]) or 0)


def _connected(progress: Progress, at: datetime, line: Line) -> Progress:
    connected = replace(progress, connected_at=progress.connected_at or at, agent=progress.agent or line[3])
    return _advance(connected, "agent_connected", at)


def _talked(progress: Progress, at: datetime, line: Line) -> Progress:
    seconds = _number(line[6:7])
    return progress if seconds is None or progress.talk_seconds else replace(progress, talk_seconds=seconds)


def _ended(progress: Progress, at: datetime, line: Line) -> Progress:
    """`DIALSTATUS CAUSE`. Only a phone that rang can be left unanswered; CANCEL: we hung up."""
    status, _, cause = (line[5] if len(line) > 5 else "").partition(" ")
    rang = _advance(progress, "ringing", at) if status in ("NOANSWER", "CANCEL") else progress
    if status == "CANCEL":
        rang = replace(rang, farewell="withdrawn")
    return replace(rang, ended_at=at, cause=_number([cause]) if rang.cause is None else rang.cause)


def _number(fields: Sequence[str]) -> int | None:
    text = fields[0] if fields else ""
    return int(text) if text.isascii() and text.isdigit() else None


STEPS: Final[Mapping[str, Step]] = {
    words.LOG_CALLBACK_START: _started,
    words.LOG_CALLBACK_ANSWERED: _answered,
    words.LOG_CALLBACK_CONFIRMED: _confirmed,
    words.LOG_CALLBACK_REFUSED: _refused,
    words.LOG_CALLBACK_NEW_TIME: _new_time,
    "EXITWITHTIMEOUT": _no_agent,
    "EXITEMPTY": _no_agent,
    "CONNECT": _connected,
    "COMPLETEAGENT": _talked,
    "COMPLETECALLER": _talked,
    words.LOG_CALLBACK_END: _ended,
}
