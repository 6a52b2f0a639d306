"""What Asterisk's clock, a lost connection or a restart may do to a record."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk.connection import Connected
from ivr.asterisk.messages import AmiEvent
from tests.scenarios.telling import Listener, spelled_out, told
from tests.unit.ami_lines import START, at, events

CALL = """
    0.0   Newchannel          U=c.1 N=0501112233 Channel=PJSIP/trunk-1
    1.0   QueueCallerJoin     U=c.1 N=0501112233 Q=dvx Channel=PJSIP/trunk-1
    2.0   AgentCalled         U=c.1 Q=dvx A=PJSIP/1101 D=a.1
    5.0   AgentConnect        U=c.1 Q=dvx A=PJSIP/1101 D=a.1 HoldTime=4 RingTime=3
    12.0  AgentComplete       U=c.1 Q=dvx A=PJSIP/1101 HoldTime=4 TalkTime=7 Reason=caller
    12.1  Hangup              U=c.1
"""
TRUE = [("0501112233", "dvx", "answered", 4.0, "caller", 7.0)]


def hear(received: list[AmiEvent], listener: Listener | None = None) -> Listener:
    listener = listener or Listener()
    for event in received:
        for fact in listener.reader.facts(event):
            listener.fold.apply(fact)
    return listener.hears("", until=5000)


def stepped(after: float, seconds: float) -> list[AmiEvent]:
    """The call, with Asterisk's clock stepping in the middle; our own clock walks on."""
    return [
        replace(event, timestamp=event.received_at + timedelta(seconds=seconds))
        if event.received_at > at(after)
        else event
        for event in events(spelled_out(CALL))
    ]


@pytest.mark.parametrize("seconds", [3600, -3600, 30, -3])
@pytest.mark.parametrize("after", [1.5, 4.0, 8.0])
def test_a_step_of_asterisk_s_clock_changes_no_duration_and_marks_the_row(
    after: float, seconds: float
) -> None:
    (visit,) = hear(stepped(after, seconds)).visits
    assert visit.wait_seconds == pytest.approx(4.0)
    assert visit.talk_seconds == pytest.approx(7.0)
    assert visit.clock_stepped


def test_what_asterisk_said_of_the_moment_is_kept_as_given() -> None:
    (visit,) = hear(stepped(4.0, -3600)).visits
    assert (visit.joined_at, visit.answered_at) == (at(1.0), at(5.0 - 3600))


def test_a_recording_played_faster_than_it_happened_is_no_step() -> None:
    a_day_later = [replace(event, received_at=at(86400)) for event in events(spelled_out(CALL))]
    visits = hear(a_day_later).visits
    assert told(visits) == TRUE
    assert not visits[0].clock_stepped


def read_late(whole: list[AmiEvent], begin: float, end: float, unheard: float) -> list[AmiEvent]:
    """From `begin` to `end` we stood still, and `unheard` seconds before was the last answered ping."""
    return [
        replace(event, received_at=at(end), doubt=end - begin + unheard)
        if at(begin) < event.received_at <= at(end)
        else event
        for event in whole
    ]


@given(begin=st.floats(0, 13), stood_still=st.floats(1, 100), unheard=st.floats(0, 1))
def test_whenever_and_however_long_we_stood_still_no_duration_changes(
    begin: float, stood_still: float, unheard: float
) -> None:
    (visit,) = hear(read_late(events(spelled_out(CALL)), begin, begin + stood_still, unheard)).visits
    assert told([visit]) == TRUE
    assert not visit.clock_stepped


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_step_while_we_stood_still_is_bridged_as_far_as_the_receipts_are_known(seconds: float) -> None:
    (visit,) = hear(read_late(stepped(1.5, seconds), 1.5, 4.0, 1.0)).visits
    assert visit.wait_seconds == pytest.approx(4.0, abs=2.0)
    assert visit.talk_seconds == pytest.approx(7.0, abs=2.0)
    assert visit.clock_stepped


