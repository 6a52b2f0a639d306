"""A stay whose caller's channel was exchanged: known by either channel, told by whoever knows of it."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from ivr.visits.identity import same_stay
from ivr.visits.merge import tells_who, visit_merged
from ivr.visits.records import Visit
from tests.unit.ami_lines import at
from tests.unit.test_merge_rules import HEARD, READ, answered, left, merged, over, stored

READ_WHOLE = over(answered(READ._replace(uniqueid="a.2", place="c.1", linkedid="c.1")))
"""queue_log: the agent's leg a.2 joined, the citizen c.1 stood there in the end."""
HEARD_END = over(answered(HEARD._replace(is_rebuilt=True, precision="s", joined_at=at(7.75))))
"""AMI: c.1 was answered, having waited so long."""
HEARD_JOIN = HEARD._replace(uniqueid="a.2", linkedid="a.2", origin="internal", caller="1101")
"""AMI: an agent waits there."""


def test_who_missed_the_join_tells_the_stay_under_the_channel_it_ended_with() -> None:
    assert same_stay(READ_WHOLE, [row := stored(HEARD_END)]) == [row]
    assert same_stay(HEARD_END, [row := stored(READ_WHOLE)]) == [row]
    swapped = over(answered(HEARD_JOIN._replace(place="c.1"))), READ._replace(is_rebuilt=True)
    assert same_stay(swapped[0], [row := stored(swapped[1])]) == [row]
    assert same_stay(swapped[1], [row := stored(swapped[0])]) == [row]


@pytest.mark.parametrize(
    ("told", "row"),
    [
        (READ_WHOLE, HEARD),
        (READ_WHOLE, READ),
        (READ_WHOLE, HEARD_END._replace(joined_at=at(3))),
        (READ_WHOLE, HEARD_END._replace(uniqueid="c.5")),
        (READ_WHOLE._replace(place=""), HEARD_END),
        (HEARD, READ_WHOLE),
        (HEARD_END._replace(joined_at=at(3)), READ_WHOLE),
        (HEARD_END._replace(uniqueid="c.5"), READ_WHOLE),
    ],
    ids=["joined itself", "named", "long ago", "another's", "not exchanged", "joins", "before", "another"],
)
def test_nobody_else_s_stay_nor_another_one_of_that_channel_is_taken_for_it(told: Visit, row: Visit) -> None:
    assert same_stay(told, [stored(row)]) == []


def test_a_stay_of_one_s_own_channel_is_nearer_than_any_other() -> None:
    own, theirs = stored(READ._replace(joined_at=at(6))), stored(READ_WHOLE)
    assert same_stay(HEARD_END, [theirs, own])[0] is own


def test_a_record_is_never_a_part_of_itself() -> None:
    own = stored(HEARD._replace(place=HEARD.uniqueid))
    assert same_stay(HEARD_END, [own]) == [own]


def told_of(row: Visit) -> tuple[Any, ...]:
    names = ("uniqueid", "place", "origin", "caller", "outcome", "agent", "ended_by", "source")
    return tuple(getattr(row, name) for name in names)


@pytest.mark.parametrize(
    "order",
    [each for each in permutations((READ_WHOLE, HEARD_END, HEARD_JOIN)) if each[2] is not READ_WHOLE],
)
def test_both_channels_and_the_citizen_are_known_whoever_is_heard_first(order: tuple[Visit, ...]) -> None:
    """Where it is not known before the third telling, there are two rows, which the store joins."""
    row = merged(*order)
    assert told_of(row) == ("a.2", "c.1", "inbound", "0501112233", "answered", "PJSIP/1101", "caller", "both")


@pytest.mark.parametrize(
    ("told", "row", "is_told"),
    [
        (READ_WHOLE, HEARD_JOIN, True),
        (HEARD_JOIN, READ_WHOLE, False),
        (HEARD_END, READ_WHOLE, True),
        (READ_WHOLE, HEARD_END, False),
        (HEARD_JOIN, HEARD_JOIN._replace(place="c.1", origin="inbound"), False),
        (READ_WHOLE._replace(place=""), READ_WHOLE, False),
        (READ_WHOLE, READ_WHOLE._replace(place=""), True),
        (HEARD, READ, True),
        (READ, HEARD, False),
        (READ, READ, True),
        (READ._replace(is_rebuilt=True), READ, False),
        (HEARD._replace(is_rebuilt=True), HEARD, False),
        (HEARD._replace(is_rebuilt=True), READ, True),
        (READ_WHOLE._replace(place="", is_rebuilt=True), READ_WHOLE, True),
    ],
)
def test_who_waited_is_told_by_who_knows_of_the_exchange_if_the_other_thinks_it_was_an_agent(
    told: Visit, row: Visit, is_told: bool
) -> None:
    assert tells_who(told, stored(row)) == is_told


def test_a_join_computed_back_does_not_replace_one_that_was_heard() -> None:
    row = merged(HEARD_JOIN, READ_WHOLE, HEARD_END)
    assert (row.joined_at, row.received_at) == (HEARD_JOIN.joined_at, HEARD_JOIN.received_at)


def test_a_join_told_in_whole_seconds_takes_the_finer_moment_of_the_same_source() -> None:
    rough = HEARD._replace(precision="s", joined_at=at(8))
    assert visit_merged(stored(rough), HEARD).joined_at == at(8.25)


def test_a_join_computed_back_gives_way_to_one_that_ami_heard_and_beats_queue_log_s_whole_second() -> None:
    assert visit_merged(stored(HEARD), HEARD_END).joined_at == at(8.25)
    assert visit_merged(stored(READ), HEARD_END).joined_at == at(7.75)


@pytest.mark.parametrize(("place", "outcome"), [("c.1", "answered"), ("", "answered"), ("c.2", "abandoned")])
def test_where_queue_log_takes_another_for_who_stood_there_what_became_of_them_is_what_ami_heard(
    place: str, outcome: str
) -> None:
    heard = left(HEARD_JOIN._replace(place="c.1"), "abandoned")
    read = over(answered(READ._replace(uniqueid="a.2", place=place)))
    for order in permutations((heard, read)):
        row = merged(*order)
        assert (row.place, row.outcome) == ("c.1", outcome)
        assert visit_merged(row, read) == row


def test_who_is_handed_on_once_more_is_told_by_ami_as_far_as_it_knows_now() -> None:
    heard = answered(HEARD_JOIN._replace(place="c.1"))
    row = merged(over(heard), heard._replace(place="c.2"))
    assert row.ended_at == over(heard).ended_at
