"""Lines of queue_log in, facts out: the durable second source of the same fold.

queue_log escapes nothing, so `|` may stand in a caller's number, a member's name, a reason: a line is read
from both ends (asterisk-notes 10). What cannot be understood gives no fact and never raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import ivr.visits.facts as fact
from ivr.asterisk import secrets, words
from ivr.visits.facts import Fact, Party, SourceCapabilities, of_attempt
from ivr.visits.steady import STEP_SECONDS, When

QUEUE_LOG: Final = SourceCapabilities("queue_log", variables=True, joins=True, callers=True, seconds=True)
"""It names every way out, so that an unnamed one is known as with class dialplan."""

_LAST_EPOCH: Final = 9_999_999_999
"""In 2286; a moment near the end of the year 9999 breaks every sum with a duration."""
_EPOCH_DIGITS: Final = 12
_LONGEST_ID: Final = 150
_LONGEST_QUEUE: Final = 128
_LONGEST_LINE: Final = 8192
"""Characters; Asterisk has no longer ones."""
_LONGEST_SECONDS: Final = 10**9
_OF_NO_CALL: Final = "NONE"
_NOBODY: Final = ("<unknown>", "<null>")
_NOTHING: Final[tuple[Fact, ...]] = ()

_N, _S = r"\d{1,9}", r"-?\d{1,9}"
"""A count; seconds, which are negative after a step of Asterisk's clock."""
_LEFT, _COMPLETED = rf"{_N}\|{_N}\|{_S}", rf"{_S}\|{_S}\|{_N}"
_POSITION = r"[1-9]\d{0,3}"
_ENTERQUEUE = rf"[^|]*\|(.*)\|{_POSITION}"
GRAMMAR: Final[Mapping[str, re.Pattern[str]]] = {
    event: re.compile(shape, re.ASCII | re.DOTALL)
    for event, shape in {
        # With `log-caller-id-name` the caller's name follows the position.
        "ENTERQUEUE": rf"[^|]*\|([^|]*)\|{_POSITION}\|[^|]*|{_ENTERQUEUE}|{_ENTERQUEUE}\|[^|]*",
        "CONNECT": rf"{_S}\|[^|]*\|{_S}",
        "COMPLETEAGENT": _COMPLETED,
        "COMPLETECALLER": _COMPLETED,
        "BLINDTRANSFER": rf".*\|[^|]*\|{_COMPLETED}",
        "ATTENDEDTRANSFER": rf".*\|{_COMPLETED}",
        "TRANSFER": rf".*\|{_COMPLETED}",
        "ABANDON": _LEFT,
        "EXITWITHTIMEOUT": _LEFT,
        "EXITEMPTY": _LEFT,
        "EXITWITHKEY": rf".+\|{_LEFT}",
        "WITHDRAW": rf"{_LEFT}\|.*",
        "RINGNOANSWER": _N,
        "RINGCANCELED": _N,
        "QUEUESTART": "",
    }.items()
}
"""What stands behind the event's name, with the `|` between the fields; by that the event is found behind a
member's name that holds `|`. A line that does not fit says nothing."""
_PROOF: Final = re.compile(rf"[0-9a-f]{{{secrets.DIGITS}}}")


class LogLine(NamedTuple):
    """One line; `agent` is the interface, or the member's name where that is all that is known."""

    epoch: int
    uniqueid: str
    queue: str
    agent: str
    event: str
    data: Sequence[str]
    agent_name: str = ""
    proof: str = ""
    """Of a line of ours, which has it behind its data."""

    def is_proven(self, key: bytes) -> bool:
        """Whether it is no line of ours, or our dialplan wrote it; without a key it is believed."""
        if not key or self.event not in words.OUR_LOG_LINES:
            return True
        fields = (self.queue, self.uniqueid, self.agent, self.event, *self.data)
        return secrets.is_proven(key, self.proof, fields)


