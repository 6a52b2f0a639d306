"""A period's days added up: by weekday, by row, in all, and by hour."""

from __future__ import annotations

from datetime import date

import pytest

from ivr.figures.parts import AGENTS, ALL, ATTEMPTS, MINUTES, WHOLE_DAY, Cell, CellKey, Parts
from ivr.figures.period_sums import PeriodSums, summed

MONDAY, TUESDAY, NEXT_MONDAY = date(2024, 5, 13), date(2024, 5, 14), date(2024, 5, 20)
ANSWERED, LOST = CellKey("dvx", 18, "A"), CellKey("emdx", 19, "M")
WAITING, AGENT = CellKey("dvx", 19, "W"), CellKey(ALL, WHOLE_DAY, AGENTS)
ATTEMPT, LINE = CellKey("dvx", 20, ATTEMPTS), CellKey(ALL, 18, MINUTES)
DAY: Parts = {
    key: Cell(count=number) for number, key in enumerate((ANSWERED, LOST, WAITING, AGENT, ATTEMPT, LINE), 1)
}
OTHER: Parts = {ANSWERED: Cell(count=10), CellKey("dvx", 47, "A"): Cell(count=20)}


@pytest.fixture
def sums() -> PeriodSums:
    return summed([(MONDAY, DAY), (TUESDAY, OTHER), (NEXT_MONDAY, OTHER)], lambda day: f"{day:%G-W%V}")


def counts(parts: Parts) -> dict[CellKey, int]:
    return {key: one.count for key, one in parts.items()}


def test_weekdays_keep_their_half_hours(sums: PeriodSums) -> None:
    assert counts(sums.by_weekday[1]) == counts(OTHER)
    assert counts(sums.by_weekday[0]) == {**counts(DAY), ANSWERED: 11, CellKey("dvx", 47, "A"): 20}


def test_rows_and_the_whole_keep_half_hours_of_attempts_alone(sums: PeriodSums) -> None:
    whole_day = {key._replace(half_hour=WHOLE_DAY): key for key in (LOST, WAITING, AGENT, LINE)}
    first = {new: DAY[key].count for new, key in whole_day.items()} | {ATTEMPT: 5}
    answered = ANSWERED._replace(half_hour=WHOLE_DAY)
    assert {label: counts(parts) for label, parts in sums.by_label.items()} == {
        "2024-W20": first | {answered: 31}, "2024-W21": {answered: 30},
    }  # fmt: skip
    assert counts(sums.whole) == first | {answered: 61}


def test_each_day_has_the_contacts_of_its_hours_without_those_that_wait(sums: PeriodSums) -> None:
    of_monday, of_tuesday = [0] * 24, [0] * 24
    of_monday[9], of_tuesday[9], of_tuesday[23] = 3, 10, 20
    assert sums.contacts == {MONDAY: of_monday, TUESDAY: of_tuesday, NEXT_MONDAY: of_tuesday}


def test_where_days_have_no_rows_there_are_none() -> None:
    assert summed([(MONDAY, DAY)]).by_label == {}
