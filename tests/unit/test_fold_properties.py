"""Whatever becomes of a stream on its way, the fold never raises and never makes two visits of one stay."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.asterisk.connection import Connected, Lost
from ivr.asterisk.messages import AmiEvent
from ivr.visits.fold import Fold
from ivr.visits.from_ami import AMI, AmiReader
from ivr.visits.records import Visit
from tests.recordings.listening import HEARD_FROM, Manner, heard
from tests.recordings.truth import CASES, EXCHANGED, NAMES

Told = AmiEvent | Connected | Lost


@cache
def stream(case: str) -> tuple[Told, ...]:
    return tuple(heard(CASES / case, Manner()))


@cache
def joins(case: str) -> frozenset[tuple[str, str]]:
    """Channel and queue of every stay of the case, with its beginning; after a consultation no queue."""
    return frozenset(
        (told["Uniqueid"], f"{told['Queue']} {told.timestamp}")
        for told in stream(case)
        if isinstance(told, AmiEvent) and (told.name == "QueueCallerJoin" or told["TransferTargetUniqueid"])
    )


def fold(stream: list[Told]) -> list[Visit]:
    reader, folding = AmiReader(), Fold("main", AMI)
    visits: dict[object, Visit] = {}
    for told in stream:
        for fact in reader.facts(told):
            folding.apply(fact)
        visits |= {(v.uniqueid, v.queue, v.received_at): v for v in folding.take().visits}
    return list(visits.values())


cases = st.sampled_from(NAMES)
of_one_channel = st.sampled_from([name for name in NAMES if name not in EXCHANGED])
"""Where one channel begins a stay and another ends it, only the words between tell that it is one."""


@given(case=cases, data=st.data())
@settings(max_examples=60)
def test_any_prefix_tells_each_stay_at_most_once(case: str, data: st.DataObject) -> None:
    whole = stream(case)
    prefix = list(whole[: data.draw(st.integers(0, len(whole)))])
    assert len(fold(prefix)) <= len(joins(case))


@given(case=cases, data=st.data())
@settings(max_examples=60)
def test_any_repetition_of_events_tells_the_same_visits(case: str, data: st.DataObject) -> None:
    whole = stream(case)
    again = data.draw(st.sets(st.integers(0, len(whole) - 1), max_size=40))
    repeated = [told for place, told in enumerate(whole) for _ in range(2 if place in again else 1)]
    assert fold(repeated) == fold(list(whole))


@given(case=cases, data=st.data())
@settings(max_examples=60)
def test_any_part_told_again_later_makes_no_new_visit(case: str, data: st.DataObject) -> None:
    whole = stream(case)
    begin, end = sorted(data.draw(st.tuples(*[st.integers(0, len(whole))] * 2)))
    later = [told for told in whole[begin:end] if isinstance(told, AmiEvent) and told.name != "FullyBooted"]
    assert len(fold([*whole, *later])) == len(fold(list(whole)))


@given(case=of_one_channel, data=st.data())
@settings(max_examples=60)
def test_any_order_of_the_queue_s_events_raises_nothing_and_tells_no_stay_twice(
    case: str, data: st.DataObject
) -> None:
    words = [
        told for told in stream(case) if isinstance(told, AmiEvent) and told["Queue"] and told["Uniqueid"]
    ]
    shuffled = data.draw(st.permutations(words))
    at_once = [replace(told, received_at=HEARD_FROM) for told in shuffled]
    assert len(fold(list(at_once))) <= len(joins(case))


@given(case=of_one_channel, data=st.data())
@settings(max_examples=60)
def test_any_events_missing_raises_nothing_and_tells_no_stay_twice(case: str, data: st.DataObject) -> None:
    whole = stream(case)
    missing = data.draw(st.sets(st.integers(0, len(whole) - 1), max_size=40))
    rest = [told for place, told in enumerate(whole) if place not in missing]
    assert len(fold(rest)) <= len(joins(case))


@given(first=cases, second=cases, data=st.data())
@settings(max_examples=30)
def test_two_servers_streams_run_into_one_raise_nothing(first: str, second: str, data: st.DataObject) -> None:
    mixed = [*stream(first)[:200], *stream(second)[:200]]
    fold(data.draw(st.permutations(mixed)))
