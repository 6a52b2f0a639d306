"""Each KPI by its formula, from sums that are known; what nothing feeds is no number."""

from __future__ import annotations

from datetime import date

import pytest

from ivr.config.model import Targets
from ivr.figures.classes import Code, Limits
from ivr.figures.inquiries import DatedSheet, sheet_sums
from ivr.figures.kpis import Basis, Kpi, Missing, kpis, mean_seconds, percentile, scope, within
from ivr.figures.parts import ALL, MINUTES, Cell, CellKey, Parts

FIRST, LAST = date(2024, 5, 1), date(2024, 5, 31)


def basis(*sheets: DatedSheet, is_running: bool = False, known: bool = True) -> Basis:
    return Basis(sheets, Targets(), Limits(), is_running, known, bool(sheets))


def of(parts: Parts, given: Basis | None = None, structure: str = ALL) -> dict[str, Kpi]:
    given = given or basis()
    sheets = sheet_sums(given.sheets, FIRST, LAST)
    sheets.is_fed = given.are_sheets_known
    return {kpi.name: kpi for kpi in kpis(scope(parts, structure), sheets, given)}


def parts(**counts: int) -> Parts:
    """So many contacts of each code in one half hour of `dvx`."""
    return {CellKey("dvx", 20, code): Cell(count=count) for code, count in counts.items()}


YEAR: Parts = parts(A=800, O=20, X=30, S=30, R=60, C=30, E=10, M=20)


def test_the_published_formulas_hold() -> None:
    YEAR[CellKey("dvx", 20, "C")].tallies["called_back_talked"] = 12
    found = of(YEAR)
    assert found["accepted_overall"].value == pytest.approx(800 / 1000 * 100)
    assert found["lost_after"].value == pytest.approx((150 - 30) / 1000 * 100)
    assert found["callback_level"].value == pytest.approx((60 + 30) / (150 - 30 - 10) * 100)
    assert found["reach_level"].value == pytest.approx((60 + 12) / (150 - 30 - 10) * 100)


def test_a_request_that_was_kept_is_no_lost_contact_that_talked() -> None:
    given = parts(A=1, C=4) | {CellKey("dvx", 20, "O"): Cell(count=5, tallies={"called_back_talked": 5})}
    assert of(given)["reach_level"].part == 0


def test_first_contact_resolution_is_that_of_known_numbers_and_may_change_for_a_week() -> None:
    tallies = {"known": 8, "resolved": 6}
    found = of({CellKey("dvx", 20, "A"): Cell(count=9, tallies=tallies)})["first_contact_resolution"]
    assert (found.value, found.is_provisional) == (75.0, False)
    young = Cell(count=9, tallies=tallies | {"resolved_provisional": 1})
    assert of({CellKey("dvx", 20, "A"): young})["first_contact_resolution"].is_provisional


def test_a_line_as_long_down_as_up_is_half_available() -> None:
    assert of({CellKey(ALL, 20, MINUTES): Cell(tallies={"up": 5, "down": 5})})["availability"].value == 50.0


def test_exactly_thirty_seconds_is_in_time() -> None:
    sums = scope({CellKey("dvx", 20, "A"): Cell(count=3, waits={30: 2, 31: 1})}, ALL)
    assert within(sums, 30.0) == 2


def test_ratings_of_four_and_five_satisfy() -> None:
    cell = Cell(count=9, tallies={"asked": 6, "rated:5": 2, "rated:4": 1, "rated:3": 1})
    assert of({CellKey("dvx", 20, "A"): cell})["satisfaction"].value == pytest.approx(75.0)


def test_a_target_is_met_at_its_very_value_whichever_way_it_points() -> None:
    assert of(parts(A=90, M=10))["accepted_overall"].met is True
    assert of(parts(A=95, M=5))["lost_after"].met is True
    assert of(parts(A=94, M=6))["lost_after"].met is False
    assert of(parts(A=89, M=11))["accepted_overall"].met is False
    assert of(parts(A=90, M=10))["accepted_overall"].target == 90
    assert of(YEAR)["reach_level"].met is None, "the ministry sets none"


def test_inquiries_are_a_share_of_the_answered_and_days_until_the_centre_answered_them() -> None:
    first, last = date(2024, 5, 2), date(2024, 5, 5)
    open_one, closed = sheet(first, None, ""), sheet(first, last, "answered_by_centre")
    found = of(parts(A=10), basis(open_one, closed))
    assert (found["inquiry_share"].value, found["inquiry_answer_days"].value) == (20.0, 3.0)
    assert of(parts(M=5), basis(closed))["inquiry_share"].missing == "no_contacts"
    assert of(parts(A=5), basis(open_one))["inquiry_answer_days"].missing == "none_closed"


