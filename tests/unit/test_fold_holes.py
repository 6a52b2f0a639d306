"""What a lost connection or a restart of Asterisk does to what was open."""

from __future__ import annotations

import pytest

from ivr.visits.facts import Booted, ConnectionLost, Fact, Left, LiveCalls, LongAgo, Started, Tick
from tests.unit.ami_lines import at
from tests.unit.facts_told import Told, answered, joined, party, when


def test_a_restart_interrupts_what_waits_and_what_talks_at_the_last_sign_of_life() -> None:
    told = Told(joined(1), joined(2, "c.2"), answered(when(3), "c.2"), ConnectionLost(when(20)))
    told.hears(Booted(when(20.5), 30.0, restarted=True), Booted(when(40), 1.0, restarted=True))
    assert [(v.outcome, v.ended_by, v.ended_at) for v in told.visits] == [
        ("interrupted", "restart", at(20)),
        ("answered", "restart", at(20)),
    ]
    assert [(call.ended_by, call.ended_at, call.is_interrupted) for call in told.calls] == [
        ("restart", at(20), True)
    ] * 2


def test_a_stay_whose_call_was_gone_in_an_earlier_hole_is_interrupted_at_its_own_last_sign() -> None:
    told = Told(joined(1), LiveCalls(when(5), frozenset()), ConnectionLost(when(20)))
    told.hears(Booted(when(40), 1.0, restarted=True))
    assert [(visit.outcome, visit.ended_at) for visit in told.visits] == [("interrupted", at(1))]


def test_a_restart_leaves_alone_who_had_left_the_queue() -> None:
    left = (joined(1), Left(when(20), party("c.1"), "dvx"), Booted(when(20.3), 0.0, restarted=True))
    assert Told(*left, Tick(when(20.5))).outcomes == ["waiting"]


@pytest.mark.parametrize(
    ("uptime", "is_interrupted"), [(9.0, False), (8.5, True), (10.5, False), (9.5, False), (8.0, True)]
)
def test_silence_that_is_longer_than_asterisk_is_up_tells_of_a_restart(
    uptime: float, is_interrupted: bool
) -> None:
    """Ten seconds of silence, and the uptime comes in whole seconds."""
    told = Told(joined(10), Booted(when(20), uptime, restarted=False))
    assert told.outcomes == ["interrupted" if is_interrupted else "waiting"]
    assert [call.is_interrupted for call in told.calls] == [is_interrupted]


RUN = (Started(when(0), "first"), joined(1), ConnectionLost(when(5)))


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ([*RUN, Started(when(9), "second")], "interrupted"),
        ([*RUN, Started(when(9), "first")], "waiting"),
        ([*RUN[1:], Started(when(9), "second")], "waiting"),
        ([*RUN[:2], Started(when(9), "second")], "waiting"),
        ([*RUN, Started(when(1), "second")], "waiting"),
    ],
    ids=["another run", "the same run", "not known before", "never lost", "joined as it connected"],
)
def test_another_run_of_asterisk_than_before_the_hole_interrupts_what_was_open(
    facts: list[Fact], outcome: str
) -> None:
    told = Told(*facts)
    assert told.outcomes == [outcome]
    is_interrupted = outcome == "interrupted"
    assert [(call.is_interrupted, call.ended_at) for call in told.calls] == [
        (is_interrupted, at(5) if is_interrupted else None)
    ]


def test_the_id_of_an_interrupted_call_may_be_another_s_from_then_on() -> None:
    told = Told(joined(1, linkedid="l.1"), ConnectionLost(when(5)), Booted(when(9), 1.0, restarted=True))
    told.hears(joined(20, linkedid="l.2"))
    assert [(call.linkedid, call.is_interrupted) for call in told.calls] == [("l.1", True), ("l.2", False)]


def test_of_what_is_open_from_long_ago_the_last_word_was_lost() -> None:
    told = Told(joined(1), joined(2, "c.2"), answered(when(4), "c.2"), joined(9, "c.3"), LongAgo(when(9)))
    assert [(v.outcome, v.ended_by, v.ended_at) for v in told.visits] == [
        ("interrupted", "restart", at(1)),
        ("answered", "restart", at(4)),
        ("waiting", "", None),
    ]


@pytest.mark.parametrize(
    ("asked", "live", "is_open"),
    [(5, set(), False), (5, {"c.1"}, True), (1, set(), True), (0.5, set(), True)],
    ids=["gone", "alive", "heard of as we asked", "heard of since"],
)
def test_a_call_asterisk_has_no_more_is_over_unless_it_was_heard_of_since_we_asked(
    asked: float, live: set[str], is_open: bool
) -> None:
    (call,) = Told(joined(1), LiveCalls(when(asked), frozenset(live))).calls
    assert call.ended_at == (None if is_open else at(1))
