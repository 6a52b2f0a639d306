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
from ivr.visits.facts import Fact, Party, SourceCapabilities, caller_of, of_attempt
from ivr.visits.steady import STEP_SECONDS, When

QUEUE_LOG: Final = SourceCapabilities("queue_log", variables=True, joins=True, callers=True, seconds=True)
"""It names every way out, so that an unnamed one is known as with class dialplan."""

_EPOCH_DIGITS: Final = 10
"""Up to the year 2286; a moment near the end of the year 9999 breaks every sum with a duration."""
_LONGEST_ID: Final = 150
_LONGEST_QUEUE: Final = 128
_LONGEST_LINE: Final = 8192
"""Characters; Asterisk has no longer ones."""
_EMPTY_COLUMNS: Final = 5
"""So many may a database export put behind what an event has to say."""
_OF_NO_CALL: Final = "NONE"

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
    for _ in range(_EMPTY_COLUMNS):
        if fields[-1] or len(fields) == 6 or fields[4] in words.OUR_LOG_LINES or _fits(fields, 4):
            break
        fields.pop()
    first, uniqueid, queue, agent, event, *data = fields
    if len(first) > _EPOCH_DIGITS or len(uniqueid) > _LONGEST_ID or len(queue) > _LONGEST_QUEUE:
        return None
    if not (first.isascii() and first.isdigit()) or not (epoch := int(first)):
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

    `interfaces`: queue and agent's name → interface, as far as known; queue_log writes the name if any.
    """

    def __init__(self, is_ours: Callable[[str], bool], interfaces: Mapping[tuple[str, str], str]) -> None:
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
            return ()
        if line.event == "QUEUESTART":
            return self._started(line)
        self._follow(line.epoch)
        if line.event == "ENTERQUEUE":
            return (self._joined(line),)
        if (read := _READERS.get(line.event)) is None:
            return ()
        if interface := self._interfaces.get((line.queue, line.agent)):
            line = line._replace(agent=interface, agent_name=line.agent)
        return read(line, self._when(line.epoch))

    def _started(self, line: LogLine) -> Sequence[Fact]:
        """Asterisk started; what was open then never got another word."""
        before = self.last
        self._follow(line.epoch)
        booted = fact.Booted(self._when(line.epoch), 0.0, restarted=True)
        return (booted,) if before is None else (fact.ConnectionLost(before), booted)

    def _joined(self, line: LogLine) -> fact.Joined:
        """Between the URL and the position stands the caller's number, whatever it holds."""
        found = GRAMMAR["ENTERQUEUE"].fullmatch("|".join(line.data))
        caller = caller_of(next(filter(None, found.groups()), "") if found else "")
        variables = of_attempt(line.uniqueid)
        if not variables and self._is_ours(caller):
            variables = {words.VAR_ORIGIN: "internal"}
        party = Party(line.uniqueid, caller=caller, variables=variables)
        return fact.Joined(self._when(line.epoch), party, line.queue)

    def _follow(self, epoch: int) -> None:
        """Lines of two threads may change places; a clock that goes back further was set back."""
        if self._last is not None and self._last - epoch > STEP_SECONDS:
            self._correction += self._last - epoch
            self._steps += 1
        self._last = epoch

    def _when(self, epoch: int) -> When:
        at = datetime.fromtimestamp(epoch, UTC)
        return When(at, at, epoch + self._correction, False, self._steps)


def _connect(line: LogLine, when: When) -> Sequence[Fact]:
    hold, agent_uniqueid, ring = line.data
    seconds = _seconds(hold), _seconds(ring)
    who = line.queue, line.agent, _name(line), agent_uniqueid, ""
    return (fact.Answered(when, _party(line), *who, *seconds),)


def _completed(line: LogLine, when: When) -> Sequence[Fact]:
    """Whoever the talk was transferred to stands before the seconds, in as many fields as it takes."""
    hold, talk = map(_seconds, line.data[-3:-1])
    reason = {"COMPLETEAGENT": "agent", "COMPLETECALLER": "caller"}.get(line.event, "transfer")
    return (fact.Completed(when, _party(line), line.queue, line.agent, _name(line), "", hold, talk, reason),)


_RESULTS: Final = {
    "EXITWITHTIMEOUT": "TIMEOUT",
    "EXITEMPTY": "LEAVEEMPTY",
    "WITHDRAW": "WITHDRAW",
    "EXITWITHKEY": "KEY",
}


def _left(line: LogLine, when: When) -> Sequence[Fact]:
    """Behind a WITHDRAW's seconds stands its reason; before those of a key that key, which may be `|`."""
    is_by_key = line.event == "EXITWITHKEY"
    kind, hold = (fact.Left, line.data[-1]) if is_by_key else (fact.GaveUp, line.data[2])
    left = kind(when, _party(line), line.queue, _seconds(hold))
    result = _RESULTS.get(line.event)
    return (left, fact.ResultKnown(when, line.uniqueid, line.queue, result)) if result else (left,)


def _survey(line: LogLine, when: When) -> Sequence[Fact]:
    """A line of another dialplan may have the same name; ours has a rating or says that it was asked."""
    answer = line.data[0]
    if answer != words.SURVEY_ASKED and answer not in words.RATINGS:
        return ()
    return (fact.Surveyed(when, line.uniqueid, line.queue, line.agent, words.RATINGS.get(answer)),)


TALK_ENDS: Final = ("COMPLETEAGENT", "COMPLETECALLER", "BLINDTRANSFER", "ATTENDEDTRANSFER", "TRANSFER")
WAYS_OUT: Final = ("ABANDON", "EXITWITHTIMEOUT", "EXITEMPTY", "EXITWITHKEY", "WITHDRAW")
"""The lines of a talk that is over, and of a queue that was left without one."""
_READERS: Final[Mapping[str, Callable[[LogLine, When], Sequence[Fact]]]] = {
    "CONNECT": _connect,
    **dict.fromkeys(TALK_ENDS, _completed),
    **dict.fromkeys(WAYS_OUT, _left),
    words.LOG_SURVEY: _survey,
}


def _party(line: LogLine) -> Party:
    return Party(line.uniqueid, variables=of_attempt(line.uniqueid))


def _seconds(text: str) -> float | None:
    """None for what is no duration: negative after a step of the clock."""
    seconds = int(text)
    return float(seconds) if seconds >= 0 else None


def _name(line: LogLine) -> str:
    """An interface is no name."""
    return line.agent_name or ("" if "/" in line.agent else line.agent)
