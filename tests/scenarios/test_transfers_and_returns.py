"""One call, several stays: transfers, overflow, the same queue again."""

import pytest

from tests.scenarios.telling import Listener, told
from tests.unit.ami_lines import START

TALKS = """
    0.0  Newchannel        U=c.1 N=0501112233 Channel=PJSIP/trunk-1
    1.0  QueueCallerJoin   U=c.1 N=0501112233 Q=dvx Channel=PJSIP/trunk-1
    3.0  QueueCallerLeave  U=c.1 Q=dvx
    3.0  AgentConnect      U=c.1 Q=dvx A=PJSIP/1101 D=a.1 HoldTime=2 RingTime=2
"""
SECOND_LEG = """
    6.0  Newchannel        U=a.2 N=1101 Channel=PJSIP/1101-2
    7.0  QueueCallerJoin   U=a.2 N=1101 Q=emdx Channel=PJSIP/1101-2
"""
AFTER_TRANSFER = """
    9.0   AgentComplete    U=a.1 D=a.1 Q=dvx A=PJSIP/1101 HoldTime=2 TalkTime=6 Reason=transfer
    9.0   Hangup           U=a.2 Channel=PJSIP/1101-2<ZOMBIE>
    12.0  QueueCallerLeave U=c.1 Q=emdx
    12.0  AgentConnect     U=c.1 Q=emdx N=0501112233 A=PJSIP/1301 D=a.3 HoldTime=5 RingTime=2
    15.0  AgentComplete    U=c.1 D=a.3 Q=emdx A=PJSIP/1301 HoldTime=5 TalkTime=3 Reason=caller
    15.0  Hangup           U=c.1
"""
BOTH = [
    ("0501112233", "dvx", "answered", 2.0, "transfer", 6.0),
    ("0501112233", "emdx", "answered", 5.0, "caller", 3.0),
]


def test_a_blind_transfer_ends_the_first_talk_even_if_the_second_join_is_told_first() -> None:
    table = f"""{TALKS}
        6.0   QueueCallerJoin  U=c.1 N=0501112233 Q=emdx
        6.1   AgentComplete    U=c.1 Q=dvx A=PJSIP/1101 HoldTime=2 TalkTime=3 Reason=transfer
        9.0   QueueCallerLeave U=c.1 Q=emdx
        9.0   AgentConnect     U=c.1 Q=emdx A=PJSIP/1301 D=a.3 HoldTime=3 RingTime=2
        12.0  AgentComplete    U=c.1 D=a.3 Q=emdx A=PJSIP/1301 HoldTime=3 TalkTime=3 Reason=agent
    """
    assert told(Listener().hears(table).visits) == [
        ("0501112233", "dvx", "answered", 2.0, "transfer", 3.1),
        ("0501112233", "emdx", "answered", 3.0, "agent", 3.0),
    ]


def test_a_blind_transfer_into_the_same_queue_is_a_second_stay() -> None:
    table = f"""{TALKS}
        6.0  QueueCallerJoin  U=c.1 N=0501112233 Q=dvx
        6.1  AgentComplete    U=c.1 Q=dvx A=PJSIP/1101 HoldTime=2 TalkTime=3 Reason=transfer
        8.0  QueueCallerLeave U=c.1 Q=dvx
        8.0  AgentConnect     U=c.1 Q=dvx A=PJSIP/1102 D=a.3 HoldTime=2 RingTime=1
        9.0  AgentComplete    U=c.1 Q=dvx A=PJSIP/1102 HoldTime=2 TalkTime=1 Reason=caller
    """
    assert told(Listener().hears(table).visits) == [
        ("0501112233", "dvx", "answered", 2.0, "transfer", 3.1),
        ("0501112233", "dvx", "answered", 2.0, "caller", 1.0),
    ]


def test_a_blind_transfer_told_after_its_second_join_ends_a_talk_whose_beginning_nobody_heard() -> None:
    table = """
        6.0   QueueCallerJoin  U=c.1 N=0501112233 Q=emdx
        6.1   AgentComplete    U=c.1 Q=dvx A=PJSIP/1101 HoldTime=2 TalkTime=3 Reason=transfer
        9.0   QueueCallerLeave U=c.1 Q=emdx
        9.0   AgentConnect     U=c.1 Q=emdx A=PJSIP/1301 D=a.3 HoldTime=3 RingTime=2
        12.0  AgentComplete    U=c.1 D=a.3 Q=emdx A=PJSIP/1301 HoldTime=3 TalkTime=3 Reason=agent
    """
    visits = Listener().hears(table).visits
    assert [(visit.queue, visit.talk_seconds) for visit in visits] == [("dvx", 3.0), ("emdx", 3.0)]


