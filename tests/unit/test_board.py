"""The board against tables of events, as a real Asterisk 22 sent them."""

from __future__ import annotations

import pytest

from ivr.queues.board import RecordedBoard
from tests.unit.ami_lines import START, at, event, events

SNAPSHOT = """
    0 QueueMember Queue=dvx    Location=PJSIP/1101 Name=Ann Status=1 LastCall=0
    0 QueueMember Queue=dvx    Location=PJSIP/1102 Name=Bob Status=5 LastCall=0
    0 QueueMember Queue=aparat Location=PJSIP/1101 Name=Ann Status=1 LastCall=0
"""
ANN_EVERYWHERE = """
    {t} QueueMemberStatus Queue=dvx    Interface=PJSIP/1101 MemberName=Ann Status={s} Paused=0 InCall={c}
    {t} QueueMemberStatus Queue=aparat Interface=PJSIP/1101 MemberName=Ann Status={s} Paused=0 InCall=0
"""
WRAP_UP = {"dvx": 10.0, "aparat": 60.0}


def filled(table: str = "", snapshot: str = SNAPSHOT) -> RecordedBoard:
    board = RecordedBoard(WRAP_UP)
    board.restore(events(snapshot), START)
    board.take_changes(START)
    for told in events(table):
        board.apply(told)
    return board


def ann(seconds: float, status: int, in_call: int = 0) -> str:
    return ANN_EVERYWHERE.format(t=seconds, s=status, c=in_call)


def idle(board: RecordedBoard, queue: str, seconds: float) -> list[str]:
    return [agent.interface for agent in board.idle(queue, at(seconds))]


def test_nobody_is_idle_before_the_first_snapshot() -> None:
    """A board that was never filled shows nobody, even if events already said that a phone is free."""
    board = RecordedBoard(WRAP_UP)
    for told in events(SNAPSHOT + ann(1, 1)):
        board.apply(told)
    assert idle(board, "dvx", 2) == []


def test_a_free_registered_phone_is_idle_in_each_of_its_queues_as_one_agent() -> None:
    """Ann serves two queues and is idle in both, with both named; Bob's phone is not registered."""
    board = filled()
    (agent,) = board.idle("dvx", at(1))
    assert (agent.name, agent.queues) == ("Ann", ("dvx", "aparat"))
    assert idle(board, "aparat", 1) == ["PJSIP/1101"]


def test_two_interfaces_with_one_phone_are_one_agent() -> None:
    """Memberships through Local channels that watch the same phone count once."""
    board = filled(
        snapshot="""
        0 QueueMember Queue=dvx Location=Local/1@a StateInterface=PJSIP/1 Name=Ann Status=1 Paused=0
        0 QueueMember Queue=dvx Location=Local/1@b StateInterface=PJSIP/1 Name=Ann Status=1 Paused=0
        """
    )
    assert len(board.idle("dvx", at(1))) == 1


@pytest.mark.parametrize("status", [0, 2, 3, 4, 5, 6, 7, 8])
def test_a_phone_is_idle_in_no_state_but_not_in_use(status: int) -> None:
    """In use, busy, ringing, on hold, unreachable or unknown: nobody to dial for."""
    board = filled(ann(1, status))
    assert idle(board, "dvx", 2) == idle(board, "aparat", 2) == []


def test_a_phone_called_for_one_caller_is_idle_nowhere_until_it_is_over() -> None:
    """AgentCalled comes before the phone's own state; not answering frees it again, in both queues."""
    called = "1 AgentCalled Queue=dvx Interface=PJSIP/1101 Uniqueid=c1"
    assert idle(filled(called), "aparat", 2) == []
    assert (
        idle(filled(called + "\n5 AgentRingNoAnswer Queue=dvx Interface=PJSIP/1101 Uniqueid=c1"), "aparat", 6)
        != []
    )


