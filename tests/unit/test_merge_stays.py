"""Which stored row a telling is about: the nearest join, or the order where clocks say nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ivr.visits.identity import same_stay
from ivr.visits.merge import visit_merged
from tests.unit.ami_lines import at
from tests.unit.test_merge_rules import HEARD, READ, answered, left, merged, stored


def test_a_stay_is_found_again_by_the_join_its_source_told_however_many_lie_nearer() -> None:
    first, second = stored(HEARD), stored(HEARD._replace(joined_at=at(8.5), received_at=at(8.51)))
    assert same_stay(HEARD, [second, first]) == [first]
    read = merged(HEARD._replace(joined_at=at(9.9)), READ)
    assert same_stay(READ, [stored(HEARD), read]) == [read]


@pytest.mark.parametrize(
    ("joined", "found"),
    [(8.0, True), (10.25, True), (5.25, True), (10.26, False), (5.24, False)],
)
def test_the_stay_of_the_other_source_is_no_further_off_than_whole_seconds_are(
    joined: float, found: bool
) -> None:
    """queue_log cuts: its 8 s lie between 8 and 9, so it is compared by their middle."""
    row = stored(HEARD)
    assert (same_stay(READ._replace(joined_at=at(joined)), [row]) == [row]) == found
    log_row = stored(READ._replace(joined_at=at(joined)))
    assert (same_stay(HEARD, [log_row]) == [log_row]) == found


def test_the_nearest_stay_is_taken_and_one_its_source_has_named_already_is_not() -> None:
    near, far = stored(HEARD), stored(HEARD._replace(joined_at=at(10)))
    assert same_stay(READ, [far, near]) == [near]
    assert same_stay(READ._replace(joined_at=at(9)), [near, far]) == [far]
    assert same_stay(READ._replace(joined_at=at(6.9)), [far, merged(HEARD, READ)]) == []
    assert same_stay(READ._replace(joined_at=at(9)), [far, merged(HEARD, READ)]) == [far]
    assert same_stay(HEARD, [stored(HEARD._replace(joined_at=at(8.5), received_at=at(8.6)))]) == []
    assert same_stay(HEARD, []) == []


def test_a_join_queue_log_only_computed_may_be_that_of_a_stay_it_had_named() -> None:
    row = merged(HEARD, READ)
    assert same_stay(READ._replace(is_rebuilt=True, joined_at=at(9)), [row]) == [row]


def test_a_join_ami_first_told_in_whole_seconds_is_known_by_the_moment_we_heard_of_it() -> None:
    coarse = HEARD._replace(joined_at=at(3), precision="s")
    row = stored(coarse)
    assert same_stay(HEARD, [row]) == [row]
    assert same_stay(coarse, [stored(HEARD)]) != []
    assert same_stay(HEARD._replace(received_at=at(9)), [row]) == []
    assert same_stay(HEARD._replace(joined_at=at(3.5)), [stored(HEARD)]) == []
    assert same_stay(HEARD, [row._replace(source="queue_log", joined_at=at(1))]) == []


@pytest.mark.parametrize(
    ("row", "told", "is_found"),
    [
        ({"precision": "s"}, {}, True),
        ({}, {"precision": "s"}, True),
        ({}, {}, False),
        ({"precision": "s", "left_at": at(8.66)}, {}, True),
        ({"precision": "s", "left_at": at(8.65)}, {}, False),
        ({"precision": "s"}, {"left_at": at(9)}, True),
        ({"precision": "s", "joined_at": at(9)}, {"left_at": at(9)}, False),
        ({"precision": "s", "left_at": at(8.9)}, {"left_at": at(9)}, True),
    ],
)
def test_without_timestamps_two_recorders_tell_one_stay_unless_one_was_over_before_the_other(
    row: dict[str, Any], told: dict[str, Any], is_found: bool
) -> None:
    known = stored(HEARD)._replace(**row)
    other = HEARD._replace(joined_at=at(8.65), received_at=at(8.66), **told)
    assert (same_stay(other, [known]) == [known]) == is_found


def test_a_stay_shorter_than_a_second_is_found_although_queue_log_had_it_end_before_it_began() -> None:
    row = stored(left(READ, "abandoned")._replace(left_at=at(8), ended_at=at(8), wait_seconds=0.0))
    assert same_stay(HEARD, [row]) == [row]


@pytest.mark.parametrize(
    ("read", "heard", "is_found"),
    [
        ({}, {}, False),
        ({"joined_at": at(6.75)}, {}, True),
        ({"joined_at": at(6.74)}, {}, False),
        ({"left_at": at(8.25)}, {}, False),
        ({"left_at": at(8.26)}, {}, True),
        ({"left_at": None}, {}, True),
        ({"clock_stepped": True}, {}, True),
        ({}, {"clock_stepped": True}, True),
        ({}, {"precision": "s"}, True),
    ],
)
def test_who_had_left_before_ami_told_of_a_join_had_another_stay(
    read: dict[str, Any], heard: dict[str, Any], is_found: bool
) -> None:
    """Such as a caller who chose the same queue again at once, while nobody heard the first stay."""
    earlier = left(READ, "key")._replace(**{"joined_at": at(6), "left_at": at(8), **read})
    told = HEARD._replace(**heard)
    row, log_row = stored(told), stored(earlier)
    assert (same_stay(earlier, [row]) == [row]) == is_found
    assert (same_stay(told, [log_row]) == [log_row]) == is_found


def test_a_stay_that_began_just_before_a_second_and_ami_tells_just_after_it_is_one() -> None:
    read = answered(READ._replace(joined_at=at(7)), answered_at=at(8), left_at=at(8))
    told = answered(HEARD._replace(joined_at=at(8.002)), answered_at=at(8.3), left_at=at(8.3))
    assert same_stay(read, [row := stored(told)]) == [row]
    assert same_stay(told, [row := stored(read)]) == [row]


@pytest.mark.parametrize("receipt_late_by", [-4.0, 4.0])
def test_who_was_found_waiting_is_who_the_store_knows_to_wait_though_receipts_were_late(
    receipt_late_by: float,
) -> None:
    joined_at = at(8.25 + receipt_late_by)
    found = HEARD._replace(is_rebuilt=True, precision="s", joined_at=joined_at, received_at=at(15))
    assert same_stay(found, [row := stored(READ)]) == [row]
    assert same_stay(found, [row := stored(HEARD)]) == [row]
    assert same_stay(READ, [row := stored(found)]) == [row]
    assert same_stay(found, [stored(left(HEARD, "key"))]) == []
    much_later = found._replace(joined_at=at(8.25) + 1.5 * timedelta(seconds=receipt_late_by))
    assert same_stay(much_later, [stored(HEARD)]) == []


def test_where_our_clock_has_nothing_to_do_with_asterisk_s_stays_are_matched_by_their_order() -> None:
    """Without timestamps, such as a recording played a day later: two stays of a channel in one queue."""
    day = timedelta(days=1)
    first, second = (
        stored(HEARD._replace(precision="s", joined_at=at(seconds) + day, received_at=at(seconds) + day))
        for seconds in (8, 60)
    )
    assert same_stay(READ, [second, first]) == [first]
    a_day_late = HEARD._replace(precision="s", joined_at=at(8) + day, received_at=at(8) + day)
    assert same_stay(a_day_late, [row := stored(READ)]) == [row]
    half_a_day = a_day_late._replace(joined_at=at(8.5) + timedelta(hours=12))
    assert same_stay(half_a_day, [stored(READ)]) == []
    first = visit_merged(first, READ)
    assert same_stay(READ._replace(joined_at=at(70)), [first, second]) == [second]
    assert same_stay(READ._replace(joined_at=at(70)), [stored(HEARD._replace(joined_at=at(60) + day))]) == []
