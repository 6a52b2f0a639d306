"""Every missed call gets exactly one verdict, by checks asked in one order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback_dialer.decide import Facts, decide
from callback_dialer.policy import Policy
from ivr.calls.callbacks import Verdict
from tests.callback_policy import MISSED, NOON, policy

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
    ("what is open is no new one", {}, Facts(is_owed=True, paused="drill"), policy(), "already_open"),
    ("a budget is used up", {}, Facts(used_up="budgets.number"), policy(), "out_of_budget"),
    ("its trunk is suspected", {}, Facts(held="a burst", is_on_the_line=True), policy(), "held"),
    ("its own budget refuses, whatever holds", {}, Facts(used_up="x", held="y"), policy(), "out_of_budget"),
    (
        "joins what is open, whatever the budget",
        {},
        Facts(is_owed=True, used_up="x"),
        policy(),
        "already_open",
    ),
    ("our own number", {"caller_e164": "+994124040000"}, Facts(), OURS, "not_a_citizen"),
    ("our published number", {"caller_e164": "+994123102800"}, Facts(), policy(), "not_a_citizen"),
    (
        "our published number, briefly",
        {"caller_e164": "+994123102800", "wait_seconds": 1.0},
        Facts(),
        policy(),
        "not_a_citizen",
    ),
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


WHYS: list[tuple[dict[str, Any], Facts, Policy, str]] = [
    ({}, Facts(), policy(), "waited 12.0 s and was not answered (abandoned)"),
    ({"attempt_id": "cb-1"}, Facts(), policy(), "the visit belongs to attempt cb-1"),
    ({"origin": "callback"}, Facts(), policy(), "the visit belongs to attempt ?"),
    (
        {"origin": "internal"},
        Facts(),
        policy(),
        "an agent's, a contact's or our own number is never called back",
    ),
    ({"wait_seconds": 9.9996}, Facts(), policy(), "waited 10.000 s, not over 10 s"),
    (
        {"served_elsewhere_at": NOON},
        Facts(),
        policy(),
        "an agent of another structure answered the same call",
    ),
    ({}, Facts(is_reached=True), policy(), "a callback reached that number after this call"),
    ({}, Facts(is_answered_again=True), policy(), "called again and was answered"),
    ({"is_anonymous": True}, Facts(), policy(), "the caller hid their number"),
    (
        {"caller_e164": "", "caller_kind": "short"},
        Facts(),
        policy(),
        "no number that could be dialled (short)",
    ),
    (
        {"caller_e164": "", "caller_kind": ""},
        Facts(),
        policy(),
        "no number that could be dialled (unknown kind)",
    ),
    ({"caller_e164": "+99450123"}, Facts(), policy(), "no number that could be dialled"),
    ({}, Facts(), policy(deny=["+99450"]), "callback.deny names that number or its prefix"),
    ({}, Facts(is_denied=True), policy(), "somebody at that number asked not to be called"),
    ({"missed_at": NOON - timedelta(days=4)}, Facts(), policy(), "became known after callback.max_age"),
    ({}, Facts(), OFF, "callback.enabled is false"),
    ({}, Facts(paused="drill"), policy(), "callbacks are not accepted: drill"),
    ({"outcome": "empty"}, Facts(), policy(outcomes=["abandoned"]), "callback.for does not list empty"),
    ({}, Facts(is_owed=True), policy(), "joins the callback already open for that number"),
    ({}, Facts(used_up="budgets.number"), policy(), "budgets.number"),
    ({}, Facts(held="a burst"), policy(), "a burst"),
    (
        {},
        Facts(is_on_the_line=True),
        policy(),
        "the caller is on the line again; owed once that call ends",
    ),
]


@pytest.mark.parametrize(("changes", "facts", "rules", "why"), WHYS, ids=[each[-1] for each in WHYS])
def test_the_operator_reads_why_in_one_sentence(
    changes: dict[str, Any], facts: Facts, rules: Policy, why: str
) -> None:
    assert decide(replace(MISSED, **changes), facts, rules, NOON + timedelta(seconds=1)).why == why


def test_a_held_callback_says_what_it_waits_for() -> None:
    facts = Facts(held="a burst", held_for="window")
    decision = decide(MISSED, facts, policy(), NOON + timedelta(seconds=1))
    assert decision.held_for == "window"


def test_a_call_that_becomes_known_at_its_last_moment_is_not_too_old() -> None:
    rules = policy(max_age=60.0)
    assert decide(MISSED, Facts(), rules, NOON + timedelta(seconds=60)).verdict == "callback"
    assert decide(MISSED, Facts(), rules, NOON + timedelta(seconds=60.001)).verdict == "too_old"


def test_every_verdict_has_its_scenario() -> None:
    assert {scenario[-1] for scenario in SCENARIOS} == set(get_args(Verdict))


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