@pytest.mark.parametrize("seconds", [7200, -7200])
@pytest.mark.parametrize("is_told", [True, False], ids=["timestamps", "none"])
@pytest.mark.parametrize("after", [1.5, 4.0, 8.0])
def test_our_clock_that_is_set_while_nobody_listens_changes_no_duration(
    after: float, is_told: bool, seconds: float
) -> None:
    """Receipts follow it at the new connection, which says how far."""
    whole = [event if is_told else replace(event, timestamp=None) for event in events(spelled_out(CALL))]
    listener = hear([event for event in whole if event.received_at <= at(after)], Listener())
    later = timedelta(seconds=seconds)
    for fact in listener.reader.facts(Connected(at(after + seconds), later)):
        listener.fold.apply(fact)
    rest = [event for event in whole if event.received_at > at(after)]
    (visit,) = hear(
        [replace(event, received_at=event.received_at + later) for event in rest], listener
    ).visits
    assert told([visit]) == TRUE
    assert visit.answered_at == at(5.0 if is_told or after > 5 else 5.0 + seconds)


def test_asterisk_that_is_asked_late_for_its_uptime_was_not_restarted() -> None:
    listener = Listener().hears(BOOT + OPEN, until=20).reconnects(23)
    (booted,) = events("43.0 FullyBooted Uptime=1023")
    hear([replace(booted, doubt=20.0)], listener)
    assert [visit.outcome for visit in listener.visits] == ["waiting", "answered"]


def test_without_timestamps_the_receipts_give_the_durations() -> None:
    (visit,) = hear([replace(event, timestamp=None) for event in events(spelled_out(CALL))]).visits
    assert told([visit]) == TRUE
    assert visit.precision == "s"


def test_without_timestamps_an_end_that_names_no_caller_is_the_agent_s_talk_however_late_it_is_read() -> None:
    nameless = CALL.replace("AgentComplete       U=c.1 ", "AgentComplete       ")
    at_once = [replace(event, received_at=START, timestamp=None) for event in events(spelled_out(nameless))]
    assert told(hear(at_once).visits) == TRUE


def test_without_timestamps_and_with_late_receipts_asterisk_s_whole_seconds_are_taken() -> None:
    at_once = [replace(event, received_at=START, timestamp=None) for event in events(spelled_out(CALL))]
    assert told(hear(at_once).visits) == TRUE


def test_without_timestamps_a_channel_s_age_is_no_matter_of_our_clock() -> None:
    end = f"12.0 AgentComplete U={int(START.timestamp()) + 5}.28 Q=dvx A=PJSIP/1101 HoldTime=4 TalkTime=7"
    (ended,) = events(spelled_out(end))
    assert [visit.outcome for visit in hear([replace(ended, timestamp=None)]).visits] == ["answered"]
    assert hear([ended]).visits == []


BOOT = "0.0 FullyBooted Uptime=1000\n"
OPEN = """
    10.0  QueueCallerJoin   U=c.1 N=0501112233 Q=dvx
    12.0  QueueCallerJoin   U=c.2 N=0502223344 Q=dvx
    13.0  AgentConnect      U=c.2 Q=dvx A=PJSIP/1101 D=a.1 HoldTime=1 RingTime=1
    20.0  QueueMemberStatus Q=dvx A=PJSIP/1101
"""


def test_what_a_killed_asterisk_left_open_is_interrupted_at_the_last_sign_of_life() -> None:
    listener = Listener().hears(BOOT + OPEN, until=20).reconnects(23).hears("23.0 FullyBooted Uptime=1\n")
    assert told(listener.visits) == [
        ("0501112233", "dvx", "interrupted", 10.0, "restart", None),
        ("0502223344", "dvx", "answered", 1.0, "restart", None),
    ]
    assert [(call.is_interrupted, call.ended_at) for call in listener.calls] == [(True, at(20.0))] * 2


