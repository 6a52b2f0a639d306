"""An attempt followed through the events a real Asterisk sent for it, to its disposition.

Each table is the stream of one attempt: what our manager user sees of it, shortened to what matters. `1`
is the citizen's half of the Local channel, `2` the dialling half, `trunk` the trunk's channel, `agent` an
agent's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback_dialer.attempt import BY_CAUSE, Progress, apply, attempt_of, disposition
from callback_dialer.following import Following
from ivr.asterisk.messages import AmiEvent
from ivr.visits.from_queue_log import LogLine

ID = "cb-5f1d"
STARTED = datetime(2026, 11, 22, 18, 22, 30, tzinfo=UTC)
LEGS = {
    "1": (ID, "Local/994501234567@hotline-callback-00000001;1"),
    "2": (f"{ID}-2", "Local/994501234567@hotline-callback-00000001;2"),
    "trunk": ("1795371761.30", "PJSIP/provider-00000002"),
    "agent": ("1795371762.31", "PJSIP/1101-00000003"),
}

DIALLED = """
0.00 Newchannel 1
0.00 Newchannel 2
0.01 Newchannel trunk
"""
RINGING = DIALLED + "0.10 Newstate trunk ChannelStateDesc=Ringing\n"
ANSWERED = RINGING + "2.00 UserEvent 1 UserEvent=HotlineCallback State=answered\n"
CONFIRMED = ANSWERED + "4.00 UserEvent 1 UserEvent=HotlineCallback State=confirmed\n"
CONNECTED = (
    CONFIRMED
    + """