def test_after_an_attended_transfer_the_citizen_stands_where_the_agent_waited() -> None:
    transfer = (
        "9.0 AttendedTransfer OrigTransfererUniqueid=a.1 SecondTransfererUniqueid=a.2 "
        "TransfereeUniqueid=c.1 TransfereeLinkedid=c.1 TransfereeCallerIDNum=0501112233\n"
    )
    listener = Listener().hears(TALKS + SECOND_LEG + transfer + AFTER_TRANSFER)
    assert told(listener.visits) == BOTH
    assert [visit.origin for visit in listener.visits] == ["inbound", "inbound"]
    assert [visit.uniqueid for visit in listener.visits] == ["c.1", "a.2"]


def test_a_transfer_nobody_announced_is_known_by_the_empty_place() -> None:
    assert told(Listener().hears(TALKS + SECOND_LEG + AFTER_TRANSFER).visits) == BOTH


def test_a_transfer_is_known_by_the_wait_where_only_queue_events_are_told() -> None:
    queue_only = "\n".join(
        line
        for line in (TALKS + SECOND_LEG + AFTER_TRANSFER).splitlines()
        if "Hangup" not in line and "Newchannel" not in line
    )
    assert told(Listener().hears(queue_only).visits) == BOTH


def test_an_agent_who_waits_in_a_queue_is_no_citizen() -> None:
    end = "10.0 HangupRequest U=a.2\n10.0 QueueCallerAbandon U=a.2 Q=emdx HoldTime=3\n10.0 Hangup U=a.2\n"
    visits = Listener().hears(TALKS + SECOND_LEG + end).visits
    assert [(visit.queue, visit.origin, visit.outcome) for visit in visits] == [
        ("dvx", "inbound", "answered"),
        ("emdx", "internal", "abandoned"),
    ]


def test_the_same_queue_again_on_the_same_channel_is_another_stay_of_the_same_call() -> None:
    table = """
        0.0   Newchannel          U=c.1 N=0501112233
        1.0   QueueCallerJoin     U=c.1 N=0501112233 Q=dvx
        2.0   QueueCallerAbandon  U=c.1 Q=dvx HoldTime=1
        2.0   VarSet              U=c.1 Variable=QUEUESTATUS Value=TIMEOUT
        2.0   QueueCallerLeave    U=c.1 Q=dvx
        2.1   QueueCallerJoin     U=c.1 N=0501112233 Q=dvx
        5.1   QueueCallerAbandon  U=c.1 Q=dvx HoldTime=3
        5.1   VarSet              U=c.1 Variable=QUEUESTATUS Value=LEAVEEMPTY
        5.1   QueueCallerLeave    U=c.1 Q=dvx
        5.2   Hangup              U=c.1
    """
    listener = Listener().hears(table)
    assert told(listener.visits) == [
        ("0501112233", "dvx", "timeout", 1.0, "queue", None),
        ("0501112233", "dvx", "empty", 3.0, "queue", None),
    ]
    assert len(listener.calls) == 1


def test_who_left_a_queue_by_a_key_and_is_not_let_into_the_next_one_left_by_a_key() -> None:
    """A refused Queue() tells no join, only its result (recorded: `joinempty = no`)."""
    table = """
        0.0   Newchannel        U=c.1 N=0501112233
        1.0   QueueCallerJoin   U=c.1 N=0501112233 Q=dvx
        4.0   QueueCallerLeave  U=c.1 Q=dvx
        4.0   Newexten          U=c.1 Exten=5
        4.1   VarSet            U=c.1 Variable=QUEUESTATUS Value=JOINEMPTY
        6.0   Hangup            U=c.1
    """
    assert told(Listener().hears(table).visits) == [("0501112233", "dvx", "key", 3.0, "caller", None)]