def test_a_restart_too_quick_for_the_uptime_is_known_by_the_moment_asterisk_started() -> None:
    """Calls of the new Asterisk that were heard of before it said so go on."""
    listener = Listener()
    for fact in listener.reader.started(
        {"CoreStartupDate": "2026-03-02", "CoreStartupTime": "08:00:00"}, at(0)
    ):
        listener.fold.apply(fact)
    listener.hears("0.0 FullyBooted Uptime=0\n" + OPEN, until=20).reconnects(21)
    listener.hears("21.0 FullyBooted Uptime=20\n21.1 QueueCallerJoin U=d.1 N=0503334455 Q=dvx\n", until=21.2)
    for fact in listener.reader.started(
        {"CoreStartupDate": "2026-03-02", "CoreStartupTime": "08:00:20"}, at(21)
    ):
        listener.fold.apply(fact)
    listener.hears("", until=22)
    assert [visit.outcome for visit in listener.visits] == ["interrupted", "answered", "waiting"]
    assert [call.is_interrupted for call in listener.calls] == [True, True, False]


@pytest.mark.parametrize("uptime", [1022, 1023, 1024, 1100])
def test_a_connection_that_comes_back_to_the_same_asterisk_interrupts_nothing(uptime: int) -> None:
    listener = Listener().hears(BOOT + OPEN, until=20).reconnects(23)
    listener.hears(f"23.0 FullyBooted Uptime={uptime}\n")
    assert [visit.outcome for visit in listener.visits] == ["waiting", "answered"]
    assert not any(call.ended_at for call in listener.calls)


def test_a_uniqueid_used_again_after_a_restart_is_another_call() -> None:
    again = """
        23.0  FullyBooted      Uptime=1
        30.0  QueueCallerJoin  U=c.1 N=0503334455 Q=dvx
        33.0  HangupRequest    U=c.1
        33.0  QueueCallerAbandon U=c.1 Q=dvx HoldTime=3
        33.0  QueueCallerLeave U=c.1 Q=dvx
        33.0  Hangup           U=c.1
    """
    listener = Listener().hears(BOOT + OPEN, until=20).reconnects(23).hears(again)
    assert [(visit.caller, visit.outcome) for visit in listener.visits] == [
        ("0501112233", "interrupted"),
        ("0502223344", "answered"),
        ("0503334455", "abandoned"),
    ]
    assert len(listener.calls) == 3


def test_a_call_that_is_gone_after_a_hole_is_on_the_line_no_more_and_its_visit_stays_open_for_backfill() -> (
    None
):
    listener = Listener().hears(BOOT + OPEN, until=20)
    listener.fold.apply(listener.reader.live_calls((), at(25)))
    listener.hears("", until=26)
    assert [call.ended_at is not None for call in listener.calls] == [True, True]
    assert listener.visits[0].outcome == "waiting"


def test_whose_end_fell_into_a_hole_was_not_interrupted_by_a_later_restart() -> None:
    listener = Listener().hears(BOOT + OPEN, until=20)
    listener.fold.apply(listener.reader.live_calls((), at(25)))
    listener.hears("60.0 QueueMemberStatus Q=dvx A=PJSIP/1101\n", until=60).reconnects(63)
    listener.hears("63.0 FullyBooted Uptime=1\n", until=64)
    assert told(listener.visits) == [
        ("0501112233", "dvx", "interrupted", 0.0, "restart", None),
        ("0502223344", "dvx", "answered", 1.0, "restart", None),
    ]
    assert max(visit.ended_at for visit in listener.visits if visit.ended_at) == at(13)


def test_a_call_thought_gone_is_on_the_line_again_when_it_is_heard_of() -> None:
    listener = Listener().hears(BOOT + OPEN, until=20)
    listener.fold.apply(listener.reader.live_calls((), at(25)))
    listener.hears("27.0 AgentConnect U=c.1 Q=dvx A=PJSIP/1102 D=a.2 HoldTime=17 RingTime=2\n", until=28)
    assert listener.calls[0].ended_at is None
    assert told(listener.visits[:1]) == [("0501112233", "dvx", "answered", 17.0, "", None)]


