"""The calls behind the visits: which word is about which call, and when it is over."""

from __future__ import annotations

from ivr.asterisk import words
from ivr.menus.steps import last_node
from ivr.visits.calls import Calls
from ivr.visits.facts import ChannelEnded, GaveUp, HangupAsked, Hears, Left, LiveCalls, Party, Surveyed
from ivr.visits.records import Survey
from tests.unit.ami_lines import at
from tests.unit.facts_told import Told, answered, joined, when

STEPS = "/0:welcome/1:ministry:s/1:aparat"


def test_a_channel_belongs_to_the_call_its_linkedid_names() -> None:
    told = Told(joined(1, linkedid="l.1"), joined(2, "x.2", "emdx", linkedid="l.1"), joined(3, "c.3"))
    assert [call.uniqueid for call in told.calls] == ["c.1", "c.3"]


def test_calls_are_told_in_the_order_in_which_they_were_heard_of() -> None:
    fold = Told().fold
    for fact in (joined(1), joined(2, "c.2"), joined(3, "c.3")):
        fold.apply(fact)
    assert [call.linkedid for call in fold.take().calls] == ["c.1", "c.2", "c.3"]


def test_of_a_call_first_heard_of_in_a_queue_nothing_else_is_known() -> None:
    for source in ("ami", "queue_log"):
        (call,) = Told(joined(1), source=source).calls
        assert (call.delivered, call.trunk, call.source) == ("", "", source)


def test_the_last_sign_of_a_call_is_the_latest_word_about_it() -> None:
    told = Told(joined(5), answered(when(8)))
    assert [call.last_seen_at for call in told.calls] == [at(8)]
    told.hears(ChannelEnded(when(7), Party("c.1")))
    assert [call.last_seen_at for call in told.calls] == [at(8)]


def test_a_call_thought_gone_that_is_heard_of_ends_once_and_for_all_with_its_channel() -> None:
    told = Told(joined(1), LiveCalls(when(5), frozenset()), answered(when(6)))
    assert [call.ended_at for call in told.calls] == [None]
    told.hears(ChannelEnded(when(10), Party("c.1")), Left(when(11), Party("c.1"), "dvx"))
    assert [(call.ended_at, call.ended_by) for call in told.calls] == [(at(10), "hotline")]


def test_where_no_hangup_is_told_a_call_ends_with_its_visit() -> None:
    gave_up = GaveUp(when(5), Party("c.1"), "dvx", None)
    assert [call.ended_at for call in Told(joined(1), gave_up).calls] == [at(5)]
    told = Told(Hears(when(0), "channels"), joined(1), HangupAsked(when(5), "c.1"), gave_up)
    assert (told.outcomes, [call.ended_at for call in told.calls]) == (["abandoned"], [None])


def test_where_no_hangup_is_told_a_call_ends_with_its_last_visit() -> None:
    told = Told(joined(1), GaveUp(when(5), Party("c.1"), "dvx", None), source="queue_log")
    told.hears(joined(6, queue="emdx"), GaveUp(when(9), Party("c.1"), "emdx", None))
    assert [call.ended_at for call in told.calls] == [at(9)]


def test_of_two_ends_told_at_once_a_call_has_the_later_one() -> None:
    fold = Told(source="queue_log").fold
    for fact in (joined(1), GaveUp(when(5), Party("c.1"), "dvx", None), joined(6, queue="emdx")):
        fold.apply(fact)
    fold.apply(GaveUp(when(9), Party("c.1"), "emdx", None))
    assert [call.ended_at for call in fold.take().calls] == [at(9)]


def test_a_stay_is_open_until_its_outcome_is_settled() -> None:
    told = Told(joined(1))
    assert told.fold.oldest_open == 1
    assert told.hears(GaveUp(when(5), Party("c.1"), "dvx", None)).fold.oldest_open is None


def test_the_steps_of_a_call_and_where_it_left_the_menu_are_told_at_its_end() -> None:
    def ended(**variables: str) -> list[tuple[str, str]]:
        told = Told(joined(1), ChannelEnded(when(9), Party("c.1", variables=variables)))
        return [(call.steps, call.left_menu) for call in told.calls]

    assert ended() == [("", "")]
    ((steps, left_menu),) = ended(**{words.VAR_STEPS: STEPS})
    assert (steps, left_menu) == (STEPS, last_node(STEPS))
    assert left_menu


def test_a_caller_who_hung_up_in_a_call_thought_gone_has_ended_it() -> None:
    told = Told(Hears(when(0), "channels"), joined(1), HangupAsked(when(3), "c.1"))
    told.hears(LiveCalls(when(5), frozenset()), ChannelEnded(when(10), Party("c.1")))
    assert [call.ended_by for call in told.calls] == ["caller"]


def test_a_rating_is_told_with_the_talk_it_is_of() -> None:
    fold = Told().fold
    fold.apply(Surveyed(when(3), "c.1", "dvx", "PJSIP/1101", None))
    fold.apply(Surveyed(when(5), "c.1", "dvx", "PJSIP/1101", 4))
    assert fold.take().surveys == (
        Survey("main", "c.1", "dvx", "PJSIP/1101", at(3), None),
        Survey("main", "c.1", "dvx", "PJSIP/1101", at(5), 4),
    )


def test_an_end_that_was_heard_is_never_moved_by_one_that_is_concluded() -> None:
    calls = Calls("main", "ami")
    number = calls.begin(Party("c.1"), "inbound", when(1))
    calls.end(number, Party("c.1"), when(5))
    calls.presume_ended(number, at(9))
    assert calls[number].call.ended_at == at(5)


def test_of_two_ends_that_are_concluded_a_call_has_the_later_one_whichever_is_told_first() -> None:
    for first, second in ((5, 9), (9, 5)):
        calls = Calls("main", "queue_log")
        number = calls.begin(Party("c.1"), "inbound", when(1))
        calls.presume_ended(number, at(first))
        calls.presume_ended(number, at(second))
        assert calls[number].call.ended_at == at(9)
