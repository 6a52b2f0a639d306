"""Who stands where in a queue: places that a transfer left vacant, and stays whose join was missed."""

from __future__ import annotations

import pytest

from ivr.visits.facts import (
    ChannelEnded,
    Fact,
    FoundWaiting,
    GaveUp,
    Hears,
    Joined,
    LiveCalls,
    LongAgo,
    MemberKnown,
    Party,
    ResultKnown,
    Tick,
    TookPlace,
)
from ivr.visits.state import before
from ivr.visits.steady import When
from tests.unit.ami_lines import at
from tests.unit.facts_told import AGENT, Told, answered, completed, joined, roughly, when

KNOWN = joined(1, caller="0501112233")
TALKED = (KNOWN, answered(when(3)), completed(when(6), "c.1"))
MEMBER = MemberKnown(when(0), AGENT)
AGENT_WAITS = (MEMBER, joined(7, "a.2", "emdx", caller="1101", channel=f"{AGENT}-2"))
AGENT_IS_GONE = (*AGENT_WAITS, ChannelEnded(when(9), Party("a.2")))
CITIZEN_WAITS = (joined(7, "c.5", "emdx", caller="0509998877"),)
CITIZEN_IS_GONE = (*CITIZEN_WAITS, ChannelEnded(when(9), Party("c.5")))


@pytest.mark.parametrize(
    ("facts", "queue", "hold", "source", "takes"),
    [
        (AGENT_IS_GONE, "emdx", None, "ami", True),
        (AGENT_IS_GONE, "emdx", 1.0, "ami", True),
        (AGENT_IS_GONE, "dvx", None, "ami", False),
        ((*AGENT_IS_GONE, answered(when(10), "a.2", "a.9", queue="emdx")), "emdx", None, "ami", False),
        (AGENT_WAITS, "emdx", 5.0, "ami", True),
        (AGENT_WAITS, "emdx", 7.4, "ami", True),
        (AGENT_WAITS, "emdx", 7.5, "ami", False),
        (AGENT_WAITS, "emdx", 2.6, "ami", True),
        (AGENT_WAITS, "emdx", 2.5, "ami", False),
        (AGENT_WAITS, "emdx", None, "ami", False),
        (CITIZEN_WAITS, "emdx", 5.0, "ami", False),
        (CITIZEN_IS_GONE, "emdx", 5.0, "ami", False),
        (CITIZEN_WAITS, "emdx", 5.0, "queue_log", True),
        (CITIZEN_WAITS, "emdx", 9.0, "queue_log", False),
        (CITIZEN_WAITS, "emdx", None, "queue_log", False),
    ],
)
def test_who_is_answered_where_they_never_joined_stands_where_an_agent_s_leg_waited(
    facts: tuple[Fact, ...], queue: str, hold: float | None, source: str, takes: bool
) -> None:
    told = Told(*TALKED, *facts, source=source)
    told.hears(answered(when(12), "c.1", "a.3", agent="PJSIP/1301", queue=queue, hold=hold))
    (theirs,) = [visit for visit in told.visits if visit.uniqueid in ("a.2", "c.5")]
    assert (theirs.agent == "PJSIP/1301") == takes
    assert (theirs.caller == "0501112233") == takes


BOTH_WAIT = (
    *TALKED,
    joined(7, "c.5", "emdx", caller="0509998877"),
    joined(7, "a.2", "emdx", caller="1101", variables={"HOTLINE_ORIGIN": "internal"}),
)
"""A citizen and an agent's leg joined in one second, the citizen first."""


def test_of_two_who_joined_in_one_second_the_agent_s_leg_is_the_one_that_was_handed_over() -> None:
    told = Told(*BOTH_WAIT, source="queue_log")
    told.hears(answered(when(12), "c.1", "a.3", queue="emdx", hold=5.0))
    told.hears(GaveUp(when(13), Party("c.5"), "emdx", 6.0))
    assert {(v.uniqueid, v.place, v.outcome, v.caller) for v in told.visits if v.queue == "emdx"} == {
        ("a.2", "c.1", "answered", "0501112233"),
        ("c.5", "", "abandoned", "0509998877"),
    }
    assert not any(visit.uncertain for visit in told.visits)


def test_a_visit_is_of_whoever_took_the_place_whatever_the_first_channel_carried() -> None:
    leg = joined(7, "a.2", "emdx", variables={"HOTLINE_ORIGIN": "inbound"})
    ours = Party("cb-1", variables={"HOTLINE_ORIGIN": "callback"})
    assert [v.origin for v in Told(MEMBER, leg, TookPlace(when(9), ours, "a.2")).visits] == ["callback"]