def read_line(text: str) -> LogLine | None:
    """The line's fields; None if it is half written, of another file, or does not fit its event."""
    fields = text.split("|")
    if len(fields) < 6 or len(text) > _LONGEST_LINE:
        return None
    first, uniqueid, queue, agent, event, *data = fields
    if len(first) > _EPOCH_DIGITS or len(uniqueid) > _LONGEST_ID or len(queue) > _LONGEST_QUEUE:
        return None
    if not (first.isascii() and first.isdigit()) or not 0 < (epoch := int(first)) <= _LAST_EPOCH:
        return None
    if _fits(fields, 4):
        return LogLine(epoch, uniqueid, queue, agent, event, data)
    if event in words.OUR_LOG_LINES:
        proof = data.pop() if len(data) > 1 and _PROOF.fullmatch(data[-1]) else ""
        return LogLine(epoch, uniqueid, queue, agent, event, data, proof=proof)
    at = 4 if event == "ENTERQUEUE" else _event_at(fields)
    if fields[at] in GRAMMAR and not _fits(fields, at):
        return None
    return LogLine(epoch, uniqueid, queue, "|".join(fields[3:at]), fields[at], fields[at + 1 :])


def _event_at(fields: Sequence[str]) -> int:
    """Where the event's name stands: behind a member's name that holds `|`, else where it belongs."""
    return next((at for at in range(5, len(fields)) if _fits(fields, at)), 4)


def _fits(fields: Sequence[str], at: int) -> bool:
    shape = GRAMMAR.get(fields[at])
    return shape is not None and shape.fullmatch("|".join(fields[at + 1 :])) is not None


class LogReader:
    """Reads one server's lines in their order, across rotated files.

    `interfaces`: agent's name → interface, as far as known; queue_log writes a member's name if there is one.
    """

    def __init__(self, is_ours: Callable[[str], bool], interfaces: Mapping[str, str]) -> None:
        """`is_ours`: whether a number is an agent's, for queue_log names no caller's channel."""
        self._interfaces = interfaces
        self._is_ours = is_ours
        self._last: int | None = None
        self._correction = 0.0
        self._steps = 0

    def new_file(self) -> None:
        """The next line may be older than the last one without a step of Asterisk's clock."""
        self._last = None

    @property
    def last(self) -> When | None:
        """The moment of the last line read: the last sign of life."""
        return None if self._last is None else self._when(self._last)

    def facts(self, text: str) -> Sequence[Fact]:
        """What one line (without its end) says."""
        line = read_line(text)
        if line is None or (line.uniqueid == _OF_NO_CALL) is not (line.event == "QUEUESTART"):
            return _NOTHING
        before = self.last if line.event == "QUEUESTART" else None
        self._follow(line.epoch)
        if line.event == "ENTERQUEUE":
            return (self._joined(line),)
        if (read := _READERS.get(line.event)) is None:
            return _NOTHING
        try:
            if interface := self._interfaces.get(line.agent):
                line = line._replace(agent=interface, agent_name=line.agent)
            return read(line, self._when(line.epoch), before)
        except (ValueError, IndexError):
            return _NOTHING

    def _joined(self, line: LogLine) -> fact.Joined:
        """Between the URL and the position stands the caller's number, whatever it holds."""
        found = GRAMMAR["ENTERQUEUE"].fullmatch("|".join(line.data))
        caller = next(filter(None, found.groups()), "") if found else ""
        caller = "" if caller in _NOBODY else caller
        return fact.Joined(
            self._when(line.epoch),
            Party(line.uniqueid, "", "", caller, self._variables(line, caller)),
            line.queue,
        )

    def _variables(self, line: LogLine, caller: str) -> Mapping[str, str]:
        known = of_attempt(line.uniqueid)
        return {words.VAR_ORIGIN: "internal"} if not known and self._is_ours(caller) else known

    def _follow(self, epoch: int) -> None:
        """Lines of two threads may change places; a clock that goes back further was set back."""
        if self._last is not None and self._last - epoch > STEP_SECONDS:
            self._correction += self._last - epoch
            self._steps += 1
        self._last = epoch

    def _when(self, epoch: int) -> When:
        at = datetime.fromtimestamp(epoch, UTC)
        return When(at, at, epoch + self._correction, False, self._steps)


