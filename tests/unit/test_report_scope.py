"""Every figure of one scope, from sums in which each has a number of its own."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ivr.config.model import Targets
from ivr.figures.classes import Limits
from ivr.figures.inquiries import KindSums, SheetSums
from ivr.figures.kpis import Basis, scope
from ivr.figures.parts import AGENTS, WHOLE_DAY, Cell, CellKey, Parts
from ivr.reports.scope import Attempts, MissedCalls, ScopeFigures, figures

CODES: Mapping[str, Cell] = {
    "A": Cell(
        100, 1, 500_000, 900_000, 100_000, 40, {5: 60, 31: 40},
        {"with_sheet": 7, "topic:other": 30, "topic:a:b": 2, "asked": 20, "rated:5": 8, "rated:3": 1,
         "hidden:t": 3, "rebuilt": 4, "known": 90, "resolved": 70, "missed": 2},
    ),
    "O": Cell(10, 2, tallies={"called_back_talked": 4, "callback_clock:9": 4, "callback_service:8": 4}),
    "X": Cell(5, 4, tallies={"key_unknown": 2, "key": 3}),
    "S": Cell(6, 0, 30_000, waits={4: 6}, tallies={"balance:too_short": 6, "missed": 6}),
    "R": Cell(7, 8, 99_000, waits={20: 7}, tallies={"balance:recovered_by_citizen": 7, "missed": 7}),
    "C": Cell(
        8, 16, waits={20: 1, 50: 7},
        tallies={"balance:recovered_by_us": 5, "balance:tried_in_vain": 3, "missed": 7,
                 "undecided:not_decided": 1, "called_back_talked": 5, "callback_clock:9": 1,
                 "callback_clock:30": 4, "callback_service:8": 5},
    ),
    "E": Cell(9, 32, tallies={"balance:hidden": 9, "hidden:t": 9, "hidden:": 1, "missed": 9, "rebuilt": 2}),
    "M": Cell(11, 64, tallies={"balance:expired": 11, "undecided:left_by_key": 11}),
    "W": Cell(3, 3),
}  # fmt: skip
PARTS: Parts = {CellKey("dvx", 20, code): cell for code, cell in CODES.items()} | {
    CellKey("dvx", WHOLE_DAY, AGENTS): Cell(4)
}
SHEETS = SheetSums(
    True, {"proposal": KindSums(1, 2, 3, 4, 5), "complex_question": KindSums(10, 20, 30, 40, 50)}
)
ATTEMPTS = Attempts({1: {"busy": 2}}, {9: {"busy": 1}, 10: {"busy": 1}})


def of(parts: Parts) -> ScopeFigures:
    basis = Basis((), Targets(), Limits(), is_running=False, are_attempts_known=True, are_sheets_known=True)
    return figures("dvx", scope(parts, "dvx"), SHEETS, ATTEMPTS, basis)


@pytest.fixture
def found() -> ScopeFigures:
    return of(PARTS)


def test_contacts_are_counted_by_what_became_of_them(found: ScopeFigures) -> None:
    assert (found.name, found.contacts, found.answered, found.ordered) == ("dvx", 156, 100, 10)
    assert (found.excluded, found.lost, found.waiting, found.provisional) == (5, 41, 3, 130)
    assert found.lost_slices == {
        "called_again": 7, "called_back": 8, "impossible": 9, "too_short": 6, "not_called_back": 11,
    }  # fmt: skip
    assert (found.reached, found.answered_including_callbacks) == (5, 115)


def test_means_are_of_answered_contacts_and_of_the_days_of_agents(found: ScopeFigures) -> None:
    assert (found.mean_wait_seconds, found.mean_handle_seconds) == (5.0, 10.0)
    assert (found.mean_too_short_seconds, found.is_wrapup_measured) == (5.0, True)
    assert (found.agent_days, found.answered_per_agent_day) == (4, 25.0)
    assert found.talk_seconds_per_agent_day == 225.0


def test_where_nothing_was_answered_and_nobody_worked_no_mean_is_measured() -> None:
    empty = of({CellKey("dvx", 20, "M"): Cell(5)})
    means = (
        empty.mean_wait_seconds, empty.mean_handle_seconds, empty.mean_too_short_seconds,
        empty.answered_per_agent_day, empty.talk_seconds_per_agent_day,
    )  # fmt: skip
    assert (means, empty.is_wrapup_measured, empty.waits) == ((None,) * 5, False, {})
    unmeasured = of({CellKey("dvx", 20, "A"): Cell(5, talk_ms=50_000)})
    assert (unmeasured.is_wrapup_measured, unmeasured.mean_handle_seconds) == (False, 10.0)


def test_directions_are_of_contacts_and_sheets(found: ScopeFigures) -> None:
    assert found.directions == {
        "answered_at_once": 93, "inquiry_answered_by_centre": 33, "inquiry_sent_on": 44,
        "lost_without_contact": 29,
    }  # fmt: skip
    assert found.inquiries == SHEETS


def test_names_are_counted_over_the_cells_that_have_them(found: ScopeFigures) -> None:
    assert found.topics == {"other": 30, "a:b": 2}
    assert found.hidden_numbers == {"t": 12, "": 1}
    assert sum(found.balance.values()) == found.lost
    assert found.balance["tried_in_vain"] == 3
    assert (found.unknown_key_exits, found.rebuilt, found.asked) == (2, 6, 20)
    assert found.ratings == {5: 8, 3: 1}
    assert found.missed_calls == MissedCalls(31, {"not_decided": 1, "left_by_key": 11}, {"answered": 2})


def test_histograms_are_of_whole_seconds_and_minutes(found: ScopeFigures) -> None:
    assert found.waits == {5: 60, 31: 40}
    assert found.lost_waits == {4: 6, 20: 8, 50: 7}
    assert found.callback_clock == {9: 5, 30: 4}
    assert found.callback_service == {8: 9}
    assert (found.attempts, found.attempts_by_hour) == (ATTEMPTS.by_number, ATTEMPTS.by_hour)


def test_every_kpi_is_there_by_its_name(found: ScopeFigures) -> None:
    assert {name: kpi.name for name, kpi in found.kpis.items()} == {name: name for name in found.kpis}
    assert found.kpis["accepted_overall"].value == pytest.approx(100 / 156 * 100)
    assert len(found.kpis) == 10