def test_who_waited_before_we_listened_is_found_by_asking() -> None:
    listener = Listener()
    for fact in listener.reader.facts(Connected(at(0))):
        listener.fold.apply(fact)
    (entry,) = events(spelled_out("30.0 QueueEntry U=c.1 N=0501112233 Q=dvx Wait=20"))
    for fact in listener.reader.waiting(replace(entry, timestamp=None), {}):
        listener.fold.apply(fact)
    listener.hears("35.0 AgentConnect U=c.1 Q=dvx A=PJSIP/1101 D=a.1 HoldTime=25 RingTime=2\n")
    (visit,) = listener.visits
    assert (visit.wait_seconds, visit.precision, visit.joined_at) == (25.0, "s", at(10))


def test_who_was_called_back_and_joined_as_we_asked_is_no_caller_of_their_own() -> None:
    """The list of channels, which has their variables, was told before."""
    listener = Listener()
    (entry,) = events(spelled_out("30.0 QueueEntry U=cb-1 N=0501112233 Q=dvx Wait=0"))
    for fact in listener.reader.waiting(replace(entry, timestamp=None), {}):
        listener.fold.apply(fact)
    (visit,) = listener.hears("", until=31).visits
    assert (visit.origin, visit.attempt_id) == ("callback", "cb-1")


def test_a_join_that_was_missed_is_rebuilt_from_the_wait_asterisk_tells() -> None:
    (visit,) = Listener().hears("30.0 QueueCallerAbandon U=c.1 N=0501112233 Q=dvx HoldTime=20\n").visits
    assert (visit.outcome, visit.wait_seconds, visit.precision) == ("abandoned", 20.0, "s")


def test_a_talk_whose_beginning_was_missed_is_rebuilt_from_the_figures_at_its_end() -> None:
    end = "30.0 AgentComplete U=c.1 N=0501112233 Q=dvx A=PJSIP/1101 HoldTime=5 TalkTime=9 Reason=agent\n"
    (visit,) = Listener().hears(end).visits
    assert told([visit]) == [("0501112233", "dvx", "answered", 5.0, "agent", 9.0)]
    assert (visit.joined_at, visit.answered_at) == (at(16), at(21))


def test_who_is_answered_after_a_hole_does_not_stand_where_another_citizen_waited() -> None:
    """The first one's answer fell into the hole, and so did the second one's join."""
    listener = Listener().hears("0 QueueCallerJoin U=c.1 N=0501112233 Q=dvx", until=1.0).reconnects(5.0)
    listener.hears("""
        6.0   AgentComplete    Q=dvx A=PJSIP/1101 Reason=agent
        6.0   Hangup           U=c.1
        20.0  QueueCallerLeave U=c.2 N=0502223344 Q=dvx
        20.0  AgentConnect     U=c.2 N=0502223344 Q=dvx A=PJSIP/1101 D=a.2 HoldTime=3 RingTime=1
        22.0  AgentComplete    U=c.2 D=a.2 Q=dvx A=PJSIP/1101 HoldTime=3 TalkTime=2 Reason=agent
        22.0  Hangup           U=c.2
    """)
    assert [(visit.caller, visit.uniqueid) for visit in listener.visits] == [
        ("0501112233", "c.1"),
        ("0502223344", "c.2"),
    ]
    assert told(listener.visits)[1] == ("0502223344", "dvx", "answered", 3.0, "agent", 2.0)


