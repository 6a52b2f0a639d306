"""Single facts put on the stay they belong to."""

from __future__ import annotations

import pytest

from ivr.asterisk.words import VAR_ORIGIN
from ivr.visits.facts import (
    Booted,
    CallBegan,
    ChannelEnded,
    ConnectionLost,
    Fact,
    FoundWaiting,
    GaveUp,
    HangupAsked,
    Hears,
    HoldKnown,
    Joined,
    Left,
    MemberKnown,
    Offered,
    Party,
    RecordingBegan,
    ResultKnown,
    Tick,
    TookPlace,
    WentOn,
)
from tests.unit.ami_lines import at
from tests.unit.facts_told import AGENT, Told, answered, completed, joined, party, roughly, when


def test_a_call_s_origin_is_the_dialplan_s_to_say_and_else_inbound() -> None:
    ours = Party("c.1", variables={VAR_ORIGIN: "callback"})
    told = Told(CallBegan(when(1), ours, "195", "provider"), CallBegan(when(2), Party("c.2"), "195", ""))
    assert [call.origin for call in told.calls] == ["callback", "inbound"]


def test_a_visit_is_told_to_the_millisecond_if_asterisk_gave_all_its_moments() -> None:
    ends = {"ms": completed(when(9), "c.1"), "s": completed(roughly(9), "c.1")}
    for precision, end in ends.items():
        assert [v.precision for v in Told(joined(1), answered(when(3)), end).visits] == [precision]


def test_a_visit_names_the_agent_who_answered_and_nobody_while_nobody_did() -> None:
    told = Told(joined(1))
    assert [(visit.agent, visit.agent_name) for visit in told.visits] == [("", "")]
    told.hears(answered(when(3))._replace(agent_name="Aygün"))
    assert [(visit.agent, visit.agent_name) for visit in told.visits] == [(AGENT, "Aygün")]


def test_a_visit_is_uncertain_while_nobody_has_named_its_outcome() -> None:
    told = Told(joined(1), Left(when(5), party("c.1"), "dvx"), Tick(when(9)))
    assert [(visit.outcome, visit.uncertain) for visit in told.visits] == [("key", True)]
    told.hears(ResultKnown(when(5), "c.1", "dvx", "WITHDRAW"))
    assert [(visit.outcome, visit.uncertain) for visit in told.visits] == [("withdrawn", False)]


def test_a_visit_is_recorded_if_its_talk_is() -> None:
    told = Told(joined(1), answered(when(3)))
    assert [visit.recorded for visit in told.visits] == [False]
    assert [visit.recorded for visit in told.hears(RecordingBegan(when(3.1), "c.1")).visits] == [True]
    waiting = Told(joined(1), RecordingBegan(when(2), "c.1"))
    assert [visit.recorded for visit in waiting.visits] == [False]


def test_an_agent_s_phone_is_known_by_an_offer_and_by_the_queue_s_members() -> None:
    calls = [joined(20, "a.7", channel="PJSIP/1101-2"), joined(21, "a.8", channel="PJSIP/desk-2-3")]
    told = Told(Offered(when(2), "c.1", "dvx", AGENT, "a.1"), MemberKnown(when(3), "PJSIP/desk-2"), *calls)
    assert [visit.origin for visit in told.visits] == ["internal", "internal"]
    assert [visit.origin for visit in Told(*calls).visits] == ["inbound", "inbound"]


OUT = GaveUp(when(12), party("c.1"), "dvx", None)