@pytest.mark.parametrize("source", ["ami", "queue_log"])
def test_who_is_answered_again_soon_after_joining_stands_where_an_agent_s_leg_waited(source: str) -> None:
    """Into the queue they came from: by the seconds alone it could be their own stay."""
    leg = joined(2, "a.2", channel=f"{AGENT}-2", variables=AGENT_S_VARIABLES)
    told = Told(MEMBER, joined(1), answered(when(1.5)), leg, source=source)
    second = answered(when(4), "c.1", "a.3", agent="PJSIP/1102", hold=2.0)
    told.hears(second, second)
    assert [(visit.uniqueid, visit.place, visit.agent) for visit in told.visits] == [
        ("c.1", "", AGENT),
        ("a.2", "c.1", "PJSIP/1102"),
    ]


def test_who_still_speaks_was_not_the_one_whose_place_was_taken() -> None:
    """Where no number is known to be an agent's, the first who fits is taken; the others get what is left."""
    waiting = (joined(7, "c.5", "emdx", caller="0509998877"), joined(7, "a.2", "emdx", caller="1101"))
    told = Told(*TALKED, *waiting, source="queue_log")
    told.hears(answered(when(12), "c.1", "a.3", queue="emdx", hold=5.0))
    told.hears(GaveUp(when(13), Party("c.5"), "emdx", 6.0))
    assert {(v.place, v.outcome, v.caller) for v in told.visits if v.queue == "emdx"} == {
        ("c.1", "answered", "0501112233"),
        ("c.5", "abandoned", "0509998877"),
    }


def test_queue_log_knows_a_stay_s_caller_by_the_channel_that_ends_it() -> None:
    """A Local channel was optimised away: the call is the other channel's, and still the caller's."""
    told = Told(joined(1, "l.2", caller="0501112233"), answered(when(3), "l.2"), source="queue_log")
    told.hears(completed(when(9), "c.0", hold=2.0, talk=6.0))
    (visit,) = told.visits
    assert (visit.uniqueid, visit.place, visit.caller) == ("l.2", "c.0", "0501112233")
    assert (visit.call_linkedid, visit.origin, visit.talk_seconds) == ("c.0", "inbound", 6.0)


def test_a_visit_has_the_linkedid_of_the_channel_that_joined_and_else_its_call_s() -> None:
    told = Told(joined(1, linkedid="l.1"), joined(5, queue="emdx", linkedid="l.0"), joined(6, "c.2"))
    assert [(visit.linkedid, visit.call_linkedid) for visit in told.visits] == [
        ("l.1", "l.1"),
        ("l.0", "l.1"),
        ("c.2", "c.2"),
    ]


def test_who_was_handed_over_into_a_queue_has_a_visit_under_their_own_call() -> None:
    leg = joined(7, "a.2", "emdx", linkedid="a.2", channel=f"{AGENT}-2")
    told = Told(MEMBER, leg, TookPlace(when(9), Party("c.1", linkedid="c.1"), "a.2"))
    assert [(visit.uniqueid, visit.linkedid) for visit in told.visits] == [("a.2", "c.1")]


def test_queue_log_tells_no_call_of_a_leg_that_was_handed_over() -> None:
    fold = Told(source="queue_log").fold
    for fact in (*BOTH_WAIT, answered(when(12), "c.1", "a.3", queue="emdx", hold=5.0)):
        fold.apply(fact)
    assert [call.linkedid for call in fold.take().calls] == ["c.1", "c.5"]


def test_queue_log_gives_no_place_to_a_citizen_it_never_heard_of() -> None:
    told = Told(*CITIZEN_WAITS, source="queue_log")
    told.hears(answered(when(12), "c.1", "a.3", queue="emdx", hold=5.0))
    assert [(visit.uniqueid, visit.outcome) for visit in told.visits] == [
        ("c.1", "answered"),
        ("c.5", "waiting"),
    ]


def test_who_takes_the_place_of_a_leg_that_is_gone_is_there() -> None:
    hears = (Hears(when(0), "channels"), Hears(when(0), "variables"))
    told = Told(
        *hears, *TALKED, *AGENT_IS_GONE, GaveUp(when(12), Party("c.1"), "emdx", 5.0), Tick(when(12.1))
    )
    assert told.outcomes == ["answered", "waiting"]
    told.hears(ChannelEnded(when(20), Party("c.1")))
    assert told.outcomes == ["answered", "redirected"]


FOUND = FoundWaiting(when(10), Party("c.1"), "emdx", 5)