4.10 Newchannel agent
4.60 AgentConnect 1 Interface=PJSIP/1101
"""
)
NOT_ALLOWED = """
0.00 Newchannel 1
0.00 Newchannel 2
0.10 Hangup 2 Cause=21
0.10 Hangup 1 Cause=21
"""
OVER = """
9.00 Hangup trunk Cause=16
9.00 Hangup 2 Cause=16
9.01 Hangup 1 Cause=16
"""
AGENT_HANGS_UP = """
9.00 AgentComplete 1 TalkTime=4
9.00 Hangup agent Cause=16
9.01 Hangup 1 Cause=16
9.01 Hangup 2 Cause=16
9.02 Hangup trunk Cause=16
"""


def told(state: str, **headers: str) -> str:
    more = " ".join(f"{name}={value}" for name, value in headers.items())
    return f"5.00 UserEvent 1 UserEvent=HotlineCallback State={state} {more}\n"


def failed(cause: int) -> str:
    return f"1.00 Hangup trunk Cause={cause}\n1.01 Hangup 2 Cause={cause}\n1.01 Hangup 1 Cause=0\n"


def event(line: str) -> AmiEvent:
    seconds, name, leg, *headers = line.split()
    uniqueid, channel = LEGS[leg]
    known = {"Uniqueid": uniqueid, "Linkedid": ID, "Channel": channel}
    at = STARTED + timedelta(seconds=float(seconds))
    more = dict(header.split("=", 1) for header in headers)
    return AmiEvent(name, {**known, **more}, {}, at, at)


def stream(table: str) -> list[AmiEvent]:
    return [event(line) for line in table.splitlines() if line.strip()]


def follow(events: list[AmiEvent]) -> Progress:
    progress = Progress(ID, "originating", STARTED)
    for each in events:
        progress = apply(progress, each)
    return progress


ENDS = [
    ("spoke with an agent", CONNECTED + OVER, "reached"),
    ("the agent hung up", CONNECTED + AGENT_HANGS_UP, "reached"),
    ("nobody lifted the phone", RINGING + failed(0), "no_answer"),
    ("the network knows nobody answers", DIALLED + failed(19), "no_answer"),
    ("busy", RINGING + failed(17), "busy"),
    ("declined", RINGING + failed(21), "declined"),
    ("no such number", DIALLED + failed(1), "invalid_number"),
    ("the network is full", DIALLED + failed(34), "congestion"),
    ("the far side is dead: nothing ever rang", DIALLED + failed(0), "trunk_failed"),
    ("a cause nobody listed", DIALLED + failed(111), "trunk_failed"),
    ("the dialplan refused the number", NOT_ALLOWED, "trunk_failed"),
    ("no channel was ever made", "0.1 OriginateResponse 1 Response=Failure Reason=0", "trunk_failed"),
    ("a machine answered", ANSWERED + OVER, "machine_or_no_confirmation"),
    ("left while waiting", CONFIRMED + OVER, "citizen_left_before_agent"),
    ("pressed 9", ANSWERED + told("refused") + OVER, "declined"),
    ("nobody was free", CONFIRMED + told("no_agent") + OVER, "no_agent"),
    ("chose a new time", CONFIRMED + told("no_agent") + told("new_time", Choice="2") + OVER, "no_agent"),
]


@pytest.mark.parametrize(("table", "expected"), [pytest.param(*end[1:], id=end[0]) for end in ENDS])
def test_the_disposition_is_how_far_it_got_and_else_the_cause_on_the_trunks_leg(
    table: str, expected: str
) -> None:
    progress = follow(stream(table))
    assert progress.ended_at is not None
    assert disposition(progress) == expected


def test_an_attempt_whose_trunk_s_leg_is_the_last_to_go_has_its_cause() -> None:
    ended = "1.00 Hangup 2 Cause=0\n1.01 Hangup 1 Cause=0\n1.02 Hangup trunk Cause=17\n"
    progress = follow(stream(RINGING + ended))
    assert (progress.cause, progress.open_legs, disposition(progress)) == (17, frozenset(), "busy")


def test_an_attempt_is_not_over_while_one_of_its_legs_is_up() -> None:
    events = stream(CONNECTED + AGENT_HANGS_UP)
    assert follow(events[:-1]).ended_at is None
    assert follow(events).ended_at == STARTED + timedelta(seconds=9.02)


def test_the_talk_lasts_from_the_agents_connect_to_its_end() -> None:
    assert follow(stream(CONNECTED + AGENT_HANGS_UP)).talk_seconds == pytest.approx(4.4)
    # Asterisk often names no call in AgentComplete when the citizen hangs up first.
    assert follow(stream(CONNECTED + OVER)).talk_seconds == pytest.approx(4.41)


def test_a_talk_is_told_to_the_millisecond() -> None:
    assert follow(stream(CONFIRMED + "4.6001 AgentConnect 1\n9.0005 AgentComplete 1\n")).talk_seconds == 4.4


@pytest.mark.parametrize(("written", "choice"), [("2", 2), ("", 0), ("x", 0), ("²", 0)])
def test_the_chosen_time_is_kept(written: str, choice: int) -> None:
    progress = follow(stream(CONFIRMED + told("new_time", Choice=written)))
    assert (progress.farewell, progress.choice) == ("new_time", choice)


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("0.10 Newstate trunk ChannelStateDesc=Ringing", "ringing"),
        ("0.10 Newstate trunk ChannelStateDesc=Up", "originating"),
        ("0.10 Newstate agent ChannelStateDesc=Ringing", "originating"),
        ("0.10 DialState 2 DestUniqueid=1795371761.30 DialStatus=PROGRESS", "ringing"),
        ("0.10 DialState 2 DestUniqueid=1795371761.30 DialStatus=RINGING", "ringing"),
        ("0.10 DialState 2 DestUniqueid=1795371761.30 DialStatus=BUSY", "originating"),
        ("0.10 DialState 2 DestUniqueid=1795371762.31 DialStatus=RINGING", "originating"),
    ],
)
def test_an_attempt_rings_once_the_network_says_so_of_the_trunk_s_leg(line: str, state: str) -> None:
    assert follow(stream(DIALLED + line)).state == state


def test_each_state_and_each_milestone_has_the_moment_at_which_it_was_first_told() -> None:
    again = "6.00 UserEvent 1 UserEvent=HotlineCallback State=answered\n"
    again += "6.10 UserEvent 1 UserEvent=HotlineCallback State=confirmed\n"
    again += "6.20 AgentConnect 1 Interface=PJSIP/1102\n"
    reached = [follow(stream(table)).reached_state_at for table in (RINGING, ANSWERED, CONFIRMED, CONNECTED)]
    assert reached == [STARTED + timedelta(seconds=second) for second in (0.1, 2, 4, 4.6)]
    progress = follow(stream(CONNECTED + again))
    moments = (progress.answered_at, progress.confirmed_at, progress.connected_at, progress.reached_state_at)
    assert moments == tuple(STARTED + timedelta(seconds=second) for second in (2, 4, 4.6, 4.6))
    assert progress.agent == "PJSIP/1101"


def test_a_local_channel_that_is_not_the_attempt_s_own_is_not_the_trunk_s() -> None:
    local = AmiEvent("Newchannel", {"Uniqueid": "1.5", "Channel": "Local/1101@members-1;1"}, {}, STARTED)
    assert follow([*stream(DIALLED)[:2], local, stream(DIALLED)[2]]).trunk_leg == LEGS["trunk"][0]


@pytest.mark.parametrize(
    ("table", "response", "is_over"),
    [("", "Failure", True), ("", "Success", False), (DIALLED, "Failure", False)],
)
def test_an_originate_that_failed_ends_only_an_attempt_without_a_channel(
    table: str, response: str, is_over: bool
) -> None:
    progress = follow(stream(f"{table}0.1 OriginateResponse 1 Response={response}"))
    assert (progress.ended_at is not None) == is_over


def test_an_order_that_came_too_late_was_not_dialled() -> None:
    progress = follow(stream("0.00 Newchannel 1\n0.00 Newchannel 2\n" + told("late") + OVER))
    assert disposition(progress) == "aborted"


@pytest.mark.parametrize("cause", sorted(BY_CAUSE))
def test_every_listed_cause_has_its_disposition_once_it_rang(cause: int) -> None:
    assert disposition(follow(stream(RINGING + failed(cause)))) == BY_CAUSE[cause]


def test_events_of_other_calls_belong_to_no_attempt() -> None:
    other = AmiEvent("Hangup", {"Uniqueid": "1.2", "Linkedid": "1.2"}, {}, STARTED)
    assert attempt_of(other) == ""


@pytest.mark.parametrize("header", ["Attempt", "Linkedid", "DestLinkedid", "Uniqueid"])
@pytest.mark.parametrize("name", [ID, f"{ID}-2"])
def test_an_attempt_is_named_by_any_of_its_channels_and_by_its_variable(header: str, name: str) -> None:
    assert attempt_of(AmiEvent("X", {"Uniqueid": "1.2", header: name}, {}, STARTED)) == ID
    assert attempt_of(AmiEvent("X", {}, {"HOTLINE_ATTEMPT": name}, STARTED)) == ID


LINES = stream(CONNECTED + AGENT_HANGS_UP + told("refused") + told("no_agent") + RINGING + failed(17))


@given(st.lists(st.sampled_from(LINES)))
def test_no_order_of_events_raises_or_takes_an_attempt_back(events: list[AmiEvent]) -> None:
    progress = Progress(ID, "originating", STARTED)
    for each in events:
        after = apply(progress, each)
        assert progress.ended_at is None or after == progress
        assert STATES.index(after.state) >= STATES.index(progress.state)
        progress = after
    assert disposition(progress)


STATES = ["originating", "ringing", "citizen_answered", "confirmed", "agent_connected"]


@pytest.mark.parametrize("heard_before", [0, 1, 2, 3])
def test_who_reached_an_agent_while_nobody_listened_was_reached_however_soon_the_end_is_heard(
    heard_before: int,
) -> None:
    """Taken over while ringing, as a dialer does after a lost connection; queue_log tells what it missed."""
    ring = follow(stream(RINGING))
    second = int(STARTED.timestamp()) + 5
    missed = {"CBSTART": "provider", "CBANSWERED": "", "CBCONFIRMED": "", "CONNECT": "1|x|1"}
    lines = [
        LogLine(second, ID, "dvx", "PJSIP/1101", event, data.split("|")) for event, data in missed.items()
    ]
    following = Following()
    following.adopt(ring)
    end = stream(OVER)
    for event in end[:heard_before]:
        following.apply(event)
    following.learn(ID, lines)
    for event in end[heard_before:]:
        following.apply(event)
    over = following.unwritten[-1]
    assert over.ended_at
    assert disposition(over) == "reached"
