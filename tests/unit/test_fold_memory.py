"""What the fold keeps of what is over, and what it takes over from the store."""

from __future__ import annotations

import pytest

from ivr.visits.facts import Booted, ChannelEnded, Fact, GaveUp, HangupAsked, LiveCalls, Party, Tick
from ivr.visits.fold import Fold
from ivr.visits.from_ami import AMI
from ivr.visits.records import Call
from ivr.visits.state import Stay
from tests.unit.ami_lines import at
from tests.unit.facts_told import Told, answered, completed, joined, when

OVER: tuple[Fact, ...] = (
    joined(1),
    HangupAsked(when(100), "c.1"),
    GaveUp(when(100), Party("c.1"), "dvx", 99.0),
    ChannelEnded(when(100), Party("c.1")),
)


def kept(fold: Fold) -> tuple[list[str], list[str]]:
    """The visits and calls a fold would tell all over again."""
    fold.retell()
    changes = fold.take()
    return [visit.uniqueid for visit in changes.visits], [call.linkedid for call in changes.calls]


@pytest.mark.parametrize(
    ("ticks", "is_kept"),
    [((101,), True), ((220,), True), ((220.5,), False), ((150, 269), True), ((150, 270), False)],
)
def test_what_is_over_is_kept_two_minutes_and_looked_for_as_often(
    ticks: tuple[float, ...], is_kept: bool
) -> None:
    told = Told(*OVER)
    for second in ticks:
        told.hears(Tick(when(second)))
    assert kept(told.fold) == ((["c.1"], ["c.1"]) if is_kept else ([], []))


def test_what_nobody_has_taken_yet_is_not_forgotten() -> None:
    fold = Fold("main", AMI)
    for fact in (*OVER, Tick(when(500))):
        fold.apply(fact)
    assert [visit.outcome for visit in fold.take().visits] == ["abandoned"]
    assert kept(fold) == (["c.1"], ["c.1"])


def test_a_stay_that_is_over_is_kept_as_long_as_its_call_lives() -> None:
    told = Told(*OVER[:3], Tick(when(102)), Tick(when(500)))
    assert told.outcomes == ["abandoned"]
    assert kept(told.fold) == (["c.1"], ["c.1"])


def test_a_stay_nobody_knows_the_end_of_is_kept_although_its_call_is_gone() -> None:
    told = Told(joined(1), LiveCalls(when(5), frozenset()), Tick(when(300)), answered(when(301)))
    assert [(visit.joined_at, visit.wait_seconds) for visit in told.visits] == [(at(1), 300.0)]


def test_what_is_settled_can_be_forgotten_at_once_but_not_a_stay_whose_end_is_not_known() -> None:
    told = Told(*OVER, joined(50, "c.2"), LiveCalls(when(101), frozenset()), Tick(when(101)))
    told.fold.forget_settled()
    assert kept(told.fold) == (["c.2"], ["c.2"])
    assert (told.fold.oldest_open, told.fold.next_stay) == (2, 3)


def test_forgetting_a_talk_does_not_forget_the_agent_s_next_one() -> None:
    told = Told(joined(1), answered(when(3)), completed(when(4), "c.1"), ChannelEnded(when(4), Party("c.1")))
    told.hears(joined(5, "c.2"), answered(when(6), "c.2", "a.2"), Tick(when(300)), completed(when(310)))
    assert [visit.ended_at for visit in told.visits] == [at(4), at(310)]
    assert kept(told.fold) == (["c.2"], ["c.2"])


CALL = Call("main", "l.1", "c.1", "inbound", at(1), at(1.5), at(30), caller="0501112233")
STAY = Stay(Party("c.1", "l.1", caller="0501112233"), "dvx", when(2), "c.1", 0)


def test_what_the_store_holds_open_goes_on_and_is_not_told_again_before_something_changes() -> None:
    fold = Fold("main", AMI)
    other = CALL._replace(linkedid="l.2", uniqueid="c.2", began_at=at(5), received_at=at(5))
    fold.resume((other, CALL), ((STAY, CALL),))
    fold.apply(Tick(when(40)))
    changes = fold.take()
    assert (changes.visits, changes.calls) == ((), ())
    fold.apply(answered(when(42)))
    (visit,) = fold.take().visits
    assert (visit.call_linkedid, visit.wait_seconds, visit.outcome) == ("l.1", 40.0, "answered")


@pytest.mark.parametrize(("live", "ends"), [({"l.1"}, []), (set(), ["restart"])], ids=["alive", "gone"])
def test_a_talk_after_a_consultation_that_the_store_knows_goes_on_while_asterisk_has_its_call(
    live: set[str], ends: list[str]
) -> None:
    """By which channel the agent talks is not stored."""
    fold = Fold("main", AMI)
    talk = STAY._replace(answered=answered(when(2), agent_leg=""), is_handed_over=True)
    fold.resume((CALL,), ((talk, CALL),))
    fold.apply(LiveCalls(when(50), frozenset(live), frozenset({"c.1"})))
    assert [visit.ended_by for visit in fold.take().visits] == ends


@pytest.mark.parametrize(("waited", "uniqueid"), [(40.0, "c.1"), (37.0, "l.1")])
def test_a_caller_of_the_same_call_who_has_waited_as_long_stands_where_the_store_knows_somebody(
    waited: float, uniqueid: str
) -> None:
    """Which channel took an agent's place in the queue by an attended transfer is not stored."""
    fold = Fold("main", AMI)
    fold.resume((CALL,), ((STAY, CALL),))
    fold.apply(answered(when(42), hold=waited)._replace(party=Party("l.1", "l.1")))
    assert [visit.uniqueid for visit in fold.take().visits] == [uniqueid]


@pytest.mark.parametrize(
    ("fact", "ended_at"),
    [
        (ChannelEnded(when(50), Party("c.1")), at(50)),
        (LiveCalls(when(2), frozenset()), at(30)),
        (LiveCalls(when(1.5), frozenset()), None),
        (Booted(when(60), 57.0, restarted=False), at(30)),
        (Booted(when(60), 58.0, restarted=False), None),
    ],
)
def test_a_call_of_the_store_was_last_heard_of_as_the_store_says(fact: Fact, ended_at: object) -> None:
    """Its last sign of life on Asterisk's clock; by ours only when it began is known."""
    fold = Fold("main", AMI)
    fold.resume((CALL,), ())
    fold.apply(fact)
    assert [call.ended_at for call in fold.take().calls] == ([ended_at] if ended_at else [])


def test_a_call_of_the_store_that_is_over_is_forgotten_two_minutes_after_its_last_sign() -> None:
    began = CALL.last_seen_at.timestamp()
    for later, is_kept in ((120.0, True), (120.5, False)):
        fold = Fold("main", AMI)
        fold.resume((CALL._replace(ended_at=at(30)),), ())
        fold.apply(Tick(when(30)._replace(steady=began + later)))
        assert kept(fold) == ([], ["l.1"] if is_kept else [])
