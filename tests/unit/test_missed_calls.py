"""Which queue visits of a call make a missed call, and what it carries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from callback_dialer.decide import Facts, decide
from ivr.figures.missed import EndedCall, MissedCall, Stay, missed_calls, waited
from tests.callback_policy import NOON, policy

ENDED_AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def stay(structure: str, queue: str, outcome: str, joined: float, wait: float) -> Stay:
    """A stay that begins `joined` seconds after noon."""
    joined_at = NOON + timedelta(seconds=joined)
    left_at = joined_at + timedelta(seconds=wait)
    return Stay(
        structure=structure,
        queue=queue,
        outcome=outcome,
        origin="inbound",
        attempt_id="",
        caller="0501234567",
        caller_e164="+994501234567",
        language="az",
        joined_at=joined_at,
        left_at=left_at,
        answered_at=left_at if outcome == "answered" else None,
        wait_seconds=wait,
    )


def ended(*stays: Stay, presentation: str = "allowed") -> EndedCall:
    return EndedCall(1, "main", "mobile", presentation, "provider", ENDED_AT, stays)


def test_a_call_answered_after_it_overflowed_is_not_missed() -> None:
    call = ended(stay("dvx", "dvx", "timeout", 0, 20), stay("dvx", "aparat", "answered", 20, 3))
    assert missed_calls(call) == ()


def test_a_missed_call_has_its_trunk_from_the_call_and_the_rest_from_its_last_visit_there() -> None:
    first = replace(stay("dvx", "dvx", "timeout", 0, 20), caller="", caller_e164="")
    last = replace(
        stay("dvx", "aparat", "abandoned", 20, 5), origin="callback", attempt_id="cb-7", language="ru"
    )
    assert missed_calls(ended(first, last)) == (
        MissedCall(
            call_id=1,
            server="main",
            structure="dvx",
            queue="aparat",
            outcome="abandoned",
            origin="callback",
            attempt_id="cb-7",
            caller="0501234567",
            caller_e164="+994501234567",
            caller_kind="mobile",
            is_anonymous=False,
            trunk="provider",
            language="ru",
            wait_seconds=25.0,
            missed_at=NOON + timedelta(seconds=25),
            served_elsewhere_at=None,
        ),
    )


def test_the_wait_of_a_missed_call_runs_from_its_first_join_there_to_its_last_leave() -> None:
    """Two seconds of an announcement are between them."""
    call = ended(stay("dvx", "dvx", "timeout", 0, 7), stay("dvx", "aparat", "abandoned", 9, 4))
    [missed] = missed_calls(call)
    assert (missed.wait_seconds, missed.queue, missed.structure) == (13, "aparat", "dvx")
    assert missed.outcome == "abandoned"


@pytest.mark.parametrize(
    ("stays", "seconds"),
    [
        ([stay("dvx", "dvx", "abandoned", 0, 7)], 7),
        ([stay("dvx", "dvx", "timeout", 0, 7), stay("dvx", "aparat", "abandoned", 7, 4)], 11),
        ([stay("dvx", "dvx", "timeout", 0, 7), stay("dvx", "dvx", "abandoned", 40, 4)], 44),
        ([stay("dvx", "dvx", "timeout", 0, 7), stay("dvx", "aparat", "abandoned", 6.4, 4)], 11),
        (
            [
                stay("dvx", "dvx", "timeout", 0, 20),
                stay("dvx", "aparat", "withdrawn", 5, 2),
                stay("dvx", "dvx", "abandoned", 25, 3),
            ],
            30,
        ),
        (
            [
                stay("dvx", "dvx", "timeout", 0, 7),
                stay("dvx", "aparat", "timeout", 9, 4),
                stay("dvx", "dvx", "abandoned", 20, 5),
            ],
            25,
        ),
    ],
    ids=[
        "one stay",
        "an overflow",
        "a menu in between",
        "whole seconds",
        "a stay within another",
        "three in a row",
    ],
)
def test_what_lies_between_two_stays_counts_and_is_never_negative(stays: list[Stay], seconds: float) -> None:
    assert waited(stays, ENDED_AT) == seconds


def test_nothing_is_counted_after_a_stay_whose_leave_nobody_told() -> None:
    first = replace(stay("dvx", "dvx", "interrupted", 0, 7), left_at=None)
    assert waited([first, stay("dvx", "aparat", "abandoned", 9, 4)], ENDED_AT) == 11


def test_a_second_stay_without_any_end_lasts_until_the_call_ended() -> None:
    last = replace(stay("dvx", "aparat", "interrupted", 9, 4), left_at=None, wait_seconds=None)
    assert waited([stay("dvx", "dvx", "timeout", 0, 7), last], ENDED_AT) == 3600


def test_a_wait_is_counted_in_milliseconds() -> None:
    told = replace(stay("dvx", "dvx", "abandoned", 0, 7.12345), wait_seconds=None)
    assert waited([told], ENDED_AT) == 7.123


def heard(one: Stay, seconds: float, clock: float = 0.0, step: float = 0.0) -> Stay:
    """Asterisk's clock is `clock` seconds off when it begins, and steps by `step` more before its end."""
    left_at = one.left_at
    assert left_at is not None
    return replace(
        one,
        joined_at=one.joined_at + timedelta(seconds=clock),
        left_at=left_at + timedelta(seconds=clock + step),
        received_at=NOON + timedelta(seconds=seconds),
    )