def test_a_caller_s_local_channel_that_is_optimised_away_ends_no_talk() -> None:
    """The end comes under the channel that took its place (recorded: `Dial(Local/…)` into a queue)."""
    table = """
        0.0   Newchannel        U=c.0 N=0501112233 Channel=PJSIP/trunk-1
        1.0   QueueCallerJoin   Uniqueid=c.2 Linkedid=c.0 N=0501112233 Q=dvx Channel=Local/dvx@in-1;2
        3.0   QueueCallerLeave  Uniqueid=c.2 Linkedid=c.0 Q=dvx
        3.0   AgentConnect      Uniqueid=c.2 Linkedid=c.0 Q=dvx A=PJSIP/1101 D=a.1 HoldTime=2 RingTime=2
        3.1   Hangup            Uniqueid=c.2 Linkedid=c.0 Channel=Local/dvx@in-1;2
    """
    end = """
        9.0   AgentComplete     U=c.0 D=a.1 Q=dvx A=PJSIP/1101 HoldTime=2 TalkTime=6 Reason=caller
        9.0   Hangup            U=c.0
    """
    assert told(Listener().hears(table, until=8.0).visits) == [
        ("0501112233", "dvx", "answered", 2.0, "", None)
    ]
    assert told(Listener().hears(table + end).visits) == [
        ("0501112233", "dvx", "answered", 2.0, "caller", 6.0)
    ]


TWICE = [
    ("0501112233", "dvx", "answered", 2.0, "transfer", 3.0),
    ("0501112233", "dvx", "answered", 2.0, "caller", 1.0),
]


def test_a_talk_sent_into_the_same_queue_ends_there_although_both_ends_come_with_the_call() -> None:
    """The ends come in the wrong order (recorded: AMI Redirect of a talking caller)."""
    table = f"""{TALKS}
        6.0  QueueCallerJoin  U=c.1 N=0501112233 Q=dvx
        8.0  QueueCallerLeave U=c.1 Q=dvx
        8.0  AgentConnect     U=c.1 Q=dvx A=PJSIP/1101 D=a.3 HoldTime=2 RingTime=1
        9.0  AgentComplete    U=c.1 Q=dvx A=PJSIP/1101 HoldTime=2 TalkTime=1 Reason=caller
        9.0  AgentComplete    U=c.1 Q=dvx A=PJSIP/1101 HoldTime=2 TalkTime=6 Reason=caller
        9.0  Hangup           U=c.1
    """
    assert told(Listener().hears(table).visits) == TWICE


def test_a_talk_whose_last_word_was_missed_ends_where_the_caller_came_to_the_next_queue() -> None:
    listener = Listener().hears(TALKS, until=5.0).reconnects(5.5)
    listener.hears("""
        6.0   QueueCallerJoin  U=c.1 N=0501112233 Q=emdx
        9.0   QueueCallerLeave U=c.1 Q=emdx
        9.0   AgentConnect     U=c.1 Q=emdx A=PJSIP/1301 D=a.3 HoldTime=3 RingTime=2
        12.0  AgentComplete    U=c.1 D=a.3 Q=emdx A=PJSIP/1301 HoldTime=3 TalkTime=3 Reason=agent
        12.0  Hangup           U=c.1
    """)
    assert told(listener.visits)[0] == ("0501112233", "dvx", "answered", 2.0, "transfer", 3.0)


JOINED = int(START.timestamp())
"""The second of the join, by the 2 s of waiting and 3 s of talk that a talk's end at 5.0 tells."""


@pytest.mark.parametrize(
    ("channel", "leg", "leg_s_call", "is_theirs"),
    [
        (f"{JOINED - 9}.28", "", "", True),
        (f"{JOINED}.28", "", "", True),
        (f"{JOINED + 1}.28", "", "", False),
        (f"tower-{JOINED + 1}.28", "", "", False),
        (f"{JOINED - 9}.28", f"{JOINED}.29", f"{JOINED - 9}.26", True),
        (f"{JOINED - 9}.28", f"{JOINED}.28", f"{JOINED - 9}.26", True),
        (f"{JOINED - 9}.28", f"{JOINED}.27", f"{JOINED - 9}.26", False),
        (f"{JOINED - 9}.100", f"{JOINED}.27", f"{JOINED - 9}.26", False),
        (f"{JOINED - 9}.28", f"{JOINED - 99}.3", f"{JOINED - 9}.28", True),
        (f"{JOINED - 9}.28", "cb-77", f"{JOINED - 9}.26", True),
        ("cb-77", f"{JOINED}.27", f"{JOINED - 9}.26", True),
    ],
)
def test_a_talk_told_under_a_channel_that_began_after_its_join_or_its_agent_s_leg_was_another_s(
    channel: str, leg: str, leg_s_call: str, is_theirs: bool
) -> None:
    """The end of an attended transfer's first talk may name the leg that waits for the second (recorded)."""
    end = f"AgentComplete U={channel} DestUniqueid={leg} DestLinkedid={leg_s_call} Q=dvx A=PJSIP/1101"
    visits = Listener().hears(f"5.0 {end} HoldTime=2 TalkTime=3 Reason=transfer").visits
    assert [visit.outcome for visit in visits] == ["answered"] * is_theirs
