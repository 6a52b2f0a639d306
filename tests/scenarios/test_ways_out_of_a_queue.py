"""How a stay ends: what Asterisk says of it, and what that means for the caller."""

import pytest

from tests.scenarios.telling import Listener, told

WAITS = """
    0.0  Newchannel       U=c.1 N=0501112233 Channel=PJSIP/trunk-1
    1.0  QueueCallerJoin  U=c.1 N=0501112233 Q=dvx Channel=PJSIP/trunk-1
"""
ANSWERED = f"""{WAITS}
    2.0  AgentCalled      U=c.1 Q=dvx A=PJSIP/1101 D=a.1
    5.0  QueueCallerLeave U=c.1 Q=dvx
    5.0  AgentConnect     U=c.1 Q=dvx A=PJSIP/1101 D=a.1 HoldTime=4 RingTime=3
"""
OUT = """
    13.5  QueueCallerAbandon U=c.1 Q=dvx HoldTime=12
"""
GONE = """
    13.6  QueueCallerLeave   U=c.1 Q=dvx
    13.6  Hangup             U=c.1
"""
LIVES_ON = """
    13.6  QueueCallerLeave   U=c.1 Q=dvx
    20.0  Hangup             U=c.1
"""
HANGS_UP = """
    13.5  HangupRequest      U=c.1
"""


def only(table: str) -> tuple[str, float | None, str]:
    (visit,) = Listener().hears(table).visits
    return visit.outcome, visit.wait_seconds, visit.ended_by


def test_who_hangs_up_while_waiting_has_abandoned() -> None:
    assert only(WAITS + HANGS_UP + OUT + GONE) == ("abandoned", 12.5, "caller")


@pytest.mark.parametrize(
    ("result", "outcome", "by"),
    [
        ("TIMEOUT", "timeout", "queue"),
        ("LEAVEEMPTY", "empty", "queue"),
        ("LEAVEUNAVAIL", "empty", "queue"),
        ("WITHDRAW", "withdrawn", "staff"),
    ],
)
def test_queuestatus_names_the_way_out(result: str, outcome: str, by: str) -> None:
    status = f"13.5 VarSet U=c.1 Variable=QUEUESTATUS Value={result}\n"
    assert only(WAITS + OUT + status + LIVES_ON) == (outcome, 12.5, by)


def test_our_own_dialplan_names_the_way_out_by_a_user_event() -> None:
    result = "13.7 UserEvent UserEvent=HotlineLeftQueue U=c.1 Q=dvx Result=TIMEOUT\n"
    assert only(WAITS + OUT + "13.6 QueueCallerLeave U=c.1 Q=dvx\n" + result) == ("timeout", 12.5, "queue")


def test_a_timeout_is_no_abandon_even_if_only_hangups_are_told() -> None:
    assert only(WAITS + OUT + LIVES_ON) == ("timeout", 12.5, "queue")


def test_a_caller_who_goes_on_without_a_result_was_redirected() -> None:
    variables = "0.5 VarSet U=c.1 Variable=X Value=1\n"
    assert only(WAITS + variables + OUT + LIVES_ON) == ("redirected", 12.5, "staff")


def test_a_redirected_caller_is_known_by_the_next_step_of_the_dialplan() -> None:
    steps = "13.6 QueueCallerLeave U=c.1 Q=dvx\n13.6 Newexten U=c.1 Exten=info\n"
    assert only(WAITS + OUT + steps) == ("redirected", 12.5, "staff")


def test_the_hangup_extension_is_no_step_of_a_living_call() -> None:
    steps = "13.6 QueueCallerLeave U=c.1 Q=dvx\n13.6 Newexten U=c.1 Exten=h\n13.6 Hangup U=c.1\n"
    assert only(WAITS + HANGS_UP + OUT + steps) == ("abandoned", 12.5, "caller")


def test_without_hangups_told_a_caller_who_leaves_unserved_has_abandoned() -> None:
    only_queue_events = WAITS.replace("Newchannel", "QueueParams")
    assert only(only_queue_events + OUT + "13.6 QueueCallerLeave U=c.1 Q=dvx") == (
        "abandoned",
        12.5,
        "caller",
    )


def test_a_caller_who_comes_to_another_queue_had_not_abandoned_the_first() -> None:
    table = f"""{WAITS.replace("Newchannel", "QueueParams")}
        13.5  QueueCallerAbandon U=c.1 Q=dvx HoldTime=12
        13.6  QueueCallerLeave   U=c.1 Q=dvx
        13.9  QueueCallerJoin    U=c.1 N=0501112233 Q=aparat
    """
    assert [visit.outcome for visit in Listener().hears(table).visits] == ["timeout", "waiting"]


def test_a_leave_alone_is_a_key() -> None:
    assert only(WAITS + LIVES_ON) == ("key", 12.6, "caller")