@pytest.mark.parametrize(
    ("facts", "begins"),
    [
        ([joined(10), joined(10)], [10]),
        ([joined(10), OUT, joined(10)], [10]),
        ([joined(10), OUT, joined(10.001)], [10]),
        ([joined(10), OUT, joined(10.002)], [10, 10.002]),
        ([joined(10), joined(10.001, queue="emdx")], [10, 10.001]),
        ([joined(10), joined(15)], [10, 15]),
        ([joined(10), Joined(roughly(15), party("c.1"), "dvx")], [10]),
        ([Joined(roughly(10), party("c.1"), "dvx"), joined(15)], [10]),
        ([Joined(roughly(10), party("c.1"), "dvx"), OUT, joined(15)], [10, 15]),
    ],
)
def test_a_join_told_again_is_the_same_stay_and_else_another(facts: list[Fact], begins: list[float]) -> None:
    assert [visit.joined_at for visit in Told(*facts).visits] == [at(second) for second in begins]


def test_a_join_told_late_corrects_the_one_that_was_computed_from_whole_seconds() -> None:
    found = FoundWaiting(when(10), party("c.1"), "dvx", 5)
    (visit,) = Told(found, joined(7.499, caller="0501112233")).visits
    assert (visit.joined_at, visit.received_at, visit.caller) == (at(7.499), at(10), "0501112233")
    assert visit.is_rebuilt is False
    (visit,) = Told(found, joined(7.5)).visits
    assert (visit.joined_at, visit.is_rebuilt) == (at(5), True)


@pytest.mark.parametrize(
    ("second", "second_received", "begins"),
    [
        (10.0, 10.0, 10.001),
        (10.0, 10.001, 10.001),
        (10.001, 10.0, 10.001),
        (10.0, 15.0, 10),
        (14.0, 10.0005, 14),
    ],
)
def test_two_stays_read_in_one_breath_differ_by_a_millisecond(
    second: float, second_received: float, begins: float
) -> None:
    out = (GaveUp(roughly(10), party("c.1"), "dvx", 0.0), ResultKnown(roughly(10), "c.1", "dvx", "TIMEOUT"))
    again = Joined(when(second, second_received, exact=False), party("c.1"), "dvx")
    told = Told(Joined(roughly(10), party("c.1"), "dvx"), *out, again)
    received = 10.001 if begins == 10.001 else second_received
    assert [(visit.joined_at, visit.received_at) for visit in told.visits] == [
        (at(10), at(10)),
        (at(begins), at(received)),
    ]


def test_who_is_found_waiting_is_one_rebuilt_stay_however_often_they_are_found() -> None:
    told = Told(
        joined(1),
        GaveUp(when(5), party("c.1"), "dvx", 4.0),
        ResultKnown(when(5), "c.1", "dvx", "TIMEOUT"),
        FoundWaiting(when(20), party("c.1"), "emdx", 10),
        FoundWaiting(when(30), party("c.1"), "emdx", 20),
    )
    assert [(visit.queue, visit.joined_at, visit.is_rebuilt) for visit in told.visits] == [
        ("dvx", at(1), False),
        ("emdx", at(10), True),
    ]


ALL = (Hears(when(0), "channels"), Hears(when(0), "variables"))


def test_the_next_step_of_the_dialplan_tells_at_once_that_the_call_went_on() -> None:
    gave_up = Told(*ALL, joined(1), GaveUp(when(5), party("c.1"), "dvx", None), Tick(when(5.1)))
    assert gave_up.outcomes == ["waiting"]
    assert gave_up.hears(WentOn(when(5.2), "c.1"), Tick(when(5.3))).outcomes == ["redirected"]
    left = Told(*ALL, joined(1), Left(when(5), party("c.1"), "dvx"), Tick(when(5.1)))
    assert left.outcomes == ["waiting"]
    assert left.hears(WentOn(when(5.2), "c.1"), Tick(when(5.3))).outcomes == ["key"]


def test_a_step_of_the_dialplan_before_the_queue_was_left_says_nothing_of_how_it_is_left() -> None:
    told = Told(*ALL, joined(1), WentOn(when(2), "c.1"), Left(when(5), party("c.1"), "dvx"), Tick(when(5.1)))
    assert told.outcomes == ["waiting"]


