"""A line of queue_log is put aside if AMI was heard all the time and told of nothing like it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ivr.asterisk.messages import REFUSED, AmiEvent
from ivr.asterisk.queue_log import Block
from ivr.recording.vouching import Vouching

ANSWERED = "1795364079|c.1|dvx|PJSIP/1101|CONNECT|12|a.1|3"
STARTED = "1795364079|NONE|NONE|NONE|QUEUESTART|"
PAUSED = "1795364079|NONE|dvx|PJSIP/1101|PAUSE|lunch"


class Heard:
    """AMI, heard since second 0 until `is_lost`; a clock that is set."""

    def __init__(self) -> None:
        self.now, self.since = 100.0, 0.0
        self.is_lost = False
        self.vouching = Vouching(b"", lambda: None if self.is_lost else self.since, lambda: self.now)
        self.hear("AgentConnect", Uniqueid="another", Queue="dvx")

    def hear(self, name: str, **headers: str) -> None:
        self.vouching.hear(AmiEvent(name, headers, {}, datetime(2026, 3, 2, tzinfo=UTC)))

    def sift(self, *lines: str, unread_since: float | None = 99.5) -> list[str] | None:
        """What is left of them; None: they wait."""
        block = self.vouching.sift(Block(0, 9, 9, "\n".join(lines)), unread_since)
        return None if block is None else [line for line in block.lines if line]


@pytest.mark.parametrize("line", [ANSWERED, STARTED])
def test_what_ami_never_told_waits_ten_seconds_and_is_put_aside(line: str) -> None:
    heard = Heard()
    assert heard.sift(line, PAUSED) is None
    heard.now += 9.9
    assert heard.sift(line, PAUSED) is None
    heard.now += 0.2
    assert (heard.sift(line, PAUSED), heard.vouching.put_aside) == ([PAUSED], 1)


@pytest.mark.parametrize("late_by", [-1.0, 5.0])
def test_what_ami_tells_is_believed_before_the_line_or_after(late_by: float) -> None:
    heard = Heard()
    if late_by > 0:
        assert heard.sift(ANSWERED) is None
    heard.now += late_by
    heard.hear("AgentConnect", Uniqueid="c.1", Queue="dvx")
    assert (heard.sift(ANSWERED), heard.vouching.put_aside) == ([ANSWERED], 0)


@pytest.mark.parametrize(
    ("event", "headers"),
    [
        ("AgentConnect", {"Uniqueid": "c.1", "Queue": "emdx"}),
        ("QueueCallerJoin", {"Uniqueid": "c.1", "Queue": "dvx"}),
        ("AgentConnect", {"Uniqueid": "c.2", "Queue": "dvx", "Interface": "PJSIP/1101"}),
        (REFUSED, {"Uniqueid": ""}),
    ],
)
def test_an_event_of_another_call_queue_or_kind_vouches_for_nothing(
    event: str, headers: dict[str, str]
) -> None:
    heard = Heard()
    heard.hear(event, **headers)
    assert heard.sift(ANSWERED) is None


def test_a_call_whose_messages_are_refused_is_read_from_queue_log() -> None:
    heard = Heard()
    heard.hear(REFUSED, Uniqueid="c.1")
    assert heard.sift(ANSWERED) == [ANSWERED]


def test_an_end_of_talk_that_lacks_the_caller_is_known_by_its_agent() -> None:
    heard = Heard()
    heard.hear("AgentComplete", Queue="dvx", Interface="PJSIP/1101", MemberName="Ana")
    ends = [f"1795364099|c.1|dvx|{agent}|COMPLETEAGENT|12|20|1" for agent in ("Ana", "PJSIP/1101")]
    assert heard.sift(*ends) == ends


@pytest.mark.parametrize("unread_since", [None, 9.0, 49.0])
def test_what_was_written_while_ami_was_not_heard_or_nobody_knows_when_is_believed(
    unread_since: float | None,
) -> None:
    assert Heard().sift(ANSWERED, STARTED, unread_since=unread_since) == [ANSWERED, STARTED]


def test_if_ami_is_lost_meanwhile_what_waits_is_believed() -> None:
    heard = Heard()
    assert heard.sift(ANSWERED) is None
    heard.now += 5.0
    heard.is_lost = True
    assert heard.sift(ANSWERED) == [ANSWERED]
    heard.is_lost, heard.since = False, heard.now
    assert heard.sift(ANSWERED) == [ANSWERED]


def test_where_ami_tells_of_no_such_event_at_all_its_lines_are_believed() -> None:
    """A login that may not hear it; queue_log is all there is."""
    heard = Heard()
    left = "1795364079|c.1|dvx|NONE|ABANDON|1|1|12"
    assert heard.sift(left) == [left]


def test_what_ami_told_is_forgotten_after_a_minute() -> None:
    heard = Heard()
    for number in range(1000):
        heard.now += 1.0
        heard.hear("AgentConnect", Uniqueid=f"c.{number}", Queue="dvx")
    assert len(heard.vouching._told) <= 61
