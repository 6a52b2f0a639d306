"""What is known of one contact among all that its days' figures rest on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ivr.figures.classes import Aftermath, AttemptMade, Never
from ivr.figures.evidence import Evidence, Joined, RequestMade, Seen, seen
from tests.unit.test_figure_classes import JOINED, NUMBER, contact

SECOND, WEEK = timedelta(seconds=1), timedelta(days=7)
LOST = contact()
CHANNEL = ("main", "1.1")
ITS = (1, "dvx")


def of(evidence: dict[str, Any], **what: Any) -> Seen:
    return seen(Evidence(**evidence), contact(**what))


def after(**evidence: Any) -> Aftermath:
    return of(evidence).after


def request(decision: str, callback_id: int | None, **what: Any) -> dict[str, Any]:
    made = RequestMade(what.get("at", LOST.left_at), what.get("queue", "dvx"), decision, callback_id)
    return {"requests": {CHANNEL: [made]}}


def test_of_a_contact_of_which_nothing_is_known_nothing_came_after() -> None:
    others = {
        "callbacks": {1: "owed"}, "attempts": {1: [AttemptMade(JOINED, "busy", None)]},
        "outside_attempts": {"+994551234567": [AttemptMade(LOST.left_at, "busy", None)]},
    }  # fmt: skip
    assert of(others) == Seen(LOST, Aftermath(), None, (), (), False)


@pytest.mark.parametrize(
    ("made", "state"),
    [
        (request("", None), "undecided"),
        (request("blocked", None), "not_accepted"),
        (request("callback", 7), "owed"),
        (request("callback", 8), "not_accepted"),
        (request("callback", 7, queue="emdx"), ""),
        (request("callback", 7, at=JOINED), "owed"),
        (request("callback", 7, at=JOINED - SECOND), ""),
    ],
)
def test_a_request_is_as_its_callback_is(made: dict[str, Any], state: str) -> None:
    assert after(**made, callbacks={7: "owed"}).request == state


def test_a_request_of_the_second_of_the_join_is_made_after_it() -> None:
    joined = JOINED + timedelta(milliseconds=700)
    found = of(request("", None, at=JOINED), joined_at=joined, left_at=joined)
    assert found.after.request == "undecided"


def test_of_several_requests_the_latest_counts() -> None:
    earlier, later = (RequestMade(LOST.left_at - SECOND * n, "dvx", "callback", 7 + n) for n in (1, 0))
    requests = {CHANNEL: [later, earlier]}
    assert after(requests=requests, callbacks={7: "reached", 8: "cancelled"}).request == "reached"


def test_attempts_are_those_of_the_request_else_of_the_decision_from_the_join_on() -> None:
    known = {
        "decisions": {ITS: ("callback", 5)}, "callbacks": {5: "unreachable", 7: "owed"},
        "attempts": {
            5: [AttemptMade(JOINED - SECOND, "busy", None), AttemptMade(JOINED, "no_answer", None)],
            7: [AttemptMade(JOINED + SECOND, "declined", None)],
        },
    }  # fmt: skip
    decided = after(**known)
    assert (decided.decision, decided.callback) == ("callback", "unreachable")
    assert [one.disposition for one in decided.attempts] == ["no_answer"]
    requested = after(**known, **request("callback", 7))
    assert (requested.callback, [one.disposition for one in requested.attempts]) == ("owed", ["declined"])


def test_attempts_of_others_count_from_the_end_of_the_contact_for_a_week() -> None:
    at = [LOST.left_at - SECOND, LOST.left_at, LOST.left_at + WEEK, LOST.left_at + WEEK + SECOND]
    made = [AttemptMade(one, "busy", None) for one in at]
    assert after(outside_attempts={NUMBER: made}).attempts == tuple(made[1:3])


def test_the_next_answer_counts_from_the_moment_the_contact_ended_in_any_structure() -> None:
    joined = [Joined(number, "emdx", JOINED, LOST.left_at + SECOND * number) for number in (-1, 9, 0, 4)]
    assert (
        after(joined={NUMBER: [*joined, Joined(5, "emdx", JOINED, None)]}).answered_again_at == LOST.left_at
    )


def test_a_citizen_comes_back_with_another_call_to_that_structure_after_the_contact_is_over() -> None:
    over = LOST.over_at
    joined = [
        Joined(2, "dvx", over, None), Joined(1, "dvx", over + SECOND, None),
        Joined(3, "emdx", over + SECOND, None), Joined(4, "dvx", over + SECOND * 9, None),
        Joined(5, "dvx", over + SECOND * 5, None),
    ]  # fmt: skip
    assert of({"joined": {NUMBER: joined}}).came_back_at == over + SECOND * 5


def test_what_came_after_an_answered_contact_is_not_looked_for() -> None:
    answered = {"answered_at": JOINED, "outcome": "answered"}
    known = {"decisions": {ITS: ("callback", 7)}, "callbacks": {7: "owed"}, **request("callback", 7)}
    assert of(known, **answered).after == Aftermath(decision="callback")


def test_a_number_that_is_never_called_is_asked_for_and_a_contact_without_one_is_not() -> None:
    def why_never(number: str) -> Never:
        return "denied" if number == NUMBER else "not_dialable"

    assert after(why_never=why_never).never == "denied"
    assert of({"why_never": why_never}, number="").after.never == ""


def test_ratings_are_those_of_its_queues_agents_on_its_channels() -> None:
    ratings = {CHANNEL: ("dvx", 5), ("main", "2.1"): ("emdx", 1), ("other", "1.1"): ("dvx", 2)}
    found = of({"ratings": ratings}, channels=("1.1", "2.1"))
    assert found.ratings == (5,)


def test_topics_and_sheets_are_those_of_the_call_in_that_structure() -> None:
    topics = {ITS: ["other"], (1, "emdx"): ["redirected"]}
    found = of({"topics": topics, "sheets": frozenset({ITS})})
    assert (found.topics, found.has_sheet) == (["other"], True)
    assert not of({"sheets": frozenset({(1, "emdx"), (2, "dvx")})}).has_sheet
