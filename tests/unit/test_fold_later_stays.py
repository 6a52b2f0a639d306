"""Words about one stay of several: of the same channel, in the same queue, with the same agent."""

from __future__ import annotations

import pytest

from ivr.visits.facts import FoundWaiting, GaveUp, Left
from ivr.visits.steady import When
from tests.unit.facts_told import Told, answered, completed, joined, party, roughly, when


@pytest.mark.parametrize(
    ("moment", "stays"),
    [(when(6.75), 2), (when(6.5), 1), (roughly(6.75), 1)],
    ids=["later", "nearly", "inexact"],
)
def test_who_gave_up_after_a_shorter_wait_has_joined_again(moment: When, stays: int) -> None:
    """Asterisk says 3 s; who joined at 1 would have waited longer."""
    assert len(Told(joined(1), GaveUp(moment, party("c.1"), "dvx", 3.0)).visits) == stays


def test_a_join_known_roughly_is_told_apart_from_no_later_one() -> None:
    told = Told(FoundWaiting(when(2), party("c.1"), "dvx", 1.0), GaveUp(when(20), party("c.1"), "dvx", 3.0))
    assert len(told.visits) == 1


def test_a_word_about_one_queue_is_about_the_stay_in_that_queue() -> None:
    told = Told(joined(1), joined(5, queue="emdx"), GaveUp(when(6), party("c.1"), "dvx", None))
    assert [(visit.queue, visit.left_at is None) for visit in told.visits] == [("dvx", False), ("emdx", True)]


def test_who_left_has_joined_again_however_near_the_join_that_was_computed_back() -> None:
    told = Told(FoundWaiting(when(10), party("c.1"), "dvx", 1.0), Left(when(10.2), party("c.1"), "dvx"))
    told.hears(joined(10.5))
    assert [visit.outcome for visit in told.visits] == ["key", "waiting"]


def test_who_is_found_waiting_in_one_queue_waits_there_though_they_joined_another_since() -> None:
    told = Told(joined(1), FoundWaiting(when(10), party("c.1"), "emdx", 9.0))
    assert {visit.queue for visit in told.visits} == {"dvx", "emdx"}


def test_who_talked_and_was_handed_over_into_the_queue_again_is_answered_there() -> None:
    """queue_log: the agent's leg x.9 waits, and what it is told of is the citizen's channel."""
    told = Told(
        joined(1), answered(when(3)), completed(when(10), "c.1"), joined(8, "x.9"), source="queue_log"
    )
    told.hears(answered(roughly(12), "c.1", "a.2", hold=4.0))
    assert [(visit.uniqueid, visit.answered_at is None) for visit in told.visits] == [
        ("c.1", False),
        ("x.9", False),
    ]


def test_an_end_that_names_its_caller_ends_the_talk_though_its_seconds_do_not_fit() -> None:
    (visit,) = Told(joined(1), answered(when(3)), completed(when(20), "c.1", talk=5.0)).visits
    assert visit.talk_seconds == 17.0


def test_in_queue_log_an_end_that_names_another_caller_of_that_agent_ends_no_other_talk() -> None:
    told = Told(joined(1), answered(when(3)), joined(4, "c.2"), source="queue_log")
    told.hears(completed(when(20), "c.2", hold=0.0, talk=17.0))
    assert [(visit.uniqueid, visit.talk_seconds) for visit in told.visits] == [("c.1", None), ("c.2", 17.0)]
