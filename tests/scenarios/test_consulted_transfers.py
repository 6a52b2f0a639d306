"""An agent consults a colleague in another queue, then hands the citizen over to them.

The events as a real Asterisk tells them (`tests/recordings/cases/consulted_transfer`); only AttendedTransfer
says that two talks became one. A channel that Asterisk makes for it, `l.2`, stands for the citizen later.
"""

from __future__ import annotations

import pytest

from tests.scenarios.telling import Listener, told
from tests.unit.ami_lines import START

TALK = """
    0.0  Newchannel        U=c.1 N=0501112233 Channel=PJSIP/trunk-1
    1.0  QueueCallerJoin U=c.1 N=0501112233 Q=dvx $HOTLINE_ORIGIN=inbound $HOTLINE_STRUCTURE=dvx $MENU_PATH=1
    3.0  QueueCallerLeave  U=c.1 Q=dvx
    3.0  AgentConnect      U=c.1 Q=dvx N=0501112233 A=PJSIP/1101 D=a.1 HoldTime=2 RingTime=2
    3.0  MixMonitorStart   U=c.1
"""
ASKED = """
    6.0  QueueCallerJoin   U=a.2 N=1101 Q=emdx $HOTLINE_ORIGIN=internal $HOTLINE_STRUCTURE=emdx
"""
CONSULTED = """
    7.0  QueueCallerLeave  U=a.2 Q=emdx
    7.0  AgentConnect      U=a.2 N=1101 Q=emdx A=PJSIP/1301 D=b.1 HoldTime=1 RingTime=1
"""
TRANSFER = (
    "9.0  AttendedTransfer OrigTransfererUniqueid=a.1 SecondTransfererUniqueid=a.2 "
    "TransfereeUniqueid=c.1 TransfereeLinkedid=c.1 TransfereeCallerIDNum=0501112233 "
    "TransferTargetUniqueid=b.1 TransferTargetLinkedid=a.2 TransferTargetChannel=PJSIP/1301-1\n"
)
ENDS = """
    9.0  AgentComplete     U=a.2 Q=emdx A=PJSIP/1301 DestUniqueid=b.1 HoldTime=1 TalkTime=2 Reason=caller
    9.0  AgentComplete     U=c.1 Q=dvx A=PJSIP/1101 DestUniqueid=a.1 HoldTime=2 TalkTime=6 Reason=transfer
    9.0  Hangup            U=a.1
    9.0  Hangup            U=a.2
"""
NAMELESS = ENDS.replace("U=a.2 Q=emdx", "Q=emdx")
"""The end of the consultation without its caller's channel (asterisk-notes 4)."""
B_HANGS_UP = """
    15.0 HangupRequest     Uniqueid=b.1 Linkedid=c.1
    15.0 Hangup            Uniqueid=b.1 Linkedid=c.1
    15.1 Hangup            U=c.1
"""
HANDED_OVER = TALK + ASKED + CONSULTED + TRANSFER + ENDS
FIRST = ("0501112233", "dvx", "answered", 2.0, "transfer", 6.0)
ASIDE = ("1101", "emdx", "answered", 1.0, "caller", 2.0)


def second(ended_by: str, talk: float | None) -> tuple[str, str, str, float | None, str, float | None]:
    return ("0501112233", "emdx", "answered", 0.0, ended_by, talk)


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(HANDED_OVER, id="transfer-first"),
        pytest.param(TALK + ASKED + CONSULTED + ENDS + TRANSFER, id="ends-first"),
        pytest.param(TALK + ASKED + CONSULTED + TRANSFER + NAMELESS, id="end-without-channel"),
        pytest.param(TALK + ASKED + CONSULTED + TRANSFER + TRANSFER + ENDS + ENDS, id="told-twice"),
    ],
)
def test_the_talk_after_a_consultation_is_a_visit_of_the_second_queue_answered_at_once(table: str) -> None:
    listener = Listener().hears(table + B_HANGS_UP)
    assert told(listener.visits) == [FIRST, ASIDE, second("agent", 6.0)]
    visit = listener.visits[-1]
    assert (visit.origin, visit.structure, visit.agent, visit.recorded) == (
        "inbound",
        "emdx",
        "PJSIP/1301",
        True,
    )
    assert (visit.uniqueid, visit.call_linkedid, visit.menu_path) == ("c.1", "c.1", "1")
    assert not visit.is_rebuilt
    assert listener.visits[1].origin == "internal"
    assert [call.origin for call in listener.calls] == ["inbound", "internal"]