@pytest.mark.parametrize("step", [3600, -3600])
@pytest.mark.parametrize("when", ["in the first stay", "between", "in the second stay"])
def test_a_clock_that_steps_makes_no_wait_longer(step: float, when: str) -> None:
    """Joined at 0 and 9, waited 7 and 4: 13 seconds, or 11 where the step hides what was between."""
    first, second = stay("dvx", "dvx", "timeout", 0, 7), stay("dvx", "aparat", "abandoned", 9, 4)
    stays = [
        heard(first, 0, step=step if when == "in the first stay" else 0),
        heard(
            second,
            9,
            clock=0 if when == "in the second stay" else step,
            step=step if when == "in the second stay" else 0,
        ),
    ]
    assert waited(stays, ENDED_AT) == (11 if (when, step) == ("between", -3600) else 13)
    stays.sort(key=lambda one: one.joined_at)  # as they are read
    assert waited(stays, ENDED_AT) in (11, 13)


@pytest.mark.parametrize("live", [0, 1])
def test_where_only_one_of_two_stays_was_heard_live_asterisk_s_clock_tells_what_lies_between(
    live: int,
) -> None:
    stays = [stay("dvx", "dvx", "timeout", 0, 7), stay("dvx", "aparat", "abandoned", 9, 4)]
    stays[live] = heard(stays[live], 0)
    assert waited(stays, ENDED_AT) == 13


def test_a_call_of_short_stays_with_a_menu_between_them_is_over_ten_seconds() -> None:
    call = ended(stay("dvx", "dvx", "timeout", 0, 4), stay("dvx", "dvx", "abandoned", 9, 3))
    [missed] = missed_calls(call)
    assert decide(missed, Facts(), policy(), missed.missed_at).verdict == "callback"


def test_two_structures_in_one_call_are_two_missed_calls() -> None:
    call = ended(stay("dvx", "dvx", "timeout", 0, 20), stay("emdx", "emdx", "abandoned", 30, 15))
    assert [one.structure for one in missed_calls(call)] == ["dvx", "emdx"]


def test_a_missed_call_answered_later_in_another_structure_says_so() -> None:
    call = ended(stay("dvx", "dvx", "timeout", 0, 20), stay("emdx", "emdx", "answered", 30, 15))
    [missed] = missed_calls(call)
    assert missed.structure == "dvx"
    assert missed.served_elsewhere_at == NOON + timedelta(seconds=45)


def test_a_caller_transferred_on_after_an_answer_was_not_served_elsewhere() -> None:
    call = ended(stay("dvx", "dvx", "answered", 0, 20), stay("emdx", "emdx", "abandoned", 60, 15))
    [missed] = missed_calls(call)
    assert missed.structure == "emdx"
    assert missed.served_elsewhere_at is None


@pytest.mark.parametrize("outcome", ["key", "withdrawn", "redirected", "answered"])
def test_a_call_whose_last_visit_ended_otherwise_is_not_missed(outcome: str) -> None:
    assert missed_calls(ended(stay("dvx", "dvx", outcome, 0, 20))) == ()


def test_a_number_that_was_to_be_hidden_is_anonymous_even_when_it_is_shown() -> None:
    [missed] = missed_calls(
        ended(stay("dvx", "dvx", "abandoned", 0, 20), presentation="prohib_passed_screen")
    )
    assert missed.is_anonymous


@pytest.mark.parametrize(("kind", "is_anonymous"), [("anonymous", True), ("mobile", False)])
def test_a_caller_without_a_number_is_anonymous(kind: str, is_anonymous: bool) -> None:
    call = replace(ended(stay("dvx", "dvx", "abandoned", 0, 20)), caller_kind=kind)
    assert missed_calls(call)[0].is_anonymous == is_anonymous


def test_a_caller_answered_elsewhere_in_the_second_they_left_was_served_elsewhere() -> None:
    """queue_log knows whole seconds only."""
    call = ended(stay("dvx", "dvx", "timeout", 0, 20), stay("emdx", "emdx", "answered", 20, 0))
    assert missed_calls(call)[0].served_elsewhere_at == NOON + timedelta(seconds=20)


def test_a_wait_nobody_told_lasts_until_the_caller_left_or_the_call_ended_and_is_never_negative() -> None:
    told = stay("dvx", "dvx", "interrupted", 0, 20)
    for left_at, wait in ((NOON + timedelta(seconds=7), 7), (None, 3600), (NOON - timedelta(seconds=5), 0)):
        [missed] = missed_calls(ended(replace(told, wait_seconds=None, left_at=left_at)))
        assert missed.wait_seconds == wait


def test_a_missed_call_ends_with_the_call_if_nobody_told_when_the_queue_was_left() -> None:
    [missed] = missed_calls(ended(replace(stay("dvx", "dvx", "interrupted", 0, 20), left_at=None)))
    assert missed.missed_at == datetime(2026, 11, 23, 9, tzinfo=UTC)