@pytest.mark.parametrize(
    ("name", "given", "missing"),
    [
        ("accepted_overall", {}, "no_contacts"),
        ("callback_level", parts(A=5, S=2), "nothing_to_call_back"),
        ("first_contact_resolution", parts(A=5), "no_known_numbers"),
        ("satisfaction", parts(A=5), "no_surveys"),
        ("satisfaction", {CellKey("dvx", 20, "A"): Cell(count=5, tallies={"asked": 3})}, "no_ratings"),
        ("availability", parts(A=5), "no_minutes"),
        ("availability", {CellKey(ALL, 20, MINUTES): Cell(tallies={"unknown": 30})}, "no_minutes"),
        ("inquiry_share", parts(A=5), "no_inquiries"),
        ("inquiry_answer_days", parts(A=5), "no_inquiries"),
    ],
)
def test_what_nothing_feeds_has_a_reason_and_no_value(name: str, given: Parts, missing: Missing) -> None:
    kpi = of(given)[name]
    assert (kpi.value, kpi.met, kpi.missing) == (None, None, missing)


def test_without_any_attempt_known_nobody_can_say_who_was_called_back() -> None:
    found = of(YEAR, basis(known=False))
    assert [found[name].missing for name in ("callback_level", "reach_level")] == ["no_attempts"] * 2


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("O", {"lost_after", "callback_level", "reach_level"}),
        ("M", {"callback_level", "reach_level"}),
        ("W", {"accepted_within", "accepted_overall", "lost_after", "callback_level", "reach_level"}),
    ],
)
def test_only_figures_that_may_still_change_are_provisional(code: Code, changes: set[str]) -> None:
    given = parts(A=10, M=10) | {CellKey("dvx", 21, code): Cell(count=1, provisional=1)}
    assert {name for name, kpi in of(given).items() if kpi.is_provisional} == changes


def test_every_figure_of_a_period_that_is_not_over_is_provisional() -> None:
    assert all(kpi.is_provisional for kpi in of(YEAR, basis(is_running=True)).values())


def test_a_structure_has_its_own_cells_and_the_minutes_of_the_hotline() -> None:
    given = parts(A=10) | {
        CellKey("emdx", 20, "A"): Cell(count=5),
        CellKey(ALL, 20, MINUTES): Cell(tallies={"up": 29, "down": 1, "unknown": 30}),
    }
    assert (scope(given, ALL).contacts, scope(given, "emdx").contacts) == (15, 5)
    assert of(given, structure="emdx")["availability"].value == pytest.approx(29 / 30 * 100)


def sheet(opened: date, closed: date | None, outcome: str, kind: str = "complex_question") -> DatedSheet:
    return DatedSheet(kind, "dvx", opened, closed, outcome)


def test_sheets_are_prepared_when_opened_answered_when_closed_and_carried_between() -> None:
    april, may, june = date(2024, 4, 20), date(2024, 5, 10), date(2024, 6, 3)
    sums = sheet_sums(
        [
            sheet(june, june, "sent_on", "complaint_about_third_party"),
            sheet(april, None, "sent_on", "reception_booking"),
            sheet(april, may, "answered_by_centre"),
            sheet(may, may, "answered_by_centre"),
            sheet(may, june, "answered_by_centre"),
            sheet(may, None, ""),
            sheet(may, None, "sent_on", "proposal"),
            sheet(april, april, "answered_by_centre"),
            sheet(june, None, ""),
            sheet(FIRST, LAST, "sent_on", "proposal"),
        ],
        FIRST,
        LAST,
    )
    query, proposal = sums.kinds["complex_question"], sums.kinds["proposal"]
    assert (query.prepared, query.carried_in, query.answered_by_centre, query.carried_out) == (3, 1, 2, 2)
    assert (proposal.prepared, proposal.carried_in, proposal.sent_on, proposal.carried_out) == (2, 0, 2, 0)
    assert sums.kinds.keys() == {"complex_question", "proposal"}
    assert (sums.queries_closed, sums.days_to_close) == (2, 20)


def test_a_median_is_the_least_value_half_lie_at_or_below() -> None:
    assert [percentile({1: 1, 2: 1, 9: 2}, percent) for percent in (25, 50, 95)] == [1, 2, 9]
    assert percentile({1: 4960, 2: 5040}, 50) == 2
    assert percentile({}, 50) is None
    assert (mean_seconds(3000, 2), mean_seconds(0, 0)) == (1.5, None)
