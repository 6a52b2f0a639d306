"""A day's evidence as parts: which half hour, which sums, which tallies; and the parts as text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ivr.calls.opening_hours import Schedule
from ivr.figures.classes import AttemptMade
from ivr.figures.contacts import Contact
from ivr.figures.day import OtherCounts, Rules, counted
from ivr.figures.evidence import Evidence, Joined, OtherMissedCall, RequestMade
from ivr.figures.kpis import Scope, scope
from ivr.figures.parts import (
    ALL,
    Cell,
    CellKey,
    Parts,
    from_text,
    to_text,
)
from ivr.reports.scope import MissedCalls, missed_calls
from tests.unit.test_figure_classes import NUMBER, contact

BAKU = ZoneInfo("Asia/Baku")
TUESDAY = date(2024, 5, 14)
NOON = datetime(2024, 5, 14, 12, tzinfo=BAKU)
NOW = datetime(2024, 7, 1, tzinfo=UTC)
RULES = Rules(Schedule(BAKU, dict.fromkeys(range(5), ((9 * 3600, 18 * 3600),)), (), {}))
NOTHING = OtherCounts({}, {})
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)


def lost(at: datetime = NOON, wait: float = 40.0, **what: Any) -> Contact:
    left_at = at + timedelta(seconds=wait)
    return contact(wait, joined_at=at, left_at=left_at, over_at=left_at, **what)


def answered(at: datetime = NOON, wait: float = 20.0, talk: float = 100.0, **what: Any) -> Contact:
    end = at + timedelta(seconds=wait + talk)
    known: dict[str, Any] = {
        "joined_at": at, "answered_at": at + timedelta(seconds=wait), "over_at": end, "left_at": end,
        "talk_seconds": talk, "outcome": "answered", "agents": ("PJSIP/1101",),
    }  # fmt: skip
    return contact(wait, **(known | what))


def parts_of(*contacts: Contact, **evidence: Any) -> Parts:
    return counted(Evidence(contacts={TUESDAY: contacts}, **evidence), TUESDAY, NOTHING, RULES, NOW)


def cell_of(code: str, *contacts: Contact, **evidence: Any) -> Cell:
    """The one cell of that code."""
    (found,) = (cell for key, cell in parts_of(*contacts, **evidence).items() if key.code == code)
    return found


@pytest.mark.parametrize(
    ("hour", "minute", "half_hour"), [(0, 0, 0), (0, 29, 0), (0, 30, 1), (12, 0, 24), (23, 59, 47)]
)
def test_a_contact_belongs_to_the_local_half_hour_of_its_first_join(
    hour: int, minute: int, half_hour: int
) -> None:
    at = datetime(2024, 5, 14, hour, minute, tzinfo=BAKU)
    assert CellKey("dvx", half_hour, "A") in parts_of(answered(at))


def test_a_cell_adds_counts_milliseconds_and_waits_rounded_up() -> None:
    waited: dict[str, Any] = {"wrapup_seconds": 5.5, "wait": 30.0}
    cell = cell_of("A", answered(wait=20.0), answered(wait=20.001), answered(**waited), answered(**waited))
    assert (cell.count, cell.wait_ms, cell.talk_ms) == (4, 100_001, 400_000)
    assert (cell.wrapup_ms, cell.handled) == (11_000, 2)
    assert cell.waits == {20: 1, 21: 1, 30: 2}


def test_a_caller_who_comes_back_within_a_week_was_not_served_at_the_first_contact() -> None:
    first = answered()
    week = first.over_at + timedelta(days=7)
    for moment, resolved in ((week, 0), (week + timedelta(milliseconds=1), 1)):
        cell = cell_of("A", first, joined={NUMBER: [Joined(2, "dvx", moment, None)]})
        assert (cell.tallies["known"], cell.tallies.get("resolved", 0)) == (1, resolved)


@pytest.mark.parametrize(
    "other", [Joined(2, "emdx", NOON + timedelta(days=1), None), Joined(1, "dvx", NOON, None)]
)
def test_another_structure_or_the_call_itself_is_no_return(other: Joined) -> None:
    assert cell_of("A", answered(), joined={NUMBER: [other]}).tallies["resolved"] == 1


def test_whose_number_is_unknown_counts_for_no_first_contact() -> None:
    assert "known" not in cell_of("A", answered(number="")).tallies


@pytest.mark.parametrize(
    ("again", "code"),
    [
        (NOON + timedelta(hours=2), "R"),
        (datetime(2024, 5, 15, 18, tzinfo=BAKU), "R"),
        (datetime(2024, 5, 15, 18, 0, 1, tzinfo=BAKU), "M"),
    ],
)
def test_an_answer_recovers_a_lost_contact_until_the_next_working_day_closes(
    again: datetime, code: str
) -> None:
    """In any structure."""
    cell = cell_of(code, lost(), joined={NUMBER: [Joined(2, "emdx", again, again)]})
    assert cell.count == 1


def test_the_same_call_answered_later_recovers_a_caller_who_hides_the_number() -> None:
    hidden = lost(number="", is_hidden=True)
    later = NOON + timedelta(minutes=5)
    assert cell_of("R", hidden, joined={"call 1": [Joined(1, "emdx", later, later)]}).count == 1


def test_our_attempts_count_by_the_callback_and_others_by_number_for_seven_days() -> None:
    one = lost()
    own = {"decisions": {(1, "dvx"): ("callback", 7)}, "callbacks": {7: "unreachable"}}
    at = NOON + timedelta(hours=1)
    assert cell_of("C", one, **own, attempts={7: [AttemptMade(at, "no_answer", None)]}).count == 1
    for late, code in ((timedelta(days=7), "C"), (timedelta(days=7, seconds=1), "M")):
        made = AttemptMade(one.left_at + late, "busy", None)
        assert cell_of(code, one, outside_attempts={NUMBER: [made]}).count == 1


def test_a_citizen_we_talked_to_counts_with_the_minutes_until_then() -> None:
    at = lost().left_at + timedelta(seconds=61)
    made = AttemptMade(at, "reached", at)
    cell = cell_of("C", lost(), outside_attempts={NUMBER: [made]})
    assert cell.tallies["called_back_talked"] == 1
    assert cell.tallies["callback_clock:2"] == cell.tallies["callback_service:2"] == 1


def test_a_citizen_we_talked_to_before_the_wait_was_over_waited_no_minute_for_it() -> None:
    own = {"decisions": {(1, "dvx"): ("callback", 7)}, "callbacks": {7: "reached"}}
    at = NOON + timedelta(seconds=10)
    cell = cell_of("C", lost(wait=600.0), **own, attempts={7: [AttemptMade(NOON, "reached", at)]})
    assert cell.tallies["callback_clock:0"] == cell.tallies["callback_service:0"] == 1


def test_a_request_that_was_kept_counts_with_the_minutes_until_then() -> None:
    left = lost(outcome="key")
    kept = {"requests": {("main", "1.1"): [RequestMade(left.left_at, "dvx", "callback", 7)]}}
    at = left.left_at + timedelta(minutes=5)
    made = {7: [AttemptMade(at, "reached", at)]}
    assert (
        cell_of("O", left, **kept, callbacks={7: "reached"}, attempts=made).tallies["callback_clock:5"] == 1
    )
    owed = cell_of("O", left, **kept, callbacks={7: "owed"}, attempts=made)
    assert "called_back_talked" not in owed.tallies


def test_a_request_made_in_a_queue_belongs_to_the_contact_of_that_queue() -> None:
    left = lost(outcome="key")
    request = {("main", "1.1"): [RequestMade(left.left_at, "dvx", "callback", 7)]}
    assert cell_of("O", left, requests=request, callbacks={7: "reached"}).count == 1
    elsewhere = {("main", "1.1"): [RequestMade(left.left_at, "emdx", "callback", 7)]}
    assert cell_of("X", left, requests=elsewhere, callbacks={7: "reached"}).count == 1


def test_only_contacts_that_may_change_are_provisional() -> None:
    found = counted(
        Evidence(contacts={TUESDAY: [lost(), lost(), lost(wait=5.0)]}), TUESDAY, NOTHING, RULES, NOON
    )
    assert {key.code: (one.count, one.provisional) for key, one in found.items() if key.code in "SM"} == {
        "S": (1, 0), "M": (2, 2),
    }  # fmt: skip


def test_a_first_contact_may_prove_vain_for_seven_days() -> None:
    first = answered()
    for now, number in ((first.over_at + WEEK - HOUR, 1), (first.over_at + WEEK, 0)):
        (one,) = (
            cell
            for key, cell in counted(Evidence({TUESDAY: [first]}), TUESDAY, NOTHING, RULES, now).items()
            if key.code == "A"
        )
        assert (one.tallies["resolved"], one.tallies.get("resolved_provisional", 0)) == (1, number)


def test_contacts_only_queue_log_reports_and_keys_they_left_by_are_counted_apart() -> None:
    of_both = cell_of("X", lost(outcome="key"), lost(outcome="withdrawn"))
    assert of_both.tallies == {"key": 1}
    rebuilt = cell_of("X", lost(outcome="key", is_rebuilt=True))
    assert rebuilt.tallies == {"key_unknown": 1, "rebuilt": 1}
    request = {("main", "1.1"): [RequestMade(lost().left_at, "dvx", "blocked", None)]}
    assert not {"key", "key_unknown"} & cell_of("M", lost(outcome="key"), requests=request).tallies.keys()


def test_topics_sheets_and_ratings_count_in_the_contacts_cell() -> None:
    cell = cell_of(
        "A",
        answered(),
        topics={(1, "dvx"): ["other", "redirected", "other"]},
        sheets=frozenset({(1, "dvx")}),
        ratings={("main", "1.1"): ("dvx", 5)},
    )
    wanted = {"topic:other": 2, "topic:redirected": 1, "with_sheet": 1, "asked": 1, "rated:5": 1}
    assert wanted.items() <= cell.tallies.items()


def test_a_rating_counts_for_the_contact_whose_queue_s_agent_is_rated() -> None:
    both = answered(queues=("dvx", "aparat")), answered(structure="emdx", queues=("emdx",))
    parts = parts_of(*both, ratings={("main", "1.1"): ("aparat", 5)})
    rated = {key.structure: cell.tallies.get("rated:5", 0) for key, cell in parts.items() if key.code == "A"}
    assert rated == {"dvx": 1, "emdx": 0}


def test_nobody_could_be_called_at_a_number_of_a_kind_that_is_never_called() -> None:
    abroad = lost(number="+4930123456")
    codes = parts_of(abroad, lost(), why_never=lambda number: "not_dialable" if number[1] == "4" else "")
    assert {key.code: cell.count for key, cell in codes.items() if key.code in "EM"} == {"E": 1, "M": 1}


def decided(*structures: tuple[int, str]) -> dict[tuple[int, str], tuple[str, None]]:
    return dict.fromkeys(structures, ("switched_off", None))


def differing(structure: str, *contacts: Contact, **evidence: Any) -> tuple[Scope, MissedCalls]:
    sums = scope(parts_of(*contacts, **evidence), structure)
    return sums, missed_calls(sums)


def test_missed_calls_differ_from_the_lost_by_reasons_that_account_for_every_one() -> None:
    request = [RequestMade(NOON, "dvx", "out_of_budget", None)]
    cancelled = [RequestMade(NOON, "dvx", "callback", 7)]
    made = {
        "decisions": decided((1, "dvx"), (2, "dvx"), (5, "dvx"), (6, "dvx")),
        "requests": {("main", "3.1"): request, ("main", "5.1"): cancelled},
        "callbacks": {7: "cancelled"},
        "other_missed": [OtherMissedCall(NOON, "dvx", "callback"), OtherMissedCall(NOON, "emdx", "internal"),
                         OtherMissedCall(NOON + timedelta(days=1), "dvx", "internal")],
    }  # fmt: skip
    contacts = (
        lost(), answered(call_id=2), lost(call_id=3, channels=("3.1",), outcome="key"), lost(call_id=4),
        lost(call_id=5, channels=("5.1",)), lost(call_id=6, outcome="waiting"), lost(call_id=7, wait=5.0),
        lost(call_id=8, structure="emdx"),
    )  # fmt: skip
    sums, found = differing(ALL, *contacts, **made)
    assert found.lost_undecided == {"left_by_key": 1, "not_decided": 3}
    assert found.decided_not_lost == {
        "answered": 1, "excluded": 1, "waiting": 1, "callback": 1, "internal": 1,
    }  # fmt: skip
    out, more = sum(found.lost_undecided.values()), sum(found.decided_not_lost.values())
    assert (sums.lost, found.decided) == (5, 6)
    assert found.decided == sums.lost + more - out
    assert differing("emdx", *contacts, **made)[1] == MissedCalls(1, {"not_decided": 1}, {"internal": 1})


def test_lost_contacts_that_all_have_their_decision_are_the_missed_calls() -> None:
    assert differing("dvx", lost(), decisions=decided((1, "dvx")))[1] == MissedCalls(1, {}, {})


def test_names_from_elsewhere_stay_whole_whatever_they_hold() -> None:
    found = parts_of(
        lost(number="", is_hidden=True, trunk="balance:ə 1"), topics={(1, "dvx"): ["rated:5", "a:b"]}
    )
    sums = scope(from_text(to_text(found)), ALL)
    assert sums.tallies("hidden:") == {"balance:ə 1": 1}
    assert sums.tallies("topic:") == {"rated:5": 1, "a:b": 1}
    assert (sums.tallies("rated:"), sums.tallies("balance:")) == ({}, {"hidden": 1})
