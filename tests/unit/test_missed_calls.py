"""Which queue visits of a call make a missed call, and what it carries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ivr.figures.missed import EndedCall, Stay, missed_calls
from tests.callback_policy import NOON


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
    over = datetime(2026, 11, 23, 9, tzinfo=UTC)
    return EndedCall(1, "main", "mobile", presentation, "provider", over, stays)


def test_a_call_answered_after_it_overflowed_is_not_missed() -> None:
    call = ended(stay("dvx", "dvx", "timeout", 0, 20), stay("dvx", "aparat", "answered", 20, 3))
    assert missed_calls(call) == ()


def test_the_wait_of_a_missed_call_is_the_sum_of_its_waits_in_the_structure() -> None:
    call = ended(stay("dvx", "dvx", "timeout", 0, 7), stay("dvx", "aparat", "abandoned", 9, 4))
    [missed] = missed_calls(call)
    assert (missed.wait_seconds, missed.queue, missed.structure) == (11, "aparat", "dvx")
    assert missed.outcome == "abandoned"


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