@pytest.mark.parametrize(
    ("second", "told_at", "queue"),
    [
        (joined(5, queue="emdx"), 6, "emdx"),
        (joined(5, queue="emdx"), 4.95, "emdx"),
        (joined(5, queue="emdx"), 4.9, "dvx"),
        (joined(5, queue="emdx"), 3, "dvx"),
        (FOUND, 3, "emdx"),
        (FOUND, 2, "dvx"),
        (joined(5, queue="emdx"), 0.5, "dvx"),
        (GaveUp(when(10), Party("c.1"), "emdx", 9.5), 12, "dvx"),
    ],
)
def test_a_word_is_about_the_stay_that_had_begun_last(second: Fact, told_at: float, queue: str) -> None:
    told = Told(joined(1), second, ResultKnown(when(told_at), "c.1", "", "TIMEOUT"))
    assert [visit.queue for visit in told.visits if visit.outcome == "timeout"] == [queue]


@pytest.mark.parametrize(
    ("uniqueid", "hold", "joined_at"), [("c.1", 5.0, [at(7)]), ("c.1", None, []), ("", 5.0, [])]
)
def test_a_stay_whose_join_was_missed_is_rebuilt_if_caller_and_wait_are_told(
    uniqueid: str, hold: float | None, joined_at: list[object]
) -> None:
    told = Told(GaveUp(when(12), Party(uniqueid), "dvx", hold))
    assert [visit.joined_at for visit in told.visits] == joined_at


def test_a_moment_computed_back_is_rough_and_lies_on_the_same_stretch_of_the_clock() -> None:
    told = When(at(12), at(12.5), 12.0, True, 3)
    assert before(told, 5) == When(at(7), at(12.5), 7.0, False, 3)


AGENT_S_VARIABLES = {"HOTLINE_ORIGIN": "internal"}
"""What an attended transfer leaves on a citizen's channel."""
HANDED_OVER = Party("c.1", caller="0501112233", channel="PJSIP/provider-1", variables=AGENT_S_VARIABLES)


@pytest.mark.parametrize(
    "heard",
    [
        (GaveUp(when(12), HANDED_OVER, "emdx", 5.0),),
        (*AGENT_WAITS, TookPlace(when(9), HANDED_OVER, "a.2"), GaveUp(when(12), HANDED_OVER, "emdx", 5.0)),
    ],
    ids=["nothing was heard before", "the agent's leg was"],
)
def test_a_citizen_who_was_handed_over_is_no_agent_by_the_agent_s_variables(heard: tuple[Fact, ...]) -> None:
    """Else nobody would call back who gave up there."""
    (visit,) = Told(MEMBER, *heard).visits
    assert (visit.origin, visit.caller, visit.outcome) == ("inbound", "0501112233", "abandoned")


def test_an_agent_s_own_call_stays_theirs_when_queue_log_ends_it_under_another_channel() -> None:
    told = Told(joined(1, "l.2", caller="1101", variables=AGENT_S_VARIABLES), source="queue_log")
    told.hears(answered(when(3), "l.2"), completed(when(9), "c.0", hold=2.0, talk=6.0))
    assert [(visit.place, visit.origin) for visit in told.visits] == [("c.0", "internal")]


def test_a_stay_that_ends_without_a_channel_s_name_stays_its_caller_s() -> None:
    for source in ("ami", "queue_log"):
        told = Told(KNOWN, answered(when(3)), completed(when(6)), source=source)
        assert [(visit.place, visit.call_linkedid) for visit in told.visits] == [("", "c.1")]
        assert [call.linkedid for call in told.calls] == ["c.1"]


def test_ami_ends_a_talk_under_a_channel_that_was_never_in_the_queue() -> None:
    """The agent's, after Asterisk swapped them: it is still the citizen's stay."""
    told = Told(KNOWN, answered(when(3), agent_leg="a.1"), completed(when(6), "a.9", "a.1"))
    assert [(visit.place, visit.call_linkedid, visit.talk_seconds) for visit in told.visits] == [
        ("", "c.1", 3.0)
    ]


def test_the_first_channel_s_word_is_about_the_stay_another_one_stands_in_if_no_place_is_vacant() -> None:
    told = Told(*AGENT_WAITS, TookPlace(when(9), HANDED_OVER, "a.2"))
    told.hears(GaveUp(when(12), Party("a.2"), "emdx", 5.0), Tick(when(20)))
    assert told.outcomes == ["abandoned"]


