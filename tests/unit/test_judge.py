"""From the evidence of one stay to its outcome and durations, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ivr.asterisk.words import VAR_ORIGIN
from ivr.visits.facts import Answered, Completed, Party, SourceCapabilities
from ivr.visits.from_queue_log import QUEUE_LOG
from ivr.visits.judge import Verdict, judge
from ivr.visits.state import Stay
from ivr.visits.steady import When
from tests.unit.ami_lines import at

DEAF = SourceCapabilities("ami")
CHANNELS = replace(DEAF, channels=True)
ALL = replace(CHANNELS, variables=True)
OURS = Party("c.1", variables={VAR_ORIGIN: "inbound"})
LATE = 1000.0


def when(second: float, received: float | None = None, *, exact: bool = True) -> When:
    return When(at(second), at(second if received is None else received), second, exact)


def roughly(second: float) -> When:
    return when(second, exact=False)


def stay(joined: When | None = None, **evidence: Any) -> Stay:
    """A stay that begins at second 10."""
    return Stay(Party("c.1"), "dvx", joined or when(10), "c.1", 1)._replace(**evidence)


def answered(moment: When, hold: float | None = None, ring: float | None = None) -> Answered:
    return Answered(moment, Party("c.1"), "dvx", "PJSIP/1101", "", "a.1", "PJSIP/1101-1", hold, ring)


def completed(moment: When, hold: float | None, talk: float | None, reason: str = "") -> Completed:
    return Completed(moment, Party("c.1"), "dvx", "PJSIP/1101", "", "a.1", hold, talk, reason)


GAVE_UP, LEFT = {"gave_up": when(20)}, {"left": when(20)}
ASKED = {"asked_waiting": True}

OUTCOMES: list[tuple[dict[str, Any], SourceCapabilities, float, str]] = [
    ({}, ALL, LATE, "waiting"),
    ({"lost": when(20)}, ALL, 20, "interrupted"),
    ({"lost": when(20), **GAVE_UP}, DEAF, 20, "abandoned"),
    ({"lost": when(20), **LEFT}, DEAF, 20, "key"),
    # Gave up, and nobody named a result.
    (GAVE_UP, DEAF, LATE, "abandoned"),
    (GAVE_UP, CHANNELS, 21.0, "waiting"),
    (GAVE_UP, CHANNELS, 21.1, "timeout"),
    (GAVE_UP, ALL, 21.1, "redirected"),
    ({**GAVE_UP, "party": OURS}, CHANNELS, 21.1, "redirected"),
    ({**GAVE_UP, **ASKED}, ALL, LATE, "abandoned"),
    ({**GAVE_UP, "gone": when(20.5)}, CHANNELS, LATE, "timeout"),
    ({**GAVE_UP, "gone": when(20.5)}, ALL, LATE, "abandoned"),
    ({**GAVE_UP, "gone": when(20.6)}, ALL, 20.6, "redirected"),
    ({**GAVE_UP, "moved_on": when(20.1)}, ALL, 20.1, "redirected"),
    ({**GAVE_UP, "moved_on": when(20.1), "gone": when(20.2)}, ALL, 20.2, "redirected"),
    # Left, and nobody answered.
    (LEFT, ALL, 21.0, "waiting"),
    (LEFT, ALL, 21.1, "key"),
    ({**LEFT, "moved_on": when(20.1)}, ALL, 20.1, "key"),
    ({**LEFT, "gone": when(20.1)}, ALL, 20.1, "key"),
    # The queue said nothing, but the phone hung up.
    ({"gone": when(20), **ASKED}, ALL, 21.0, "waiting"),
    ({"gone": when(20), **ASKED}, ALL, 21.1, "abandoned"),
    ({"gone": when(20)}, ALL, LATE, "waiting"),
    (ASKED, ALL, LATE, "waiting"),
    ({"result": "TIMEOUT"}, DEAF, 20, "timeout"),
]


@pytest.mark.parametrize(("evidence", "hearing", "now", "outcome"), OUTCOMES)
def test_the_outcome_of_a_stay_without_an_agent(
    evidence: dict[str, Any], hearing: SourceCapabilities, now: float, outcome: str
) -> None:
    verdict = judge(stay(**evidence), hearing, now)
    assert verdict.outcome == outcome
    assert verdict.is_settled == (outcome != "waiting")


@pytest.mark.parametrize(
    ("evidence", "hearing", "is_told"),
    [
        ({"result": "TIMEOUT"}, DEAF, True),
        ({"lost": when(20)}, DEAF, True),
        ({**GAVE_UP, **ASKED}, ALL, True),
        (GAVE_UP, DEAF, False),
        (GAVE_UP, ALL, False),
        ({**LEFT, **ASKED}, ALL, False),
        ({"gone": when(20), **ASKED}, ALL, False),
        (GAVE_UP, QUEUE_LOG, True),
        (LEFT, QUEUE_LOG, True),
    ],
)
def test_an_outcome_that_nobody_named_is_uncertain(
    evidence: dict[str, Any], hearing: SourceCapabilities, is_told: bool
) -> None:
    """AMI names a result, and who gave up after hanging up; queue_log names every way out."""
    assert judge(stay(**evidence), hearing, LATE).uncertain is not is_told


@pytest.mark.parametrize(("outcome", "by"), [("gave_up", "caller"), ("lost", "restart")])
def test_a_stay_without_an_agent_ends_when_the_queue_is_left(outcome: str, by: str) -> None:
    verdict = judge(stay(**{outcome: when(22.5)}), DEAF, LATE)
    assert (verdict.left, verdict.wait_seconds) == (when(22.5), 12.5)
    assert (verdict.ended_at, verdict.ended_by) == (at(22.5), by)


def test_a_result_that_is_all_that_was_heard_tells_no_moment() -> None:
    assert judge(stay(result="TIMEOUT"), DEAF, LATE) == Verdict("timeout", ended_by="queue")


def test_who_waits_still_has_left_already_if_the_queue_said_so() -> None:
    assert judge(stay(**GAVE_UP), CHANNELS, 20).left == when(20)
    assert judge(stay(**LEFT), CHANNELS, 20).left == when(20)


def test_an_interrupted_wait_lasts_until_the_last_sign_of_life_whatever_asterisk_had_told() -> None:
    assert judge(stay(roughly(10), lost=roughly(20), hold=3.0), DEAF, LATE).wait_seconds == 10.0


WAITS: list[tuple[When, When, float | None, float]] = [
    (when(10), when(22.5), 12.0, 12.5),
    (when(10), when(22.12345), None, 12.123),
    (when(10), when(9.5), None, 0.0),
    (when(10), when(9.5, 14), None, 0.0),
    (when(10), when(10.25, 14), None, 0.25),
    (when(10), when(9.4, 14), None, 4.0),
    (when(10), when(9.4, 9), None, 0.0),
    (when(10), when(9.4, 14.12345), None, 4.123),
    (roughly(10), when(22.5), 12.0, 12.0),
    (when(10), roughly(22.5), 12.0, 12.0),
    (roughly(10), roughly(22.5), 0.0, 0.0),
    (roughly(10), roughly(22.12345), None, 12.123),
    (roughly(10), roughly(9), None, 0.0),
    (roughly(10), roughly(22.5), -1.0, 12.5),
    (roughly(10), roughly(22.5), 912.0, 912.0),
    (roughly(10), roughly(22.5), 912.5, 12.5),
]


@pytest.mark.parametrize(("joined", "left", "told", "wait"), WAITS)
def test_a_wait_is_measured_between_timestamps_and_else_told_by_asterisk_unless_that_cannot_be(
    joined: When, left: When, told: float | None, wait: float
) -> None:
    assert judge(stay(joined, gave_up=left, hold=told), DEAF, LATE).wait_seconds == wait


def test_an_answer_bounds_wait_ring_and_talk() -> None:
    offers = (("a.1", when(11)), ("a.2", when(12)), ("a.1", when(13)))
    verdict = judge(
        stay(answered=answered(when(15)), completed=completed(when(25), 5, 9, "caller"), offers=offers),
        DEAF,
        LATE,
    )
    assert verdict == Verdict("answered", when(15), 5.0, at(15), at(25), "caller", 2.0, 10.0)
    assert verdict.is_settled


@pytest.mark.parametrize(
    ("hold", "known", "wait"), [(4.0, 3.0, 4.0), (None, 3.0, 3.0), (None, None, 5.0), (0.0, 3.0, 0.0)]
)
def test_the_wait_of_an_answered_call_is_what_the_answer_says_and_else_what_was_known(
    hold: float | None, known: float | None, wait: float
) -> None:
    found = judge(stay(roughly(10), answered=answered(roughly(15), hold), hold=known), DEAF, LATE)
    assert found.wait_seconds == wait


def test_without_timestamps_ring_and_talk_are_asterisk_s_whole_seconds() -> None:
    told = stay(
        roughly(10),
        answered=answered(roughly(15), 5.0, 3.0),
        completed=completed(roughly(25), 5, 9),
        offers=(("a.1", roughly(13)),),
    )
    assert (judge(told, DEAF, LATE).ring_seconds, judge(told, DEAF, LATE).talk_seconds) == (3.0, 9.0)
    assert judge(told._replace(offers=()), DEAF, LATE).ring_seconds == 3.0


def test_a_talk_whose_beginning_was_missed_has_the_figures_of_its_end() -> None:
    assert judge(stay(completed=completed(when(30), 4, 8)), DEAF, LATE) == Verdict(
        "answered", None, 4, at(22), at(30), "caller", None, 8
    )
    unknown = judge(stay(completed=completed(when(30), 4, None, "agent")), DEAF, LATE)
    assert unknown == Verdict("answered", None, 4, None, at(30), "agent", None, None)


TALKS: list[tuple[dict[str, Any], float, tuple[float | None, str, float | None]]] = [
    ({}, LATE, (None, "", None)),
    ({"completed": completed(when(25), 5, 9, "agent")}, LATE, (25, "agent", 10.0)),
    ({"completed": completed(when(25), 5, 9)}, LATE, (25, "agent", 10.0)),
    ({"completed": completed(when(25), 5, 9), "asked_talking": True}, LATE, (25, "caller", 10.0)),
    ({"completed": completed(when(25), 5, 9, "agent"), "agent_gone": when(24)}, LATE, (25, "agent", 10.0)),
    ({"completed": completed(when(25), 5, 9), "agent_gone": when(23.9)}, LATE, (23.9, "transfer", 8.9)),
    ({"completed": completed(when(25), 5, 9, "agent"), "moved_on": when(24)}, LATE, (25, "agent", 10.0)),
    ({"completed": completed(when(25), 5, 9), "moved_on": when(23.9)}, LATE, (23.9, "transfer", 8.9)),
    ({"moved_on": when(20), "gone": when(30)}, 21.0, (None, "", None)),
    ({"moved_on": when(20), "gone": when(30)}, 21.1, (20, "transfer", 5.0)),
    ({"lost": when(20)}, LATE, (20, "restart", None)),
    ({"gone": when(20)}, 21.0, (None, "", None)),
    ({"gone": when(20)}, 21.1, (20, "agent", 5.0)),
    ({"gone": when(20), "asked_talking": True}, 21.1, (20, "caller", 5.0)),
]


@pytest.mark.parametrize(("evidence", "now", "end"), TALKS)
def test_the_end_of_a_talk_is_told_or_known_by_who_is_gone(
    evidence: dict[str, Any], now: float, end: tuple[float | None, str, float | None]
) -> None:
    verdict = judge(stay(answered=answered(when(15)), **evidence), DEAF, now)
    second, by, talk = end
    assert verdict.ended_at == (None if second is None else at(second))
    assert (verdict.outcome, verdict.ended_by, verdict.talk_seconds) == ("answered", by, talk)
    assert verdict.is_settled == bool(by)


def test_what_asterisk_says_of_a_talk_is_not_said_of_a_talk_cut_short_by_a_transfer() -> None:
    told = stay(
        roughly(10),
        answered=answered(roughly(15)),
        completed=completed(roughly(40), 5, 25),
        agent_gone=roughly(20),
    )
    assert judge(told, DEAF, LATE).talk_seconds == 5.0
