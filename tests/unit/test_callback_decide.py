"""Every missed call gets exactly one verdict, by checks asked in one order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback_dialer.decide import CHECKS, Facts, decide
from callback_dialer.policy import Policy
from ivr.calls.missed import EndedCall, MissedCall, Stay, missed_calls
from tests.callback_policy import NOON, policy

MISSED = MissedCall(
    call_id=1,
    server="main",
    structure="dvx",
    queue="dvx",
    outcome="abandoned",
    origin="inbound",
    attempt_id="",
    caller="0501234567",
    caller_e164="+994501234567",
    caller_kind="mobile",
    is_anonymous=False,
    trunk="provider",
    language="az",
    wait_seconds=12.0,
    missed_at=NOON,
    served_elsewhere_at=None,
)
OFF = policy(enabled=False)
OURS = replace(policy(), own=frozenset({"+994124040000"}))

SCENARIOS: list[tuple[str, dict[str, Any], Facts, Policy, str]] = [
    ("waited over 10 s", {}, Facts(), policy(), "callback"),
    ("thrown out by the timeout", {"outcome": "timeout"}, Facts(), policy(), "callback"),
    ("waited 10 s exactly", {"wait_seconds": 10.0}, Facts(), policy(), "too_short"),
    ("waited a millisecond more", {"wait_seconds": 10.001}, Facts(), policy(), "callback"),
    (
        "too short comes before anonymous",
        {"wait_seconds": 4.0, "is_anonymous": True},
        Facts(),
        policy(),
        "too_short",
    ),
    (
        "a callback's own visit",
        {"origin": "callback", "attempt_id": "cb-1"},
        Facts(),
        policy(),
        "part_of_callback",
    ),
    ("an agent calls", {"origin": "internal"}, Facts(), policy(), "not_a_citizen"),
    (
        "an internal number calls",
        {"caller_kind": "internal", "caller_e164": ""},
        Facts(),
        policy(),
        "not_a_citizen",
    ),
    ("answered in another structure", {"served_elsewhere_at": NOON}, Facts(), policy(), "served_elsewhere"),
    ("our callback was faster", {}, Facts(is_reached=True), policy(), "served_elsewhere"),
    ("called again and was answered", {}, Facts(is_answered_again=True), policy(), "called_again"),
    (
        "answered again beats the open callback",
        {},
        Facts(is_answered_again=True, is_owed=True),
        policy(),
        "called_again",
    ),
    ("hid the number", {"is_anonymous": True, "caller_e164": ""}, Facts(), policy(), "anonymous"),
    ("hid a number the trunk still shows", {"is_anonymous": True}, Facts(), policy(), "anonymous"),
    (
        "a number nobody can dial",
        {"caller_e164": "", "caller_kind": "invalid"},
        Facts(),
        policy(),
        "not_dialable",
    ),
    (
        "a premium number",
        {"caller_e164": "+994900123456", "caller_kind": "premium"},
        Facts(),
        policy(),
        "not_dialable",
    ),
    ("a number no trunk carries", {"caller_e164": "+905321234567"}, Facts(), policy(), "not_dialable"),
    ("a denied prefix", {}, Facts(), policy(deny=["+99450"]), "blocked"),
    ("asked not to be called", {}, Facts(is_denied=True), policy(), "blocked"),
    ("became known too late", {"missed_at": NOON - timedelta(days=4)}, Facts(), policy(), "too_old"),
    ("callbacks are switched off", {}, Facts(), OFF, "switched_off"),
    (
        "this ending is owed nothing",
        {"outcome": "timeout"},
        Facts(),
        policy(outcomes=["abandoned"]),
        "switched_off",
    ),
    ("one is owed already", {}, Facts(is_owed=True, is_on_the_line=True), policy(), "already_open"),
    ("callbacks are not accepted now", {}, Facts(paused="drill"), policy(), "switched_off"),
    ("a budget is used up", {}, Facts(used_up="budgets.number"), policy(), "out_of_budget"),
    ("its trunk is suspected", {}, Facts(held="a burst", is_on_the_line=True), policy(), "held"),
    (
        "joins what is open, whatever the budget",
        {},
        Facts(is_owed=True, used_up="x"),
        policy(),
        "already_open",
    ),
    ("our own number", {"caller_e164": "+994124040000"}, Facts(), OURS, "not_a_citizen"),
    ("a foreign number stored as mobile", {"caller_e164": "+79161234567"}, Facts(), policy(), "not_dialable"),
    ("too short, stored as mobile", {"caller_e164": "+99450123"}, Facts(), policy(), "not_dialable"),
    ("on the line again", {}, Facts(is_on_the_line=True), policy(), "still_on_the_line"),
]


@pytest.mark.parametrize(
    ("changes", "facts", "rules", "verdict"),
    [pytest.param(*scenario[1:], id=scenario[0]) for scenario in SCENARIOS],
)
def test_the_verdict_is_the_first_check_that_has_a_reason(
    changes: dict[str, Any], facts: Facts, rules: Policy, verdict: str
) -> None:
    decision = decide(replace(MISSED, **changes), facts, rules, NOON + timedelta(seconds=1))
    assert decision.verdict == verdict
    assert decision.why


def test_every_verdict_but_callback_has_its_check_and_its_scenario() -> None:
    provoked = {scenario[-1] for scenario in SCENARIOS}
    assert provoked == {verdict for verdict, _ in CHECKS} | {"callback"}


@given(
    outcome=st.sampled_from(["abandoned", "timeout", "empty", "interrupted"]),
    wait=st.floats(0, 5000),
    age=st.timedeltas(timedelta(0), timedelta(days=400)),
    facts=st.builds(Facts, *(st.booleans() for _ in range(5))),
    number=st.sampled_from(["", "+994501234567", "+905321234567", "+994900123456"]),
    kind=st.sampled_from(["mobile", "fixed", "premium", "anonymous", "internal", "invalid", ""]),
)
def test_no_reason_ever_shows_the_number(
    outcome: str, wait: float, age: timedelta, facts: Facts, number: str, kind: str
) -> None:
    one = replace(MISSED, outcome=outcome, wait_seconds=wait, caller_e164=number, caller_kind=kind)
    decision = decide(one, facts, policy(), NOON + age)
    assert not number or number.removeprefix("+") not in decision.why


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