def _connect(line: LogLine, when: When, before: When | None) -> Sequence[Fact]:
    agent_uniqueid, name = line.data[1], _name(line)
    hold, _, ring = line.data
    seconds = _seconds(hold), _seconds(ring)
    return (fact.Answered(when, _party(line), line.queue, line.agent, name, agent_uniqueid, "", *seconds),)


def _complete(line: LogLine, when: When, before: When | None) -> Sequence[Fact]:
    return _completed(line, when, "agent" if line.event == "COMPLETEAGENT" else "caller", line.data[0:2])


def _transfer(line: LogLine, when: When, before: When | None) -> Sequence[Fact]:
    """Whoever it went to stands before the seconds, in as many fields as it takes."""
    return _completed(line, when, "transfer", line.data[-3:-1])


def _completed(line: LogLine, when: When, reason: str, seconds: Sequence[str]) -> Sequence[Fact]:
    hold, talk = map(_seconds, seconds)
    name = _name(line)
    return (fact.Completed(when, _party(line), line.queue, line.agent, name, "", hold, talk, reason),)


def _abandon(line: LogLine, when: When, before: When | None) -> Sequence[Fact]:
    return (fact.GaveUp(when, _party(line), line.queue, _seconds(line.data[2])),)


_RESULTS: Final = {"EXITWITHTIMEOUT": "TIMEOUT", "EXITEMPTY": "LEAVEEMPTY", "WITHDRAW": "WITHDRAW"}


def _exit(line: LogLine, when: When, before: When | None) -> Sequence[Fact]:
    return (
        fact.GaveUp(when, _party(line), line.queue, _seconds(line.data[2])),
        fact.ResultKnown(when, line.uniqueid, line.queue, _RESULTS[line.event]),
    )


def _key(line: LogLine, when: When, before: When | None) -> Sequence[Fact]:
    """The key itself may be `|`: the seconds are read from the end."""
    return (
        fact.Left(when, _party(line), line.queue, _seconds(line.data[-1])),
        fact.ResultKnown(when, line.uniqueid, line.queue, "KEY"),
    )


def _survey(line: LogLine, when: When, before: When | None) -> Sequence[Fact]:
    """A line of another dialplan may have the same name; ours has a rating or says that it was asked."""
    answer = line.data[0]
    if answer != words.SURVEY_ASKED and answer not in words.RATINGS:
        return _NOTHING
    return (fact.Surveyed(when, line.uniqueid, line.queue, line.agent, words.RATINGS.get(answer)),)


def _queue_start(line: LogLine, when: When, before: When | None) -> Sequence[Fact]:
    """Asterisk started; what was open then never got another word."""
    booted = fact.Booted(when, 0.0, restarted=True)
    return (booted,) if before is None else (fact.ConnectionLost(before), booted)


_READERS: Final[Mapping[str, Callable[[LogLine, When, When | None], Sequence[Fact]]]] = {
    "CONNECT": _connect,
    "COMPLETEAGENT": _complete,
    "COMPLETECALLER": _complete,
    "BLINDTRANSFER": _transfer,
    "ATTENDEDTRANSFER": _transfer,
    "TRANSFER": _transfer,
    "ABANDON": _abandon,
    "EXITWITHTIMEOUT": _exit,
    "EXITEMPTY": _exit,
    "WITHDRAW": _exit,
    "EXITWITHKEY": _key,
    "QUEUESTART": _queue_start,
    words.LOG_SURVEY: _survey,
}


def _party(line: LogLine) -> Party:
    return Party(line.uniqueid, variables=of_attempt(line.uniqueid))


def _seconds(text: str) -> float | None:
    """None for what is no duration: negative after a step of the clock. Raises ValueError for no number."""
    seconds = int(text)
    return float(seconds) if 0 <= seconds < _LONGEST_SECONDS else None


def _name(line: LogLine) -> str:
    """An interface is no name."""
    return line.agent_name or ("" if "/" in line.agent else line.agent)