def test_without_timestamps_the_wait_is_the_one_asterisk_tells_by_any_word() -> None:
    join = Joined(roughly(1), party("c.1"), "dvx")
    gave_up = GaveUp(roughly(11), party("c.1"), "dvx", 7.0)
    key = Left(roughly(11), party("c.1"), "dvx", 6.0)
    silent = Left(roughly(11), party("c.1"), "dvx")
    tick = Tick(roughly(20))
    assert Told(join, gave_up, tick).visits[0].wait_seconds == 7.0
    assert Told(join, key, tick).visits[0].wait_seconds == 6.0
    assert Told(join, HoldKnown(roughly(11), "c.1", 5.0), silent, tick).visits[0].wait_seconds == 5.0
    assert Told(join, gave_up, silent, tick).visits[0].wait_seconds == 7.0
    assert Told(join, gave_up, HoldKnown(roughly(11), "c.1", 5.0), tick).visits[0].wait_seconds == 7.0


def test_a_key_whose_join_was_missed_is_rebuilt_from_its_wait() -> None:
    (visit,) = Told(Left(when(11), party("c.1"), "dvx", 6.0), Tick(when(20))).visits
    assert (visit.outcome, visit.joined_at, visit.is_rebuilt) == ("key", at(5), True)


def test_a_citizen_answered_again_stands_where_the_agent_who_transferred_them_waited() -> None:
    told = Told(
        MemberKnown(when(0), AGENT),
        joined(1, caller="0501112233"),
        answered(when(3)),
        answered(when(3.1)),
        joined(7, "a.2", caller="1101", channel="PJSIP/1101-2"),
        answered(when(12), agent_leg="a.3", agent="PJSIP/1301", hold=5.0),
    )
    assert [(visit.uniqueid, visit.agent, visit.caller) for visit in told.visits] == [
        ("c.1", AGENT, "0501112233"),
        ("a.2", "PJSIP/1301", "0501112233"),
    ]
    assert told.visits[0].answered_at == at(3)


def test_an_end_is_that_of_the_talk_in_its_own_queue() -> None:
    told = Told(joined(1), answered(when(3)), joined(5, queue="emdx"), answered(when(6), queue="emdx"))
    told.hears(completed(when(9), "c.1", queue="emdx"))
    assert [(visit.queue, visit.ended_at) for visit in told.visits] == [("dvx", None), ("emdx", at(9))]


def test_an_end_is_that_of_the_talk_with_its_own_agent() -> None:
    told = Told(joined(1), answered(when(3)), joined(5), answered(when(6), agent_leg="a.2", agent="PJSIP/2"))
    told.hears(completed(when(9), "c.1", agent="PJSIP/2"))
    assert [(visit.agent, visit.ended_at) for visit in told.visits] == [(AGENT, None), ("PJSIP/2", at(9))]


def test_an_end_is_that_of_the_caller_it_names_and_else_of_the_agent_s_channel() -> None:
    two = (joined(1), answered(when(3)), joined(5, "c.2"), answered(when(6), "c.2", "a.2"))
    assert [v.ended_at for v in Told(*two, completed(when(9), "c.1")).visits] == [at(9), None]
    assert [v.ended_at for v in Told(*two, completed(when(9), "x.9", "a.1")).visits] == [at(9), None]
    assert [v.ended_at for v in Told(*two, completed(when(9))).visits] == [None, at(9)]


def test_an_end_without_ids_is_not_that_of_a_talk_whose_agent_s_channel_is_not_known() -> None:
    told = Told(joined(1), answered(when(3), agent_leg=""), completed(when(9), queue="emdx", agent="PJSIP/2"))
    assert [visit.ended_at for visit in told.visits] == [None]


def test_an_end_told_twice_does_not_end_the_agent_s_next_talk() -> None:
    told = Told(joined(1), answered(when(3)), completed(when(4), "c.1"))
    told.hears(joined(5, "c.2"), answered(when(6), "c.2", "a.2"), completed(when(7), "c.1"))
    assert [visit.ended_at for visit in told.visits] == [at(4), None]


