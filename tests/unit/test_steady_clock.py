"""Asterisk's timestamps and our receipts made one axis: what is a step, and what is only late."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ivr.visits.steady import SteadyClock, When
from tests.unit.ami_lines import START, at

HOUR = 3600.0


class Heard:
    """A clock that reads events; seconds are counted from START on both clocks."""

    def __init__(self) -> None:
        self.clock = SteadyClock()

    def reads(self, told: float | None, received: float, *doubt: float) -> When:
        return self.clock.read(None if told is None else at(told), at(received), *doubt)

    def place(self, told: float | None, received: float, *doubt: float) -> tuple[float, int]:
        """Seconds on the axis, and how often the clock has stepped by then."""
        when = self.reads(told, received, *doubt)
        return round(when.steady - START.timestamp(), 6), when.steps


def test_an_event_has_the_moment_asterisk_gave_it_and_the_one_we_received_it_at() -> None:
    heard = Heard()
    assert heard.reads(10, 11) == When(at(10), at(11), at(10).timestamp(), True, 0)
    stepped = heard.reads(11 + HOUR, 12)
    assert stepped == When(at(11 + HOUR), at(12), at(11).timestamp(), True, 1)
    again = heard.reads(12 + 3 * HOUR, 13)
    assert again == When(at(12 + 3 * HOUR), at(13), at(12).timestamp(), True, 2)


def test_what_is_late_after_a_clock_was_set_back_is_no_further_step() -> None:
    """A clock that does not show our time; read 5 s late, after one pause alike."""
    heard = Heard()
    heard.reads(10 + HOUR, 10)
    assert heard.place(11, 11) == (11 + HOUR, 1)
    assert heard.place(11.5, 16.5) == (11.5 + HOUR, 1)


@pytest.mark.parametrize(
    ("told", "place"), [(14, (14, 0)), (13.75, (16, 1)), (18, (18, 0)), (18.25, (16, 1)), (16, (16, 0))]
)
def test_a_difference_of_more_than_two_seconds_is_a_step(told: float, place: tuple[float, int]) -> None:
    heard = Heard()
    heard.reads(10, 10)
    assert heard.place(told, 16) == place


@pytest.mark.parametrize(("late", "place"), [(2.0, (11, 1)), (-2.0, (11, 1)), (2.25, (11 + HOUR, 0))])
def test_a_clock_walks_with_ours_as_long_as_it_shows_our_time(late: float, place: tuple[float, int]) -> None:
    heard = Heard()
    heard.reads(10, 10 + late)
    assert heard.place(11 + HOUR, 11 + late) == place


@pytest.mark.parametrize(
    ("told", "received", "doubt", "place"),
    [
        (11, 20, 9.0, (11, 0)),
        (11, 20, 7.0, (11, 0)),
        (11, 20, 6.0, (14, 1)),
        (11, 11, 5.0, (11, 0)),
        (11 + HOUR, 20, 9.0, (20, 1)),
        (11 - HOUR, 20, 9.0, (11, 1)),
    ],
)
def test_a_receipt_in_doubt_tells_of_a_step_only_as_far_as_no_moment_of_it_explains(
    told: float, received: float, doubt: float, place: tuple[float, int]
) -> None:
    heard = Heard()
    heard.reads(10, 10)
    assert heard.place(told, received, doubt) == place


def test_what_comes_after_a_receipt_in_doubt_is_compared_with_the_last_one_that_was_known() -> None:
    heard = Heard()
    heard.reads(10, 10)
    heard.reads(11, 20, 9.0)
    assert heard.place(20.5, 20.5) == (20.5, 0)
    assert heard.place(21 + HOUR, 21) == (21, 1)


@pytest.mark.parametrize(
    ("events", "is_believed", "is_believed_after_a_wait"),
    [
        ([(0, 0), (1, 1)], False, True),
        ([(0, 0), (1, 1), (2, 2)], True, True),
        ([(0, 0), (1, 1), (1.1, 1.1), (1.2, 1.2)], False, True),
        ([(0, 0), (1, 1), (2, 1.5), (3, 2.5)], False, True),
        ([(0, 0), (1, 1), (2, 2), (3, 4.5)], False, False),
        ([(0, 0), (1, 1), (2, 2), (2.1, 3.5)], False, False),
        ([(0, 0), (1, 1.09), (2, 2)], True, True),
        ([(0, 0), (1, 1.15), (2, 2.15)], False, True),
        ([(0, 0), (10, 10.9), (20, 20)], True, True),
        ([(0, 0), (10, 11), (20, 21)], True, True),
        ([(0, 0), (10, 11.2), (20, 21.2)], False, True),
        ([(0, 0), (0.22, 0.22), (0.44, 0.44)], True, True),
        ([(0, 0), (0.15, 0.15), (0.3, 0.3)], False, False),
        ([(0, 0), (9, 9.5), (9.01, 18), (18, 27)], False, True),
    ],
)
def test_a_clock_that_shows_another_time_is_believed_after_two_pauses_alike_or_one_and_a_wait(
    events: list[tuple[float, float]], is_believed: bool, is_believed_after_a_wait: bool
) -> None:
    for waited, believed in ((0.19, is_believed), (0.21, is_believed_after_a_wait)):
        heard = Heard()
        for told, received in events:
            heard.reads(told - HOUR, received)
        told, received = events[-1]
        assert heard.place(told + waited, received + waited)[1] == (1 if believed else 0)


@pytest.mark.parametrize(("told", "place"), [(-2.1, (2, 1)), (-2.0, (-1, 0))])
def test_a_clock_that_goes_back_has_stepped_whatever_its_pace(told: float, place: tuple[float, int]) -> None:
    heard = Heard()
    heard.reads(1 - HOUR, 1)
    seconds, steps = heard.place(1 + told - HOUR, 2)
    assert (round(seconds + HOUR, 6), steps) == place


def test_after_a_hole_the_pace_is_not_known_but_the_steps_so_far_are() -> None:
    heard = Heard()
    heard.reads(10, 10)
    assert heard.place(11 + HOUR, 11) == (11, 1)
    heard.clock.new_connection()
    assert heard.place(20, 20) == (20 - HOUR, 1)
    away = Heard()
    for second in (0, 1):
        away.reads(second - HOUR, second)
    away.clock.new_connection()
    away.reads(2 - HOUR, 2)
    assert away.place(4, 4) == (4, 0)


@pytest.mark.parametrize(
    ("set_by", "steps"), [(HOUR, 1), (-HOUR, 1), (2.25, 1), (-2.25, 1), (2.0, 0), (0.0, 0)]
)
def test_without_timestamps_the_moments_follow_our_clock_once_it_is_set_and_the_places_do_not(
    set_by: float, steps: int
) -> None:
    heard = Heard()
    assert heard.place(None, 5) == (5, 0)
    heard.clock.new_connection(set_by)
    assert heard.reads(None, 6) == When(at(6 + set_by), at(6), at(6).timestamp(), False, steps)


def test_each_time_our_clock_is_set_is_one_more_step_and_a_new_connection_alone_is_none() -> None:
    heard = Heard()
    heard.clock.new_connection()
    assert heard.reads(None, 5) == When(at(5), at(5), at(5).timestamp(), False, 0)
    heard.clock.new_connection(HOUR)
    heard.clock.new_connection(HOUR)
    assert heard.reads(None, 6) == When(at(6 + 2 * HOUR), at(6), at(6).timestamp(), False, 2)


def test_asterisk_s_moments_do_not_follow_our_clock() -> None:
    heard = Heard()
    heard.reads(5, 5)
    heard.clock.new_connection(HOUR)
    assert heard.reads(None, 6) == When(at(6), at(6), at(6).timestamp(), False, 0)
    assert heard.reads(7, 7) == When(at(7), at(7), at(7).timestamp(), True, 0)


def test_without_a_timestamp_the_receipt_is_read_by_what_is_known_of_asterisk_s_clock() -> None:
    heard = Heard()
    assert heard.reads(None, 5) == When(at(5), at(5), at(5).timestamp(), False, 0)
    heard.reads(10, 11.5)
    heard.reads(20 + HOUR, 21.5)
    when = heard.reads(None, 30)
    assert when == When(at(28.5 + HOUR), at(30), at(28.5).timestamp(), False, 1)
    assert when.at - when.received_at == timedelta(hours=1, seconds=-1.5)