@pytest.mark.parametrize("end", [ENDS + TRANSFER, TRANSFER + ENDS], ids=["ends-first", "transfer-first"])
def test_whom_an_agent_talked_with_is_known_by_the_end_if_the_beginning_was_missed(end: str) -> None:
    assert told(Listener().hears(TALK + end + B_HANGS_UP).visits)[-1] == second("agent", 6.0)


def test_a_citizen_whose_first_talk_was_missed_is_whom_asterisk_names() -> None:
    listener = Listener().hears(ASKED + CONSULTED + TRANSFER + B_HANGS_UP)
    assert told(listener.visits)[-1] == second("agent", 6.0)
    visit = listener.visits[-1]
    assert (visit.uniqueid, visit.origin, visit.structure, visit.recorded) == (
        "c.1",
        "inbound",
        "emdx",
        False,
    )


def test_an_agent_whose_own_talk_was_missed_is_no_citizen() -> None:
    known = "0.0 QueueMemberAdded Queue=dvx A=PJSIP/1102\n"
    transfer = f"{TRANSFER.strip()} TransfereeChannel=PJSIP/1102-7\n"
    visits = Listener().hears(known + ASKED + CONSULTED + transfer + B_HANGS_UP).visits
    assert [visit.origin for visit in visits] == ["internal"]


def test_the_first_talk_is_over_at_the_handover_whenever_its_end_is_told() -> None:
    assert told(Listener().hears(TALK + ASKED + CONSULTED + TRANSFER + B_HANGS_UP).visits)[0] == FIRST


def test_a_consultation_that_carries_no_structure_leaves_that_to_its_queue() -> None:
    asked = ASKED.replace("$HOTLINE_STRUCTURE=emdx", "")
    visits = Listener().hears(TALK + asked + CONSULTED + TRANSFER + ENDS).visits
    assert [visit.structure for visit in visits] == ["dvx", "", ""]


@pytest.mark.parametrize(("second", "count"), [("11.5", 3), ("11.6", 2)])
def test_a_handover_is_about_a_consultation_that_ended_at_that_time(second: str, count: int) -> None:
    table = TALK + ASKED + CONSULTED + NAMELESS + TRANSFER.replace("9.0", second)
    assert len(Listener().hears(table).visits) == count


def test_a_leg_that_has_left_its_consultation_since_hands_nobody_over_to_that_agent() -> None:
    table = f"""{TALK}{ASKED}{CONSULTED}
        9.0  AgentComplete     U=a.2 Q=emdx A=PJSIP/1301 DestUniqueid=b.1 HoldTime=1 TalkTime=2 Reason=agent
    """
    transfer = TRANSFER.replace("9.0", "19.0").replace("b.1", "b.9")
    visits = Listener().hears(table + transfer).visits
    assert [(visit.caller, visit.queue) for visit in visits] == [("0501112233", "dvx"), ("1101", "emdx")]


def test_a_phone_that_asks_on_its_second_leg_hands_over_the_same() -> None:
    swapped = (
        "9.0  AttendedTransfer OrigTransfererUniqueid=a.2 SecondTransfererUniqueid=a.1 "
        "TransfereeUniqueid=b.1 TransfereeLinkedid=a.2 TransfereeChannel=PJSIP/1301-1 "
        "TransferTargetUniqueid=c.1 TransferTargetLinkedid=c.1 TransferTargetCallerIDNum=0501112233\n"
    )
    listener = Listener().hears(TALK + ASKED + CONSULTED + swapped + ENDS + B_HANGS_UP)
    assert told(listener.visits) == [FIRST, ASIDE, second("agent", 6.0)]


