"""After each attempt: when to try again, or with which state to give up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback_dialer.decide import after, uses_up_an_attempt
from ivr.calls.callbacks import Disposition
from ivr.config.callback_rules import RetryPlan
from tests.callback_policy import NOON, policy

NO_ANSWERS: list[Disposition] = ["no_answer"] * 5
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

DELAYS: list[tuple[list[Disposition], timedelta]] = [
    (["no_answer"], 10 * MINUTE),
    (["no_answer", "no_answer"], HOUR),
    (["no_answer", "no_answer", "no_answer", "no_answer"], 3 * HOUR),
    (["no_answer", "busy"], 3 * MINUTE),
    (["busy", "no_answer", "busy"], 10 * MINUTE),
    (["declined"], HOUR),
    (["machine_or_no_confirmation"], 30 * MINUTE),
    (["citizen_left_before_agent"], 5 * MINUTE),
    (["no_agent"], 15 * MINUTE),
    (["congestion"] * 20, 5 * MINUTE),
    (["trunk_failed"], MINUTE),
    (["unknown"], 4 * HOUR),
    (["aborted"], timedelta(seconds=30)),
]


@pytest.mark.parametrize(("dispositions", "delay"), DELAYS)
def test_the_next_try_waits_as_the_plan_says_for_that_outcome(
    dispositions: list[Disposition], delay: timedelta
) -> None:
    assert after(dispositions, policy(), NOON) == NOON + delay


def test_a_fate_nobody_knows_waits_the_longest_delay_of_all() -> None:
    patient = policy(retry=RetryPlan(no_answer=[600.0, 36000.0, 1200.0]))
    assert after(["unknown"], patient, NOON) == NOON + 10 * HOUR


def test_it_gives_up_when_the_attempts_are_used_up() -> None:
    assert after(NO_ANSWERS, policy(), NOON) == NOON + 3 * HOUR
    assert after([*NO_ANSWERS, "no_answer"], policy(), NOON) == "unreachable"


def test_faults_of_the_network_use_up_no_attempt() -> None:
    faults: list[Disposition] = ["congestion"] * 9
    assert after([*faults, *NO_ANSWERS], policy(), NOON) == NOON + 3 * HOUR


def test_a_number_that_does_not_exist_is_not_tried_again() -> None:
    assert after(["invalid_number"], policy(), NOON) == "unreachable"


def test_whoever_was_reached_is_not_called_again() -> None:
    assert after(["busy", "reached"], policy(), NOON) == "reached"


def test_a_promised_time_is_kept_even_when_the_attempts_are_used_up() -> None:
    promised = NOON + timedelta(days=1)
    assert after(["no_agent"] * 6, policy(), NOON, promised) == promised


@given(st.lists(st.sampled_from(get_args(Disposition)), min_size=1, max_size=30))
def test_no_plan_ever_tries_a_citizen_more_often_than_allowed(dispositions: list[Disposition]) -> None:
    used = sum(map(uses_up_an_attempt, dispositions))
    if isinstance(after(dispositions, policy(), NOON), datetime):
        assert used < policy().callback.attempts


def test_an_outcome_without_delays_is_tried_again_at_once() -> None:
    assert after(["busy"], policy(retry=RetryPlan(busy=[])), NOON) == NOON