@pytest.mark.parametrize("end", ["QueueCallerLeave Queue=dvx", "Hangup"])
def test_a_caller_who_goes_away_frees_the_phone_that_was_called_for_them(end: str) -> None:
    """No agent event tells that a phone stopped being called when the caller gave up."""
    board = filled(f"1 AgentCalled Queue=dvx Interface=PJSIP/1101 Uniqueid=c1\n2 {end} Uniqueid=c1")
    assert idle(board, "dvx", 3) == ["PJSIP/1101"]


def test_an_agent_in_a_call_of_one_queue_is_not_idle_in_another_even_if_the_phone_looks_free() -> None:
    """A Local member's device is always free; only AgentConnect and InCall tell of the call."""
    connected = "1 AgentConnect Queue=dvx Interface=PJSIP/1101 Uniqueid=c1"
    assert idle(filled(connected), "aparat", 2) == []
    assert idle(filled(ann(1, 1, in_call=1)), "aparat", 2) == []


@pytest.mark.parametrize(("queue", "seconds", "expected"), [("dvx", 14.9, []), ("dvx", 15.0, ["PJSIP/1101"])])
def test_an_agent_rests_for_the_wrap_up_of_the_queue_whose_call_it_was(
    queue: str, seconds: float, expected: list[str]
) -> None:
    """The call was dvx's (10 s): the other queue's 60 s do not count, though told there too."""
    last_call = int(at(5).timestamp())
    board = filled(
        f"""
        1 AgentConnect Queue=dvx Interface=PJSIP/1101 Uniqueid=c1
        5 AgentComplete Queue=dvx Interface=PJSIP/1101 TalkTime=4
        5 QueueMemberStatus Queue=dvx    Interface=PJSIP/1101 Status=1 LastCall={last_call}
        5 QueueMemberStatus Queue=aparat Interface=PJSIP/1101 Status=1 LastCall={last_call}
        """
    )
    assert idle(board, queue, seconds) == expected


def test_an_agent_to_whom_a_citizen_was_handed_over_is_busy_until_their_phone_is_free_and_rests_then() -> (
    None
):
    """AgentComplete ends the consultation; of the talk after it only the phone tells (recorded)."""
    board = filled(
        "1 AgentConnect Queue=dvx Interface=PJSIP/1101 Uniqueid=a.2"
        + ann(1.1, 2, in_call=1)
        + "8 AgentComplete Queue=dvx Interface=PJSIP/1101 TalkTime=7 Reason=caller"
        + ann(60, 1)
    )
    changes = [(change.state, change.at) for change in board.take_changes(at(100))]
    assert changes == [("in_call", at(1)), ("wrap_up", at(60)), ("idle", at(70))]


def test_a_last_call_known_only_from_the_snapshot_is_rested_from_too() -> None:
    """After a restart of ours the wrap-up goes on; a member's own wrap-up time replaces the queue's."""
    ended = int(at(-4).timestamp())
    line = f"0 QueueMember Queue=dvx Location=PJSIP/1 Name=A Status=1 LastCall={ended} Wrapuptime="
    assert idle(filled(snapshot=line + "0"), "dvx", 5.9) == []
    assert idle(filled(snapshot=line + "0"), "dvx", 6) == ["PJSIP/1"]
    assert idle(filled(snapshot=line + "30"), "dvx", 25.9) == []


def test_a_pause_in_one_queue_leaves_the_agent_idle_in_the_other() -> None:
    """Pauses are per queue in Asterisk."""
    board = filled("1 QueueMemberPause Queue=dvx Interface=PJSIP/1101 Status=1 Paused=1 PausedReason=lunch")
    assert (idle(board, "dvx", 2), idle(board, "aparat", 2)) == ([], ["PJSIP/1101"])


def test_members_come_and_go_while_asterisk_runs() -> None:
    """QueueMemberAdded and QueueMemberRemoved are obeyed."""
    board = filled(
        """
        1 QueueMemberRemoved Queue=dvx Interface=PJSIP/1101
        2 QueueMemberAdded   Queue=dvx Interface=PJSIP/1103 MemberName=Cem Status=1 Paused=0
        """
    )
    assert idle(board, "dvx", 3) == ["PJSIP/1103"]


