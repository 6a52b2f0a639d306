"""Which structure and which hours account for a missed target, in points to the last digit."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ivr.figures.classes import Limits
from ivr.figures.kpis import Kpi, KpiName
from ivr.figures.misses import Block, Miss, misses
from ivr.figures.parts import ALL, MINUTES, Cell, CellKey, Parts


def kpi(name: KpiName, part: float, whole: float, target: float) -> Kpi:
    return Kpi(
        name,
        part / whole * (1 if name == "inquiry_answer_days" else 100),
        target,
        False,
        False,
        "",
        part,
        whole,
    )


def miss(
    whole: Kpi, by_weekday: Mapping[int, Parts] | None = None, structures: Mapping[str, Kpi] | None = None
) -> Miss:
    of_structures = {name: {one.name: one} for name, one in (structures or {}).items()}
    (found,) = misses({whole.name: whole}, of_structures, by_weekday or {}, Limits())
    return found


def hour(hour: int, **cells: Cell) -> Parts:
    return {CellKey("dvx", hour * 2 + 1, code): cell for code, cell in cells.items()}


def lost_in(hours: Mapping[tuple[int, int], int]) -> dict[int, Parts]:
    """So many contacts nobody called back on these weekdays in these hours."""
    found: dict[int, Parts] = {}
    for (weekday, at), number in hours.items():
        found.setdefault(weekday, {}).update(hour(at, M=Cell(number)))
    return found


def test_a_target_that_is_met_or_not_measured_is_no_miss() -> None:
    met = kpi("accepted_overall", 90, 100, 90.0)._replace(met=True)
    unknown = kpi("lost_after", 0, 1, 5.0)._replace(met=None, value=None)
    assert misses({"accepted_overall": met, "lost_after": unknown}, {}, {}, Limits()) == []


def test_the_structure_that_lacks_the_most_is_named_with_its_points_of_the_whole() -> None:
    structures = {"dvx": kpi("accepted_overall", 50, 80, 90.0), "emdx": kpi("accepted_overall", 20, 20, 90.0)}
    found = miss(kpi("accepted_overall", 70, 100, 90.0), structures=structures)
    assert (found.points, found.structure, found.shares) == (20.0, "dvx", {"dvx": 22.0, "emdx": -2.0})


def test_where_there_is_one_structure_none_is_named() -> None:
    structures = {"dvx": kpi("accepted_overall", 70, 100, 90.0)}
    found = miss(kpi("accepted_overall", 70, 100, 90.0), structures=structures)
    assert (found.structure, found.shares) == ("", {})


def test_points_of_days_are_days() -> None:
    structures = {
        "dvx": kpi("inquiry_answer_days", 90, 9, 7.0), "emdx": kpi("inquiry_answer_days", 7, 1, 7.0),
    }  # fmt: skip
    found = miss(kpi("inquiry_answer_days", 97, 10, 7.0), structures=structures)
    assert [round(one, 9) for one in (found.points, *found.shares.values())] == [2.7, 2.7, 0.0]
    assert (found.block, found.block_points) == (None, 0.0)


def test_an_outage_belongs_to_no_structure() -> None:
    whole = kpi("availability", 90, 100, 99.0)
    structures = {"dvx": whole, "emdx": kpi("availability", 90, 100, 99.0)}
    parts: Parts = {
        CellKey(ALL, 20, MINUTES): Cell(tallies={"up": 40}),
        CellKey(ALL, 21, MINUTES): Cell(tallies={"down": 10, "unknown": 7}),
        CellKey(ALL, 24, MINUTES): Cell(tallies={"up": 50}),
    }
    assert miss(whole, {0: parts}, structures) == Miss(whole, 9.0, {}, Block((0,), 10, 12), 9.5, 50.0)


def test_contacts_answered_within_the_limit_are_those_that_waited_up_to_it() -> None:
    cells = {"A": Cell(60, waits={30: 20, 31: 40}), "M": Cell(40, waits={5: 40})}
    found = miss(kpi("accepted_within", 20, 100, 80.0), {2: hour(11, **cells)})
    assert (found.points, found.block, found.block_points) == (60.0, Block((2,), 11, 13), 60.0)


def test_ratings_of_four_and_five_satisfy() -> None:
    one, other = (
        Cell(9, tallies={"rated:5": 1, "rated:3": 4, "asked": 9}),
        Cell(9, tallies={"rated:4": 2, "rated:1": 3}),
    )
    found = miss(kpi("satisfaction", 3, 10, 80.0), {0: hour(9, A=one) | hour(10, A=other)})
    assert (found.points, found.block, round(found.block_points, 9)) == (50.0, Block((0,), 9, 11), 50.0)


def test_two_hours_with_fifteen_percent_of_a_miss_are_named_and_with_less_are_not() -> None:
    hours = {(day, at): 1 for day in range(7) for at in range(12, 24)}
    whole = kpi("accepted_overall", 0, 100, 100.0)
    named = miss(whole, lost_in({**hours, (0, 9): 15, (0, 0): 1}))
    assert (named.block, named.block_points) == (Block((0,), 9, 11), 15.0)
    unnamed = miss(whole, lost_in({**hours, (0, 9): 14, (0, 0): 1, (0, 6): 1}))
    assert (unnamed.block, unnamed.block_points) == (None, 0.0)


@pytest.mark.parametrize(("number", "weekdays"), [(6, (0, 3)), (5, (0,))])
def test_weekdays_with_six_tenths_of_the_worst_are_named_with_it(
    number: int, weekdays: tuple[int, ...]
) -> None:
    whole = kpi("accepted_overall", 0, 10 + number, 100.0)
    assert miss(whole, lost_in({(0, 9): 10, (3, 9): number})).block == Block(weekdays, 9, 11)


def test_of_hours_alike_the_earlier_are_named() -> None:
    found = miss(kpi("accepted_overall", 0, 20, 100.0), lost_in({(1, 15): 10, (1, 9): 10}))
    assert (found.block, found.block_points) == (Block((1,), 9, 11), 50.0)


def test_hours_that_were_better_than_the_target_account_for_nothing() -> None:
    good = hour(9, A=Cell(100, waits={5: 100}))
    found = miss(kpi("accepted_overall", 899, 1000, 90.0), {0: good})
    assert (found.block, found.block_points) == (None, 0.0)


def test_a_miss_of_less_than_a_point_is_laid_to_its_hours_too() -> None:
    cells = {"A": Cell(895), "M": Cell(105)}
    found = miss(kpi("accepted_overall", 895, 1000, 90.0), {4: hour(9, **cells)})
    assert (round(found.points, 9), found.block, round(found.block_points, 9)) == (
        0.5,
        Block((4,), 9, 11),
        0.5,
    )


@pytest.mark.parametrize(("points", "is_worse"), [(46.0, False), (46.5, True)])
def test_hours_are_worse_than_others_with_over_fifteen_percent_more_points_than_contacts(
    points: float, is_worse: bool
) -> None:
    whole = kpi("accepted_overall", 0, 100, 100.0)
    assert Miss(whole, 100.0, {}, Block((0,), 9, 11), points, 40.0).is_block_worse == is_worse


def test_a_block_has_the_hours_from_its_first_until_before_its_end() -> None:
    block = Block((0, 3), 9, 11)
    assert [(day, at) for day in range(7) for at in range(24) if block.has(day, at)] == [
        (0, 9), (0, 10), (3, 9), (3, 10),
    ]  # fmt: skip


def test_a_block_s_part_of_the_whole_is_that_of_its_contacts() -> None:
    found = miss(kpi("accepted_overall", 30, 100, 90.0), {
        0: hour(9, M=Cell(50)) | hour(10, A=Cell(10)), 1: hour(9, A=Cell(20)), 2: hour(14, M=Cell(20)),
    })  # fmt: skip
    assert (found.block, found.block_percent) == (Block((0,), 9, 11), 60.0)