def test_right_after_a_leave_the_caller_may_still_be_answered() -> None:
    table = WAITS + "5.0 QueueCallerLeave U=c.1 Q=dvx\n"
    (visit,) = Listener().hears(table, until=5.5).visits
    assert visit.outcome == "waiting"
    (visit,) = Listener().hears(ANSWERED, until=5.5).visits
    assert visit.outcome == "answered"


@pytest.mark.parametrize("reason", ["agent", "caller", "transfer"])
def test_the_talk_lasts_from_the_connect_to_the_complete(reason: str) -> None:
    end = f"12.25 AgentComplete U=c.1 Q=dvx A=PJSIP/1101 D=a.1 HoldTime=4 TalkTime=7 Reason={reason}\n"
    visits = Listener().hears(ANSWERED + end + "12.3 Hangup U=c.1\n").visits
    assert told(visits) == [("0501112233", "dvx", "answered", 4.0, reason, 7.25)]
    assert visits[0].ring_seconds == 3.0


@pytest.mark.parametrize(
    "ids",
    ["", "D=a.1", "U=a.7", "U=a.7 D=a.1"],
    ids=["no ids", "the agent's channel", "another leg's", "another leg's and the agent's"],
)
def test_the_end_of_a_talk_is_found_whichever_ids_it_carries(ids: str) -> None:
    end = f"12.0 AgentComplete {ids} Q=dvx A=PJSIP/1101 HoldTime=4 TalkTime=7 Reason=caller\n"
    assert told(Listener().hears(ANSWERED + end).visits) == [
        ("0501112233", "dvx", "answered", 4.0, "caller", 7.0)
    ]


def test_the_caller_s_hangup_ends_a_talk_whose_complete_never_came() -> None:
    end = "12.0 HangupRequest U=c.1\n12.0 Hangup U=c.1\n"
    assert told(Listener().hears(ANSWERED + end).visits) == [
        ("0501112233", "dvx", "answered", 4.0, "caller", 7.0)
    ]


def test_a_caller_taken_from_the_agent_talked_only_until_then() -> None:
    end = """
        9.0   Hangup         U=a.1
        30.0  HangupRequest  U=c.1
        30.0  AgentComplete  U=c.1 Q=dvx A=PJSIP/1101 HoldTime=4 TalkTime=25 Reason=caller
        30.0  Hangup         U=c.1
    """
    assert told(Listener().hears(ANSWERED + end).visits) == [
        ("0501112233", "dvx", "answered", 4.0, "transfer", 4.0)
    ]


def test_a_local_member_s_channel_says_nothing_about_the_agent() -> None:
    local = ANSWERED.replace("DestChannel=PJSIP", "DestChannel=Local").replace("D=a.1", "DestUniqueid=a.1")
    local = local.replace("DestUniqueid=a.1", "DestUniqueid=a.1 DestChannel=Local/1101@members-1;1")
    end = """
        5.1   Hangup         U=a.1
        12.0  AgentComplete  U=c.1 Q=dvx A=PJSIP/1101 HoldTime=4 TalkTime=7 Reason=caller
    """
    assert told(Listener().hears(local + end).visits) == [
        ("0501112233", "dvx", "answered", 4.0, "caller", 7.0)
    ]


def test_an_agent_who_hangs_up_during_the_announcement_leaves_the_caller_waiting() -> None:
    dump = "5.0 AgentDump U=c.1 Q=dvx A=PJSIP/1101 D=a.1\n5.0 Hangup U=a.1\n"
    (visit,) = Listener().hears(WAITS + dump).visits
    assert visit.outcome == "waiting"


def test_a_phone_that_does_not_answer_leaves_the_caller_waiting_and_the_next_agent_is_recorded() -> None:
    table = f"""{WAITS}
        2.0  AgentCalled       U=c.1 Q=dvx A=PJSIP/1101 D=a.1
        6.0  AgentRingNoAnswer U=c.1 Q=dvx A=PJSIP/1101 D=a.1 RingTime=4000
        7.0  AgentCalled       U=c.1 Q=dvx A=PJSIP/1102 D=a.2
        9.5  QueueCallerLeave  U=c.1 Q=dvx
        9.5  AgentConnect      U=c.1 Q=dvx A=PJSIP/1102 D=a.2 HoldTime=9 RingTime=3
    """
    (visit,) = Listener().hears(table).visits
    assert (visit.agent, visit.wait_seconds, visit.ring_seconds) == ("PJSIP/1102", 8.5, 2.5)


def test_a_hangup_at_the_moment_of_the_answer_is_an_answered_call() -> None:
    table = f"""{WAITS}
        5.0   HangupRequest    U=c.1
        5.0   QueueCallerLeave U=c.1 Q=dvx
        5.0   AgentConnect     U=c.1 Q=dvx A=PJSIP/1101 D=a.1 HoldTime=4 RingTime=3
        5.01  AgentComplete    Q=dvx A=PJSIP/1101 HoldTime=4 TalkTime=0 Reason=caller
        5.02  Hangup           U=c.1
    """
    assert told(Listener().hears(table).visits) == [("0501112233", "dvx", "answered", 4.0, "caller", 0.01)]
