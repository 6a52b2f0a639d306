"""What became of a contact: the first class and the first slice that fits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ivr.figures.classes import Aftermath, AttemptMade, Limits, Outcome, outcome_of
from ivr.figures.contacts import Contact

JOINED = datetime(2024, 5, 14, 8, tzinfo=UTC)
REDIAL_UNTIL = JOINED + timedelta(hours=30)
LATER = JOINED + timedelta(days=30)
NUMBER = "+994501234567"


def contact(wait: float = 40.0, outcome: str = "abandoned", **what: Any) -> Contact:
    left_at = JOINED + timedelta(seconds=wait)
    known: dict[str, Any] = {
        "call_id": 1, "server": "main", "structure": "dvx", "number": NUMBER, "is_hidden": False,
        "trunk": "t", "joined_at": JOINED, "left_at": left_at, "over_at": left_at, "answered_at": None,
        "wait_seconds": wait, "talk_seconds": None, "wrapup_seconds": None, "agents": (), "outcome": outcome,
        "queues": ("dvx",), "channels": ("1.1",), "is_rebuilt": False,
    }  # fmt: skip
    return Contact(**(known | what))


def attempt(disposition: str, *, talked: bool = False) -> AttemptMade:
    at = JOINED + timedelta(hours=1)
    return AttemptMade(at, disposition, at if talked else None)


def became(one: Contact, now: datetime = LATER, **after: Any) -> Outcome:
    return outcome_of(one, Aftermath(**after), Limits(), REDIAL_UNTIL, now)


@pytest.mark.parametrize(
    ("one", "after", "code"),
    [
        (contact(answered_at=JOINED, outcome="answered"), {}, "A"),
        (contact(outcome="waiting"), {}, "W"),
        (contact(outcome="key"), {"request": "reached"}, "O"),
        (contact(outcome="key"), {"request": "called_again"}, "O"),
        (contact(outcome="key"), {"request": "undecided"}, "O"),
        (contact(outcome="key"), {"request": "cancelled"}, "X"),
        (contact(outcome="key"), {"request": "refused"}, "X"),
        (contact(outcome="key"), {}, "X"),
        (contact(outcome="withdrawn"), {}, "X"),
        (contact(outcome="redirected"), {}, "X"),
        (contact(wait=10.0), {"answered_again_at": JOINED}, "S"),
        (contact(wait=10.001), {}, "M"),
        (contact(wait=4.0, outcome="key"), {"request": "unreachable"}, "M"),
        (contact(outcome="key"), {"request": "not_accepted"}, "M"),
        (contact(), {"answered_again_at": REDIAL_UNTIL}, "R"),
        (contact(), {"answered_again_at": REDIAL_UNTIL + timedelta(seconds=1)}, "M"),
        (contact(), {"answered_again_at": JOINED, "attempts": [attempt("reached", talked=True)]}, "R"),
        (contact(), {"attempts": [attempt("no_answer")]}, "C"),
        (contact(), {"attempts": [attempt("busy"), attempt("trunk_failed")]}, "C"),
        (contact(), {"attempts": [attempt("trunk_failed")]}, "E"),
        (contact(), {"attempts": [attempt("invalid_number"), attempt("unknown")]}, "E"),
        (contact(), {"decision": "anonymous"}, "E"),
        (contact(), {"decision": "blocked"}, "E"),
        (contact(number="", is_hidden=True), {}, "E"),
        (contact(number=""), {}, "E"),
        (contact(), {"never": "denied"}, "E"),
        (contact(), {"never": "not_dialable"}, "E"),
        (contact(), {"decision": "switched_off"}, "M"),
    ],
)  # fmt: skip
def test_a_contact_has_the_first_code_that_fits(one: Contact, after: dict[str, Any], code: str) -> None:
    assert became(one, **after).code == code


@pytest.mark.parametrize(
    ("one", "after"),
    [
        (contact(answered_at=JOINED, outcome="answered"), {}),
        (contact(outcome="key"), {"request": "reached"}),
        (contact(outcome="key"), {"request": "cancelled"}),
        (contact(outcome="withdrawn"), {}),
        (contact(wait=9), {}),
        (contact(), {"answered_again_at": REDIAL_UNTIL}),
    ],
)
def test_what_is_answered_kept_excluded_too_short_or_recovered_is_final_at_once(
    one: Contact, after: dict[str, Any]
) -> None:
    assert not became(one, JOINED, **after).is_provisional


def test_a_contact_that_waits_is_provisional_and_stands_in_no_balance() -> None:
    assert became(contact(outcome="waiting")) == Outcome("W", True, "")


@pytest.mark.parametrize(
    ("after", "balance"),
    [
        ({"answered_again_at": REDIAL_UNTIL}, "recovered_by_citizen"),
        ({"attempts": [attempt("reached", talked=True)], "callback": "reached"}, "recovered_by_us"),
        ({"attempts": [attempt("reached")]}, "recovered_by_us"),
        ({"attempts": [attempt("no_answer", talked=True)]}, "recovered_by_us"),
        ({"attempts": [attempt("no_answer")], "callback": "owed"}, "still_owed"),
        ({"attempts": [attempt("no_answer")], "callback": "unreachable"}, "tried_in_vain"),
        ({"decision": "anonymous"}, "hidden"),
        ({"attempts": [attempt("congestion")]}, "never_on_the_network"),
        ({"decision": "callback", "callback": "expired"}, "expired"),
        ({"decision": "out_of_budget"}, "out_of_budget"),
        ({}, "no_decision"),
    ],
)
def test_each_lost_contact_stands_in_the_balance_once(after: dict[str, Any], balance: str) -> None:
    assert became(contact(), **after).balance == balance


def test_a_contact_too_short_a_hidden_one_and_one_without_a_number_are_named_so_in_the_balance() -> None:
    ones = contact(wait=9), contact(number="", is_hidden=True), contact(number="")
    assert [became(one).balance for one in ones] == ["too_short", "hidden", "not_dialable"]


def test_seven_days_after_a_contact_attempts_count_no_more() -> None:
    left_at = contact().left_at
    assert became(contact(), left_at + timedelta(days=7) - timedelta(seconds=1)).is_provisional
    assert not became(contact(), left_at + timedelta(days=7)).is_provisional


def test_a_short_wait_settles_at_once_and_a_long_one_after_the_redial_and_seven_days() -> None:
    before, after = REDIAL_UNTIL - timedelta(seconds=1), JOINED + timedelta(days=7, minutes=1)
    assert not became(contact(wait=9), before).is_provisional
    assert became(contact(), before).is_provisional
    assert became(contact(), REDIAL_UNTIL + timedelta(hours=1)).is_provisional
    assert not became(contact(), after).is_provisional


def test_a_called_back_contact_may_still_turn_into_a_redial_until_the_deadline() -> None:
    made = [attempt("reached", talked=True)]
    assert became(contact(), REDIAL_UNTIL - timedelta(seconds=1), attempts=made).is_provisional
    assert not became(contact(), REDIAL_UNTIL, attempts=made).is_provisional


def test_an_open_request_is_ordered_and_provisional() -> None:
    outcome = became(contact(outcome="key"), request="on_hold")
    assert (outcome.code, outcome.is_provisional) == ("O", True)