@pytest.mark.parametrize(
    ("end", "ended_by"),
    [
        ("15.0 HangupRequest U=c.1\n15.0 Hangup U=c.1\n15.0 Hangup Uniqueid=b.1 Linkedid=c.1\n", "caller"),
        ("15.0 Hangup U=c.1\n15.1 Hangup Uniqueid=b.1 Linkedid=c.1\n", "agent"),
        ("15.0 Hangup Uniqueid=b.1 Linkedid=c.1\n", "transfer"),
    ],
    ids=["citizen", "cut-off", "sent-on"],
)
def test_that_talk_ends_with_the_first_of_its_two_channels(end: str, ended_by: str) -> None:
    assert told(Listener().hears(HANDED_OVER + end).visits)[-1] == second(ended_by, 6.0)


def test_who_is_sent_on_from_there_is_still_the_citizen() -> None:
    """Under the channel that the transfer made, whom the dialplan takes for an agent's."""
    table = f"""{HANDED_OVER}
        15.0 Hangup            Uniqueid=b.1 Linkedid=c.1
        16.0 QueueCallerJoin   Uniqueid=l.2 Linkedid=c.1 N=0501112233 Q=dvx $HOTLINE_ORIGIN=internal
        18.0 HangupRequest     U=c.1
        18.0 Hangup            U=c.1
        18.0 HangupRequest     Uniqueid=l.2 Linkedid=c.1
        18.0 QueueCallerAbandon Uniqueid=l.2 Linkedid=c.1 Q=dvx HoldTime=2
        18.0 QueueCallerLeave  Uniqueid=l.2 Linkedid=c.1 Q=dvx
        18.0 Hangup            Uniqueid=l.2 Linkedid=c.1
    """
    listener = Listener().hears(table)
    abandoned = ("0501112233", "dvx", "abandoned", 2.0, "caller", None)
    assert told(listener.visits) == [FIRST, ASIDE, second("transfer", 6.0), abandoned]
    assert (listener.visits[-1].origin, listener.visits[-1].call_linkedid) == ("inbound", "c.1")


def test_agents_who_are_joined_with_each_other_make_no_visit() -> None:
    talk = (
        TALK.replace("0501112233", "1101")
        .replace("PJSIP/trunk", "PJSIP/1101")
        .replace("=inbound", "=internal")
    )
    transfer = TRANSFER.replace("0501112233", "1101")
    visits = Listener().hears(talk + ASKED + CONSULTED + transfer + ENDS + B_HANGS_UP).visits
    assert [visit.origin for visit in visits] == ["internal", "internal"]


def test_a_consultation_without_a_handover_changes_nothing() -> None:
    end = """
        9.0  HangupRequest     U=a.2
        9.0  AgentComplete     U=a.2 Q=emdx A=PJSIP/1301 DestUniqueid=b.1 HoldTime=1 TalkTime=2 Reason=caller
        9.0  Hangup            U=a.2
        15.0 HangupRequest     U=c.1
        15.0 AgentComplete     U=c.1 Q=dvx A=PJSIP/1101 DestUniqueid=a.1 HoldTime=2 TalkTime=12 Reason=caller
        15.0 Hangup            U=c.1
    """
    assert told(Listener().hears(TALK + ASKED + CONSULTED + end).visits) == [
        ("0501112233", "dvx", "answered", 2.0, "caller", 12.0),
        ASIDE,
    ]


@pytest.mark.parametrize(
    ("live", "ended_by"),
    [
        ([("c.1", "c.1"), ("b.1", "c.1")], ""),
        ([("c.1", "c.1")], "restart"),
        ([], "restart"),
    ],
    ids=["both-live", "the-agent-is-gone", "all-is-over"],
)
def test_a_talk_that_ended_while_nobody_listened_ends_with_the_last_sign_of_life(
    live: list[tuple[str, str]], ended_by: str
) -> None:
    listener = Listener().hears(HANDED_OVER, until=11.0).reconnects(20.0)
    rows = "\n".join(f"20.0 CoreShowChannel Uniqueid={uniqueid} Linkedid={call}" for uniqueid, call in live)
    listener.finds_live(rows, at=20.0)
    assert told(listener.visits)[-1] == second(ended_by, None)
    ended_at = listener.visits[-1].ended_at
    assert ended_at is None or 9.0 <= (ended_at - START).total_seconds() <= 11.0
