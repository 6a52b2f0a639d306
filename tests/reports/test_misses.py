"""Made weeks in which one structure, or some hours, make a target be missed: the sentence names them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from ivr.config.model import Targets
from ivr.figures.classes import Limits
from ivr.figures.inquiries import DatedSheet
from ivr.figures.kpis import Basis, KpiName
from ivr.figures.misses import Block, Miss, misses
from ivr.figures.parts import ALL, MINUTES, Cell, CellKey, Parts, added, cell
from ivr.figures.period_sums import summed
from ivr.reports.report import Report, scopes_of
from ivr.reports.rows import label_of, rows
from ivr.reports.sentences import sentences
from ivr.reports.words import PaperLanguage
from tests.reports.made import empty_report
from tests.reports.papers import plain

MONDAY = date(2024, 5, 13)
WORKDAYS = range(5)
HALF_HOURS = range(18, 36)
Days = Mapping[date, Parts]


def calm_week() -> dict[date, Parts]:
    """A hundred answered at once in each half hour: a tenth of them in the Apparatus, the rest in DVX."""
    days: dict[date, Parts] = {MONDAY + timedelta(days=day): {} for day in range(7)}
    for day, half_hour in at(WORKDAYS, HALF_HOURS):
        for structure, number in (("dvx", 90), ("aparat", 10)):
            add(days, day, half_hour, structure, "A", number, wait=5)
        minutes = cell(days[MONDAY + timedelta(days=day)], CellKey(ALL, half_hour, MINUTES))
        minutes.tallies = {"up": 30, "down": 0, "unknown": 0}
    return days


def at(weekdays: Sequence[int], half_hours: Sequence[int]) -> Iterator[tuple[int, int]]:
    return ((day, half_hour) for day in weekdays for half_hour in half_hours)


def add(
    days: Days,
    weekday: int,
    half_hour: int,
    structure: str,
    code: str,
    number: int,
    *,
    wait: int,
    **tallies: int,
) -> None:
    """So many contacts with that wait."""
    found = cell(days[MONDAY + timedelta(days=weekday)], CellKey(structure, half_hour, code))
    found.add(Cell(number, 0, wait * number * 1000, waits={wait: number}, tallies=dict(tallies)))


def report_of(
    days: Days, sheets: Sequence[DatedSheet] = (), structures: Sequence[str] = ("dvx", "aparat")
) -> Report:
    empty = empty_report()
    basis = Basis(
        sheets, Targets(), Limits(), is_running=False, are_attempts_known=True, are_sheets_known=bool(sheets)
    )
    sums = summed(days.items(), label_of("day"))
    scopes = scopes_of(sums.whole, empty.period, structures, basis)
    found = misses(scopes[0].kpis, {one.name: one.kpis for one in scopes[1:]}, sums.by_weekday, Limits())
    of_days = rows(sums, empty.period, ALL, "day", basis)
    return replace(empty, scopes=scopes, misses=found, by="day", rows=of_days)


def only_miss(report: Report, kpi: KpiName) -> Miss:
    (found,) = (miss for miss in report.misses if miss.kpi.name == kpi)
    return found


def said(report: Report, kpi: KpiName, language: PaperLanguage) -> str:
    (sentence,) = sentences([only_miss(report, kpi)], report, language)
    return plain(sentence)


def test_a_target_that_is_met_has_no_sentence() -> None:
    report = report_of(calm_week())
    assert not report.misses
    assert sentences(report.misses, report, "en") == []


def slow_mornings() -> Report:
    """Both are slow all week; DVX has most of it, on Monday and Tuesday 10:00-12:00 more than elsewhere."""
    days = calm_week()
    for day, half_hour in at(WORKDAYS, HALF_HOURS):
        add(days, day, half_hour, "dvx", "A", 40, wait=90)
        add(days, day, half_hour, "aparat", "A", 5, wait=90)
    for day, half_hour in at((0, 1), range(20, 24)):
        add(days, day, half_hour, "dvx", "A", 600, wait=120)
    return report_of(days)


def test_slow_answers_are_laid_to_the_structure_and_the_mornings_that_were_slow() -> None:
    report = slow_mornings()
    assert only_miss(report, "accepted_within").block == Block((0, 1), 10, 12)
    assert said(report, "accepted_within", "en") == (
        "Accepted within 30 seconds is 50.4 % instead of 80 %: DVX accounts for 29 of the 30 points,"
        " Monday and Tuesday 10:00–12:00 for 22."
    )
    assert said(report, "accepted_within", "az") == (
        "30 saniyə ərzində cavablandırılmış zənglərin xüsusi çəkisi 80 % əvəzinə 50,4 % təşkil edib: 30 faiz"
        " bəndlik fərqin 29 bəndi DVX strukturunun payına düşür; saatlar üzrə baxdıqda isə 22 bəndi bazar"
        " ertəsi və çərşənbə axşamı saat 10:00–12:00 aralığına düşür."
    )


def busy_middays() -> Report:
    """Both structures are about as slow at all hours; 10:00-12:00 has more calls than other hours."""
    days = calm_week()
    for day, half_hour in at(WORKDAYS, HALF_HOURS):
        add(days, day, half_hour, "dvx", "A", 100, wait=90)
    for day, half_hour in at(WORKDAYS, range(20, 24)):
        add(days, day, half_hour, "dvx", "A", 300, wait=5)
        add(days, day, half_hour, "dvx", "A", 300, wait=90)
    return report_of(days)


def test_hours_that_are_no_worse_than_others_are_not_named_as_a_cause() -> None:
    assert only_miss(busy_middays(), "accepted_within").block == Block((0, 1, 2, 3, 4), 10, 12)
    assert said(busy_middays(), "accepted_within", "en").endswith(": DVX accounts for all 30 points.")


@pytest.mark.parametrize("kpi", ["accepted_overall", "lost_after"])
def test_calls_lost_on_one_afternoon_are_laid_to_that_afternoon(kpi: KpiName) -> None:
    days = calm_week()
    for half_hour in range(28, 32):
        add(days, 1, half_hour, "aparat", "M", 400, wait=60)
    miss = only_miss(report_of(days), kpi)
    assert (miss.structure, miss.block) == ("aparat", Block((1,), 14, 16))


def test_what_one_structure_lost_more_than_the_miss_is_all_of_it() -> None:
    days = calm_week()
    for half_hour in range(28, 32):
        add(days, 1, half_hour, "aparat", "M", 400, wait=60)
    report = report_of(days)
    assert said(report, "lost_after", "en") == (
        "Lost after 10 seconds is 15.1 % instead of at most 5 %: Ministry Apparatus accounts for"
        " all 10 points, Tuesday 14:00–16:00 for all of them."
    )
    assert said(report, "lost_after", "az").endswith(
        "10 faiz bəndlik fərqin hamısı Nazirliyin Aparatı strukturunun payına düşür; saatlar üzrə baxdıqda"
        " isə hamısı çərşənbə axşamı saat 14:00–16:00 aralığına düşür."
    )


def test_lost_calls_too_short_to_be_called_back_are_no_miss() -> None:
    days = calm_week()
    for half_hour in range(28, 32):
        add(days, 1, half_hour, "aparat", "S", 400, wait=4)
    assert [miss.kpi.name for miss in report_of(days).misses] == ["accepted_overall"]


def test_callers_nobody_called_back_are_laid_to_the_hours_of_their_calls() -> None:
    days = calm_week()
    for day, half_hour in at(WORKDAYS, HALF_HOURS):
        add(days, day, half_hour, "dvx", "R", 1, wait=40)
        add(days, day, half_hour, "aparat", "C", 1, wait=40)
    for half_hour in range(32, 36):
        add(days, 4, half_hour, "dvx", "M", 10, wait=40)
    miss = only_miss(report_of(days), "callback_level")
    assert (miss.structure, miss.block) == ("dvx", Block((4,), 16, 18))


def test_callers_who_came_back_are_laid_to_the_hours_in_which_they_were_answered() -> None:
    days = calm_week()
    for day, half_hour in at(WORKDAYS, HALF_HOURS):
        add(days, day, half_hour, "dvx", "A", 10, wait=5, known=10, resolved=8)
        add(days, day, half_hour, "aparat", "A", 10, wait=5, known=10, resolved=8)
    for half_hour in range(24, 28):
        add(days, 2, half_hour, "aparat", "A", 100, wait=5, known=100, resolved=10)
    miss = only_miss(report_of(days), "first_contact_resolution")
    assert (miss.structure, miss.block) == ("aparat", Block((2,), 12, 14))


def test_bad_ratings_are_laid_to_the_structure_and_hours_that_were_rated() -> None:
    days = calm_week()
    tallies = {"asked": 10, "rated:5": 9, "rated:2": 1}
    for day, half_hour in at(WORKDAYS, HALF_HOURS):
        add(days, day, half_hour, "dvx", "A", 10, wait=5, **tallies)
        add(days, day, half_hour, "aparat", "A", 10, wait=5, **tallies)
    for half_hour in range(18, 22):
        add(days, 3, half_hour, "dvx", "A", 100, wait=5, **{"asked": 100, "rated:1": 100})
    miss = only_miss(report_of(days), "satisfaction")
    assert (miss.structure, miss.block) == ("dvx", Block((3,), 9, 11))


def test_an_outage_is_laid_to_its_hours_and_to_no_structure() -> None:
    days = calm_week()
    for half_hour in range(20, 24):
        days[MONDAY + timedelta(days=3)][CellKey(ALL, half_hour, MINUTES)].tallies = {"up": 0, "down": 30}
    report = report_of(days)
    assert only_miss(report, "availability").structure == ""
    assert said(report, "availability", "en") == (
        "Availability is 95.6 % instead of 97 %: Thursday 10:00–12:00 accounts for all 1.4 points."
    )


def sheet(structure: str, days_open: int) -> DatedSheet:
    return DatedSheet(
        "complex_question", structure, MONDAY - timedelta(days=days_open), MONDAY, "answered_by_centre"
    )


def test_slow_inquiries_are_counted_in_days_and_laid_to_a_structure() -> None:
    sheets = [sheet("dvx", 20), sheet("dvx", 23), sheet("aparat", 2), sheet("aparat", 9)]
    report = report_of(calm_week(), sheets)
    assert only_miss(report, "inquiry_answer_days").block is None
    assert said(report, "inquiry_answer_days", "en") == (
        "Mean days to answer an inquiry is 13.5 days instead of at most 7 days:"
        " DVX accounts for all 6.5 days."
    )
    assert said(report, "inquiry_answer_days", "az").endswith(
        "6,5 günlük fərqin hamısı DVX strukturunun payına düşür."
    )


def test_too_many_inquiries_are_laid_to_the_structure_they_were_opened_in() -> None:
    opened = DatedSheet("complex_question", "aparat", MONDAY, None, "")
    report = report_of(calm_week(), [opened] * 4000)
    assert only_miss(report, "inquiry_share").structure == "aparat"


def test_of_one_structure_alone_only_the_hours_are_named() -> None:
    days = calm_week()
    for day, half_hour in at((0, 1), range(20, 24)):
        add(days, day, half_hour, "dvx", "A", 600, wait=120)
    alone = {
        day: {key: one for key, one in parts.items() if key.structure == "dvx"} for day, parts in days.items()
    }
    miss = only_miss(report_of(alone, structures=()), "accepted_within")
    assert (miss.structure, miss.shares, miss.block) == ("", {}, Block((0, 1), 10, 12))


def test_shares_of_the_structures_add_up_to_the_miss() -> None:
    report = slow_mornings()
    assert report.misses
    for miss in report.misses:
        assert set(miss.shares) == {"dvx", "aparat"}
        assert sum(miss.shares.values()) == pytest.approx(miss.points)


def test_a_value_that_rounds_to_its_target_is_shown_with_more_digits() -> None:
    days = calm_week()
    whole = added(days.values())
    answered = sum(one.count for key, one in whole.items() if key.code == "A")
    add(days, 0, 18, "dvx", "M", answered // 19 + 2, wait=60)
    report = report_of(days)
    assert said(report, "lost_after", "en").startswith("Lost after 10 seconds is 5.01 % instead of")