def test_a_lost_connection_leaves_nobody_idle_until_the_next_snapshot() -> None:
    """State older than the last connect is no state."""
    board = filled()
    board.lose(at(5))
    assert idle(board, "dvx", 6) == []
    board.restore(events(SNAPSHOT), at(7))
    assert idle(board, "dvx", 8) == ["PJSIP/1101"]


def test_callers_stand_in_the_order_and_at_the_place_asterisk_gave_them() -> None:
    """A callback put at place 1 stands before those who came earlier, with its credit and origin."""
    board = filled(
        """
        1 QueueCallerJoin Queue=dvx Uniqueid=c1 Position=1 $HOTLINE_ORIGIN=inbound
        2 QueueCallerJoin Queue=dvx Uniqueid=c2 Position=2 $HOTLINE_ORIGIN=inbound
        3 QueueCallerJoin Queue=dvx Uniqueid=cb Position=1 $HOTLINE_ORIGIN=callback $HOTLINE_CREDIT=77
        4 QueueCallerLeave Queue=dvx Uniqueid=c1 Position=2
        """
    )
    assert [(c.uniqueid, c.origin, c.waiting_since) for c in board.waiting("dvx")] == [
        ("cb", "callback", at(3 - 77)),
        ("c2", "inbound", at(2)),
    ]
    assert board.waiting("aparat") == ()


def test_a_snapshot_knows_who_waits_since_when_and_with_what_credit() -> None:
    """QueueEntry tells place and wait, CoreShowChannels the channel variables."""
    board = filled(
        snapshot="""
        0 QueueEntry Queue=dvx Position=1 Uniqueid=cb Wait=3
        0 QueueEntry Queue=dvx Position=2 Uniqueid=c1 Wait=8
        0 CoreShowChannel Uniqueid=cb $HOTLINE_CREDIT=40 $HOTLINE_ORIGIN=callback
        0 CoreShowChannel Uniqueid=far-leg $HOTLINE_CREDIT=99
        """
    )
    assert [(c.uniqueid, c.waiting_since) for c in board.waiting("dvx")] == [("cb", at(-43)), ("c1", at(-8))]


def test_events_still_under_way_when_the_snapshot_was_taken_change_nothing_in_the_end() -> None:
    """Join and leave from before the snapshot, applied after it, end with the snapshot's line."""
    board = filled(
        """
        1 QueueCallerJoin Queue=dvx Uniqueid=gone Position=1
        1 QueueCallerJoin Queue=dvx Uniqueid=c1 Position=2
        1 QueueCallerLeave Queue=dvx Uniqueid=gone Position=1
        """,
        snapshot=SNAPSHOT + "0 QueueEntry Queue=dvx Position=1 Uniqueid=c1 Wait=0",
    )
    assert [caller.uniqueid for caller in board.waiting("dvx")] == ["c1"]


def test_who_hung_up_waits_nowhere() -> None:
    """A hangup ends the wait even where QueueCallerLeave was missed."""
    board = filled("1 QueueCallerJoin Queue=dvx Uniqueid=c1 Position=1\n2 Hangup Uniqueid=c1")
    assert board.waiting("dvx") == ()


def test_each_change_of_an_agents_state_is_told_once_with_its_moment() -> None:
    """Ringing, talking, resting (whose end has no event), idle again, though Asterisk tells it per queue."""
    board = filled(
        "1 AgentCalled Queue=dvx Interface=PJSIP/1101 Uniqueid=c1"
        + ann(1.1, 6)
        + "3 AgentConnect Queue=dvx Interface=PJSIP/1101 Uniqueid=c1"
        + ann(3.1, 2, in_call=1)
        + "8 AgentComplete Queue=dvx Interface=PJSIP/1101 TalkTime=5"
        + ann(8.1, 1)
    )
    told = [(change.agent, change.state, change.at) for change in board.take_changes(at(30))]
    assert told == [
        ("PJSIP/1101", "ringing", at(1)),
        ("PJSIP/1101", "in_call", at(3)),
        ("PJSIP/1101", "wrap_up", at(8.1)),
        ("PJSIP/1101", "idle", at(18)),
    ]
    assert board.take_changes(at(31)) == ()