def test_the_call_of_a_leg_that_handed_its_place_over_ends_with_its_channel() -> None:
    told = Told(*AGENT_WAITS, TookPlace(when(9), HANDED_OVER, "a.2"), ChannelEnded(when(10), Party("a.2")))
    assert [(call.linkedid, call.ended_at) for call in told.calls] == [("a.2", at(10)), ("c.1", None)]


def test_who_is_handed_on_twice_is_one_stay_and_the_one_in_between_is_free_for_another() -> None:
    between = Party("c.2", caller="0502223344", channel="PJSIP/provider-2")
    told = Told(*AGENT_WAITS, TookPlace(when(8), between, "a.2"), TookPlace(when(9), HANDED_OVER, "c.2"))
    told.hears(GaveUp(when(12), HANDED_OVER, "emdx", 5.0), joined(20, "c.2", "emdx"))
    assert [(visit.uniqueid, visit.place, visit.outcome) for visit in told.visits] == [
        ("a.2", "c.1", "abandoned"),
        ("c.2", "", "waiting"),
    ]


@pytest.mark.parametrize("origin", ["internal", "inbound"])
@pytest.mark.parametrize("first", ["c.1", "c.2"])
def test_of_two_legs_each_citizen_stands_where_the_one_waited_that_joined_when_they_came(
    origin: str, first: str
) -> None:
    """queue_log does not say which leg was handed over to whom, but how long each citizen has waited."""
    legs = tuple(
        joined(second, leg, "emdx", variables={"HOTLINE_ORIGIN": origin})
        for second, leg in ((10, "a.2"), (11, "b.2"))
    )
    told = Told(joined(1), joined(2, "c.2"), *legs, source="queue_log")
    ends: dict[str, Fact] = {
        "c.1": answered(when(20), "c.1", "a.3", queue="emdx", hold=10.0),
        "c.2": GaveUp(when(20), Party("c.2"), "emdx", 9.0),
    }
    told.hears(ends.pop(first), *ends.values())
    assert [(visit.uniqueid, visit.place, visit.outcome) for visit in told.visits[2:]] == [
        ("a.2", "c.1", "answered"),
        ("b.2", "c.2", "abandoned"),
    ]


@pytest.mark.parametrize("end", [[], [completed(when(12.5), "c.1", queue="emdx", hold=5.0, talk=0.5)]])
def test_a_citizen_who_speaks_although_somebody_was_taken_to_stand_in_their_place_is_owed_a_call(
    end: list[Fact],
) -> None:
    told = Told(*TALKED, *CITIZEN_WAITS, source="queue_log")
    told.hears(answered(when(12), "c.1", "a.3", queue="emdx", hold=5.0), *end)
    assert [visit.uncertain for visit in told.visits] == [False, True]
    told.hears(GaveUp(when(13), Party("c.5"), "emdx", 6.0))
    (visit,) = [visit for visit in told.visits if visit.queue == "emdx"]
    assert (visit.place, visit.outcome, visit.caller) == ("", "abandoned", "0509998877")
    assert (visit.agent, visit.talk_seconds, visit.uncertain) == ("", None, True)


@pytest.mark.parametrize(("source", "outcome"), [("queue_log", "interrupted"), ("ami", "answered")])
def test_a_transfer_told_under_a_channel_that_waits_answers_nobody_in_queue_log(
    source: str, outcome: str
) -> None:
    """Theirs, or the first talk of whoever an agent hands over; AMI tells whose it is."""
    told = Told(joined(7), source=source)
    told.hears(completed(when(12), "c.1", hold=1.0, talk=4.0)._replace(reason="transfer"))
    told.hears(LongAgo(when(50)))
    assert [(visit.outcome, visit.uncertain) for visit in told.visits] == [
        (outcome, source == "queue_log"),
    ]


@pytest.mark.parametrize(
    ("channel", "hold", "talk", "outcome"),
    [
        ("PJSIP/desk-1-2", 1.0, 4.0, "interrupted"),
        ("PJSIP/provider-2", 1.0, 4.0, "answered"),
        ("PJSIP/provider-2", 1.5, 6.0, "answered"),
        ("PJSIP/provider-2", 2.0, 6.0, "interrupted"),
    ],
    ids=["of that agent", "of a citizen", "who joined about then", "who joined later"],
)
def test_ami_ends_the_talk_of_another_under_an_agent_s_leg_or_one_that_joined_after_that_talk_s_caller(
    channel: str, hold: float, talk: float, outcome: str
) -> None:
    told = Told(joined(7, channel=channel))
    end = completed(when(12), "c.1", agent="PJSIP/desk-1", hold=hold, talk=talk)
    told.hears(end._replace(reason="transfer"))
    told.hears(LongAgo(when(50)))
    assert told.outcomes == [outcome]


