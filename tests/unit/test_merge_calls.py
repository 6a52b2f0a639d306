"""The rule book for two tellings of one call: which field wins, whoever is heard first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ivr.visits.identity import same_call
from ivr.visits.merge import call_merged
from ivr.visits.records import Call
from tests.unit.ami_lines import at


def both_ways(told: list[Any]) -> list[list[Any]]:
    return [told, told[::-1]]


def some(row: Call, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in names)


CALLED = Call("main", "c.1", "c.1", "inbound", at(0), at(0.1), at(30), caller="0501112233", trunk="provider")
LOGGED = CALLED._replace(
    source="queue_log", began_at=at(8), received_at=at(900), caller="050", trunk="", language="az"
)


def ended(call: Call, second: float, by: str = "caller") -> Call:
    return call._replace(ended_at=at(second), ended_by=by, last_seen_at=at(second))


def call_after(*told: Call, is_listened: bool = False) -> Call:
    row = told[0]
    for call in told[1:]:
        row = call_merged(row, call, is_listened=is_listened)
    return row


@pytest.mark.parametrize("order", both_ways([CALLED, LOGGED]))
def test_a_call_is_amis_with_what_queue_log_adds(order: Sequence[Call]) -> None:
    row = call_after(*order)
    assert some(row, "caller", "trunk", "language", "began_at", "source") == (
        "0501112233",
        "provider",
        "az",
        at(0),
        "ami",
    )


@pytest.mark.parametrize("first", [CALLED, LOGGED])
def test_the_later_word_of_one_source_about_a_call_is_taken(first: Call) -> None:
    assert call_after(first._replace(language="az"), first._replace(language="ru")).language == "ru"


@pytest.mark.parametrize("first", [CALLED, LOGGED])
def test_whose_call_it_is_is_told_by_who_heard_the_caller_s_number(first: Call) -> None:
    """A source that went on in the middle of a call knows neither."""
    ours = first._replace(origin="internal")
    assert call_after(ours, first._replace(caller="")).origin == "internal"
    assert call_after(ours, first).origin == "inbound"
    assert call_after(ours._replace(caller=""), first._replace(caller="")).origin == "inbound"


@pytest.mark.parametrize("order", both_ways([LOGGED, LOGGED._replace(received_at=at(950))]))
def test_the_first_word_of_a_call_stays_the_first_however_often_it_is_read(order: Sequence[Call]) -> None:
    assert call_after(*order).received_at == at(900)


@pytest.mark.parametrize("is_listened", [True, False])
def test_the_first_word_of_a_call_is_that_of_the_source_that_says_who_called(is_listened: bool) -> None:
    """queue_log was read before AMI was heard; without AMI's end its receipts are not AMI's."""
    read, heard = LOGGED._replace(received_at=at(9)), CALLED._replace(received_at=at(20))
    assert call_merged(read, heard, is_listened=is_listened).received_at == at(20)
    assert call_merged(heard, read, is_listened=is_listened).received_at == at(20)


def test_a_call_is_interrupted_if_the_source_that_knows_its_end_says_so() -> None:
    cut_off = ended(LOGGED, 40, "restart")._replace(is_interrupted=True)
    row = call_after(CALLED, cut_off)
    assert some(row, "caller", "ended_by", "is_interrupted") == ("0501112233", "restart", True)
    again = call_after(cut_off, CALLED._replace(last_seen_at=at(41)))
    assert some(again, "ended_at", "ended_by", "is_interrupted") == (None, "", False)


def test_a_call_ami_heard_of_late_began_when_queue_log_says() -> None:
    late = CALLED._replace(began_at=at(20))
    assert call_after(late, LOGGED).began_at == at(8)
    assert call_after(LOGGED, late).began_at == at(8)
    assert call_after(CALLED._replace(began_at=at(10.5)), LOGGED).began_at == at(10.5)


@pytest.mark.parametrize(
    ("row", "told", "is_listened", "end"),
    [
        (CALLED, ended(LOGGED, 40), False, 40),
        (CALLED, ended(LOGGED, 40), True, None),
        (ended(CALLED, 50), ended(LOGGED, 40), False, 50),
        (ended(CALLED, 50), ended(LOGGED, 52), False, 50),
        (ended(LOGGED, 40), ended(CALLED, 50), True, 50),
        (ended(LOGGED, 60), ended(CALLED, 50), True, 50),
        (ended(CALLED, 50), ended(CALLED, 45), True, 45),
        (ended(LOGGED, 40), ended(LOGGED, 70), False, 70),
        (ended(LOGGED, 40, ""), ended(CALLED, 41, ""), False, 40),
        (ended(LOGGED, 40, ""), ended(CALLED, 43, ""), False, 43),
        (ended(LOGGED, 40, ""), ended(CALLED, 42.5, ""), False, 40),
        (ended(LOGGED, 40), CALLED._replace(last_seen_at=at(41)), True, None),
        (ended(LOGGED, 40), CALLED._replace(last_seen_at=at(40)), True, 40),
        (ended(CALLED, 40), CALLED._replace(last_seen_at=at(30)), True, 40),
    ],
)
def test_the_end_of_a_call_is_told_by_who_knows_it(
    row: Call, told: Call, is_listened: bool, end: float | None
) -> None:
    found = call_after(row, told, is_listened=is_listened)
    assert found.ended_at == (None if end is None else at(end))
    assert (found.ended_by == "") == (end is None or "" == row.ended_by == told.ended_by)


def test_the_last_sign_of_a_call_is_the_latest_of_both() -> None:
    assert call_after(CALLED, LOGGED._replace(last_seen_at=at(35))).last_seen_at == at(35)
    assert call_after(LOGGED._replace(last_seen_at=at(35)), CALLED).last_seen_at == at(35)


def test_the_channel_a_call_was_stored_under_stays_its_own() -> None:
    theirs = LOGGED._replace(uniqueid="c.2")
    assert call_merged(CALLED, theirs, is_listened=False).uniqueid == CALLED.uniqueid
    assert call_merged(theirs, CALLED, is_listened=True).uniqueid == theirs.uniqueid


FOUR_HOURS = 4 * 3600.0


@pytest.mark.parametrize(
    ("row", "told_at", "found"),
    [
        (ended(CALLED, 50), 50 + FOUR_HOURS, True),
        (ended(CALLED, 50), 51 + FOUR_HOURS, False),
        (ended(CALLED, 50)._replace(is_interrupted=True), 52.5, True),
        (ended(CALLED, 50)._replace(is_interrupted=True), 53, False),
        (CALLED, 30 + FOUR_HOURS, True),
        (CALLED, 31 + FOUR_HOURS, False),
    ],
)
def test_a_linkedid_used_again_after_a_restart_or_hours_later_is_another_call(
    row: Call, told_at: float, found: bool
) -> None:
    later = LOGGED._replace(began_at=at(told_at), last_seen_at=at(told_at + 5))
    assert (same_call(later, [row]) is not None) == found
    assert (same_call(row, [later._replace(is_interrupted=row.is_interrupted)]) is not None) == found


def test_a_call_with_the_same_beginning_is_the_same_call_and_else_the_nearest() -> None:
    first, second = CALLED, CALLED._replace(began_at=at(100))
    assert same_call(LOGGED._replace(began_at=at(90)), [first, second]) is second
    assert same_call(CALLED, [second, first]) is first
    odd = CALLED._replace(ended_at=at(-FOUR_HOURS * 2), last_seen_at=at(-FOUR_HOURS * 2))
    assert same_call(odd, [odd._replace(ended_at=None)]) is not None
    assert same_call(CALLED, []) is None