def test_a_talk_whose_end_was_missed_does_not_end_with_the_agent_s_next_one() -> None:
    """The next one's beginning fell into the same hole, and its end carries no Uniqueid."""
    listener = Listener().hears(
        """
        0.0   QueueCallerJoin  U=c.1 N=0501112233 Q=dvx
        1.0   AgentConnect     U=c.1 N=0501112233 Q=dvx A=PJSIP/1101 D=a.1 HoldTime=1 RingTime=1
        """,
        until=2.0,
    )
    listener.reconnects(4.0).hears("""
        6.4   AgentComplete    Q=dvx A=PJSIP/1101 HoldTime=2 TalkTime=3 Reason=agent
        6.4   QueueMemberStatus Q=dvx A=PJSIP/1101
    """)
    assert told(listener.visits) == [("0501112233", "dvx", "answered", 1.0, "", None)]


FIRST = """
    0.0   Newchannel          U=c.1 N=0501112233
    1.0   QueueCallerJoin     U=c.1 N=0501112233 Q=dvx
"""


@pytest.mark.parametrize(
    "heard",
    [
        """
        18.0  QueueCallerLeave    U=c.1 N=0501112233 Q=dvx
        18.0  AgentConnect        U=c.1 N=0501112233 Q=dvx A=PJSIP/1101 D=a.1 HoldTime=3 RingTime=1
        20.0  AgentComplete       U=c.1 D=a.1 Q=dvx A=PJSIP/1101 HoldTime=3 TalkTime=2 Reason=agent
        """,
        "20.0 AgentComplete U=c.1 N=0501112233 Q=dvx A=PJSIP/1101 HoldTime=3 TalkTime=2 Reason=agent\n",
    ],
    ids=["connect", "complete"],
)
def test_what_ends_a_stay_that_began_in_a_hole_ends_no_earlier_one_of_the_same_queue(heard: str) -> None:
    """The first one timed out in the hole, and the caller came again; only queue_log knows of both."""
    listener = Listener().hears(FIRST, until=2.0).reconnects(17.0).hears(heard)
    first, second = listener.visits
    assert first.outcome != "answered"
    assert told([second]) == [("0501112233", "dvx", "answered", 3.0, "agent", 2.0)]


@pytest.mark.parametrize("waited", [2, 16])
def test_who_is_found_waiting_after_a_hole_waits_a_second_time_if_they_waited_for_too_short(
    waited: int,
) -> None:
    listener = Listener().hears(FIRST, until=2.0).reconnects(17.0)
    (entry,) = events(spelled_out(f"17.0 QueueEntry U=c.1 N=0501112233 Q=dvx Wait={waited}"))
    for fact in listener.reader.waiting(replace(entry, timestamp=None), {}):
        listener.fold.apply(fact)
    joined = [visit.joined_at for visit in listener.hears("", until=17.5).visits]
    assert joined == ([at(1), at(15)] if waited == 2 else [at(1)])


def test_a_clock_that_is_set_back_is_known_before_its_pace_is() -> None:
    """Events come in their order: an earlier moment is no slow wire and no faster recording."""
    a_day_later = [
        replace(event, received_at=event.received_at + timedelta(days=1)) for event in stepped(1.5, -5)
    ]
    (visit,) = hear(a_day_later).visits
    assert visit.wait_seconds == pytest.approx(4.0)
    assert visit.clock_stepped


def test_a_join_right_after_a_stay_whose_join_was_missed_is_another_stay() -> None:
    """Recorded: the same queue three times in a row."""
    listener = Listener().hears("""
        3.0   QueueCallerAbandon  U=c.1 N=0501112233 Q=dvx HoldTime=1
        3.0   VarSet              U=c.1 Variable=QUEUESTATUS Value=TIMEOUT
        3.0   QueueCallerLeave    U=c.1 N=0501112233 Q=dvx
        3.1   QueueCallerJoin     U=c.1 N=0501112233 Q=dvx
        5.0   HangupRequest       U=c.1
        5.0   QueueCallerAbandon  U=c.1 N=0501112233 Q=dvx HoldTime=2
    """)
    assert [(visit.outcome, visit.wait_seconds) for visit in listener.visits] == [
        ("timeout", 1.0),
        ("abandoned", 1.9),
    ]
