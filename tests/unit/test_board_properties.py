"""The board against any order of events, with any header missing or broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk.messages import AmiEvent
from ivr.queues.board import RecordedBoard
from tests.unit.ami_lines import at

QUEUES = ("dvx", "aparat")
PHONES = ("PJSIP/1101", "PJSIP/1102")
NAMES = (
    "QueueMember", "QueueMemberStatus", "QueueMemberPause", "QueueMemberAdded", "QueueMemberRemoved",
    "AgentCalled", "AgentRingNoAnswer", "AgentConnect", "AgentComplete", "AgentDump",
    "QueueCallerJoin", "QueueCallerLeave", "QueueCallerAbandon", "QueueEntry",
    "CoreShowChannel", "Hangup", "VarSet",
)  # fmt: skip
NONSENSE = st.sampled_from(["", " ", "-1", "1e9", "0x2", "²", "٣", "nan", "inf", "9" * 40, "hotline"])
VALUES = {
    "Queue": st.sampled_from(QUEUES),
    "Interface": st.sampled_from(PHONES),
    "StateInterface": st.sampled_from(PHONES),
    "Uniqueid": st.sampled_from(("c1", "c2", "c3", "")),
    "Status": st.sampled_from([str(status) for status in range(9)]) | NONSENSE,
    "InCall": st.sampled_from("01"),
    "Paused": st.sampled_from("01"),
    "Position": st.sampled_from("123") | NONSENSE,
    "LastCall": st.integers(-(10**12), 10**12).map(str) | NONSENSE,
    "Wrapuptime": st.sampled_from(["0", "5"]) | NONSENSE,
    "TalkTime": st.integers(0, 10**6).map(str) | NONSENSE,
    "Wait": st.integers().map(str),
}


@st.composite
def any_event(draw: st.DrawFn) -> AmiEvent:
    headers = draw(st.fixed_dictionaries({}, optional=VALUES))
    variables = draw(st.dictionaries(st.sampled_from(["HOTLINE_CREDIT", "HOTLINE_ORIGIN"]), NONSENSE))
    return AmiEvent(
        draw(st.sampled_from(NAMES)), headers, variables, received_at=at(draw(st.integers(0, 1000)))
    )


@pytest.mark.slow
@given(st.lists(any_event(), max_size=8), st.lists(any_event(), max_size=20))
def test_no_order_of_events_makes_the_board_raise_or_show_anybody_twice(
    snapshot: list[AmiEvent], later: list[AmiEvent]
) -> None:
    """Whatever comes, an agent is listed once per queue and a caller stands once in a line."""
    board = RecordedBoard({"dvx": 10.0})
    board.restore(snapshot, at(0))
    for event in later:
        board.apply(event)
        for queue in QUEUES:
            idle = [agent.interface for agent in board.idle(queue, at(2000))]
            line = [caller.uniqueid for caller in board.waiting(queue)]
            assert len(idle) == len(set(idle))
            assert len(line) == len(set(line))
            board.expected_wait(queue, 1, at(2000))
    board.take_changes(at(2000))