def test_the_end_of_a_wrap_up_is_told_even_if_nobody_looked_before_the_next_change() -> None:
    """The agent rests until 11, goes home at 20: idle in between."""
    board = filled("1 AgentComplete Queue=dvx Interface=PJSIP/1101 TalkTime=5" + ann(20, 5))
    assert [(change.state, change.at) for change in board.take_changes(at(30))] == [
        ("wrap_up", at(1)),
        ("idle", at(11)),
        ("unavailable", at(20)),
    ]


def test_a_lost_connection_makes_every_agents_state_unknown_once() -> None:
    """Nothing is claimed of agents nobody can see, and the snapshot tells them anew."""
    board = filled()
    board.lose(at(1))
    board.lose(at(2))
    assert [(c.agent, c.state, c.at) for c in board.take_changes(at(3))] == [
        ("PJSIP/1101", "unknown", at(1)),
        ("PJSIP/1102", "unknown", at(1)),
    ]
    board.restore(events("4 QueueMember Queue=dvx Location=PJSIP/1101 Name=Ann Status=1"), at(4))
    assert [(c.agent, c.state) for c in board.take_changes(at(5))] == [
        ("PJSIP/1101", "idle"),
        ("PJSIP/1102", "unavailable"),
    ]


def test_the_reason_of_a_pause_is_kept() -> None:
    """Paused in every queue is paused."""
    board = filled(
        """
        1 QueueMemberPause Queue=dvx    Interface=PJSIP/1101 Status=1 Paused=1 PausedReason=lunch
        1 QueueMemberPause Queue=aparat Interface=PJSIP/1101 Status=1 Paused=1 PausedReason=lunch
        """
    )
    assert [(c.state, c.reason) for c in board.take_changes(at(2))] == [("paused", "lunch")]


def test_the_expected_wait_is_place_times_mean_handle_time_by_agents_serving() -> None:
    """Talks of 20, 30 and 40 s and 10 s of wrap-up are 40 s each: with one agent, place 3 waits 120 s."""
    talks = "\n".join(
        f"1 AgentComplete Queue=dvx Interface=PJSIP/1101 TalkTime={talk}" for talk in (20, 30, 40)
    )
    board = filled(talks)
    assert board.expected_wait("dvx", 3, at(2)) == 120
    board.apply(event("3 QueueMemberAdded Queue=dvx Interface=PJSIP/1103 Status=2"))
    assert board.expected_wait("dvx", 3, at(4)) == 60


@pytest.mark.parametrize(
    ("talks", "queue", "seconds"),
    [(2, "dvx", 2.0), (3, "aparat", 2.0), (3, "dvx", 3700.0)],
    ids=["two talks", "another queue's talks", "an hour ago"],
)
def test_no_wait_is_expected_where_nothing_reliable_is_known(talks: int, queue: str, seconds: float) -> None:
    """Too few talks, none of this queue, or too old ones."""
    board = filled("\n".join(["1 AgentComplete Queue=dvx Interface=PJSIP/1101 TalkTime=20"] * talks))
    assert board.expected_wait(queue, 1, at(seconds)) is None


def test_no_wait_is_expected_where_nobody_serves() -> None:
    """All agents gone: no time can be promised."""
    board = filled("\n".join(["1 AgentComplete Queue=dvx Interface=PJSIP/1101 TalkTime=20"] * 3) + ann(2, 5))
    assert board.expected_wait("dvx", 1, at(3)) is None