@pytest.mark.parametrize(
    ("uniqueid", "outcomes"),
    [("1772438407.7", []), ("1772438406.7", ["answered"]), ("1772438400.7", ["answered"])],
)
def test_a_transfer_of_a_channel_that_began_after_the_talk_was_told_under_a_leg(
    uniqueid: str, outcomes: list[str]
) -> None:
    """All that was read of it. The talk's caller joined in the 5th second."""
    told = Told(source="queue_log")
    told.hears(completed(when(12), uniqueid, hold=1.0, talk=6.0)._replace(reason="transfer"))
    assert told.outcomes == outcomes


@pytest.mark.parametrize(
    ("hold", "outcomes"), [(10.0, ["answered", "abandoned"]), (16.5, ["answered"]), (18.0, ["answered"])]
)
def test_who_gives_up_after_their_talk_had_come_back_though_nobody_told_how(
    hold: float, outcomes: list[str]
) -> None:
    told = Told(*TALKED, GaveUp(roughly(20), Party("c.1"), "dvx", hold), source="queue_log")
    assert told.outcomes == outcomes


HANDOVER = TookPlace(roughly(9), Party("c.1"), "a.2", Party("b.1"), "a.1")
"""The agent on the legs a.1 and a.2 joins their citizen with the colleague they asked."""


def consulted(queue: str) -> tuple[Fact, ...]:
    """All of it read in one breath, without timestamps; the colleague was asked by way of `queue`."""
    first = (Joined(roughly(9), Party("c.1"), "dvx"), answered(roughly(9), "c.1", "a.1"))
    aside = Joined(roughly(9), Party("a.2", variables=AGENT_S_VARIABLES), queue)
    return (*first, aside, answered(roughly(9), "a.2", "b.1", queue=queue), HANDOVER)


@pytest.mark.parametrize(("queue", "joined_at"), [("dvx", at(9.001)), ("emdx", at(9))])
def test_a_talk_after_a_consultation_is_told_apart_from_the_first_one_in_the_same_queue(
    queue: str, joined_at: object
) -> None:
    visits = [visit for visit in Told(*consulted(queue)).visits if visit.uniqueid == "c.1"]
    assert [(visit.queue, visit.joined_at) for visit in visits] == [("dvx", at(9)), (queue, joined_at)]


def test_who_stands_where_an_agent_s_leg_waited_and_is_handed_over_again_is_of_their_own_call() -> None:
    told = Told(
        joined(1, linkedid="l.1"), MEMBER, *AGENT_WAITS, TookPlace(when(8), Party("c.9", "l.1"), "a.2")
    )
    told.hears(answered(when(10), "c.9", "a.3", queue="emdx", agent="PJSIP/1301"))
    told.hears(joined(12, "a.4", variables=AGENT_S_VARIABLES), answered(when(13), "a.4", "b.1"))
    told.hears(TookPlace(when(15), Party("c.9"), "a.4", Party("b.1"), "a.3"))
    visit = told.visits[-1]
    assert (visit.uniqueid, visit.queue, visit.call_linkedid) == ("c.9", "dvx", "l.1")


@pytest.mark.parametrize(
    ("asked", "live", "ended_by"),
    [(12, {"c.1"}, ""), (12, set(), "restart"), (9, set(), "")],
    ids=["alive", "gone", "handed over as we asked"],
)
def test_a_talk_after_a_consultation_is_over_if_asterisk_has_it_no_more(
    asked: float, live: set[str], ended_by: str
) -> None:
    told = Told(*consulted("emdx"))
    told.hears(LiveCalls(when(asked), frozenset(live), frozenset({"b.1"})))
    assert [visit.ended_by for visit in told.visits if visit.queue == "emdx"][-1:] == [ended_by]


def test_who_is_handed_over_by_a_leg_that_queue_log_names_stands_there_at_once() -> None:
    """So that a citizen whose wait a restart of Asterisk cuts off is owed a call."""
    told = Told(joined(1, caller="0501112233"), answered(when(3)), source="queue_log")
    told.hears(joined(7, "a.2", "emdx", caller="1101", variables=AGENT_S_VARIABLES))
    told.hears(completed(when(9), "a.2", hold=2.0, talk=6.0)._replace(reason="transfer"))
    told.hears(LongAgo(when(50)))
    assert [(v.queue, v.outcome, v.caller, v.origin) for v in told.visits] == [
        ("dvx", "answered", "0501112233", "inbound"),
        ("emdx", "interrupted", "0501112233", "inbound"),
    ]