def test_an_end_without_figures_of_a_talk_nobody_heard_of_makes_no_visit() -> None:
    assert Told(completed(when(9), "c.1", hold=3.0)).visits == []
    assert Told(completed(when(9), "c.1", talk=3.0)).visits == []
    assert Told(completed(when(9), hold=3.0, talk=3.0)).visits == []


def test_the_end_of_an_agent_s_new_talk_is_not_that_of_an_interrupted_one() -> None:
    told = Told(joined(1), answered(when(3)), ConnectionLost(when(5)), Booted(when(9), 1.0, restarted=True))
    told.hears(completed(when(20)))
    assert [(visit.ended_by, visit.ended_at) for visit in told.visits] == [("restart", at(5))]


def test_the_leg_that_was_transferred_away_tells_nothing_of_who_waits_in_its_place() -> None:
    told = Told(
        MemberKnown(when(0), AGENT),
        joined(7, "a.2", channel="PJSIP/1101-2"),
        TookPlace(when(9), Party("c.1", caller="0501112233"), "a.2"),
        ChannelEnded(when(9), party("a.2")),
    )
    assert [(visit.caller, visit.origin) for visit in told.visits] == [("0501112233", "inbound")]
    assert told.hears(HangupAsked(when(12), "c.1"), Tick(when(20))).outcomes == ["waiting"]
    told.hears(ChannelEnded(when(21), party("c.1")), Tick(when(30)))
    assert [(visit.outcome, visit.wait_seconds) for visit in told.visits] == [("abandoned", 14.0)]


@pytest.mark.parametrize("is_asked", [True, False])
def test_a_call_that_ends_unasked_was_ended_by_the_hotline(is_asked: bool) -> None:
    asked = (HangupAsked(when(4), "c.1"),) if is_asked else ()
    (call,) = Told(
        CallBegan(when(1), party("c.1"), "", ""), *asked, ChannelEnded(when(4), party("c.1"))
    ).calls
    assert (call.ended_by, call.left_menu) == ("caller" if is_asked else "hotline", "")


def test_nobody_takes_the_place_of_somebody_who_talks_already() -> None:
    told = Told(joined(1, caller="0501112233"), answered(when(3)))
    told.hears(TookPlace(when(5), Party("c.9", caller="0509998877"), "c.1"), completed(when(9), "c.1"))
    assert [(visit.caller, visit.ended_at) for visit in told.visits] == [("0501112233", at(9))]


def test_a_channel_that_is_local_says_nothing_of_the_agent_and_a_phone_s_is_taken_once() -> None:
    for channel, by in ((f"{AGENT}-1", "transfer"), ("Local/1101@members-1;1", "agent")):
        told = Told(joined(1), answered(when(3), channel=channel))
        told.hears(ChannelEnded(when(5), party("a.1")), ChannelEnded(when(8), party("a.1")))
        told.hears(completed(when(20), "c.1"))
        assert [(v.ended_by, v.ended_at) for v in told.visits] == [(by, at(5 if by == "transfer" else 20))]


def test_a_late_word_of_an_end_is_not_measured_against_the_talk_it_ends() -> None:
    """Without its timestamp the receipt may be late: three minutes late, here."""
    told = Told(joined(1), answered(when(10)), completed(roughly(200), talk=5.0))
    assert [visit.ended_by for visit in told.visits] == ["agent"]


def test_queue_log_never_ends_a_talk_by_another_caller_s_line() -> None:
    """Its lines always name the caller; who joined before the place it is read from is another one."""
    earlier = completed(roughly(20), "c.0", hold=3.0, talk=12.0)
    told = Told(joined(8), answered(roughly(10)), earlier, source="queue_log")
    assert [(visit.uniqueid, visit.talk_seconds) for visit in told.visits] == [("c.0", 12.0), ("c.1", None)]
