"""One menu, two machines: what Python says of a walk is what a caller meets on Asterisk."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.lab.differential import FAULTS, Machines, compare_walks
from tests.lab.made_menus import BARRED, Walk, ring
from tests.lab.small import OPEN

SEED = 195


def test_made_menus_are_walked_the_same_way_in_python_and_on_asterisk(tmp_path: Path) -> None:
    found = asyncio.run(compare_walks(tmp_path, SEED, 80)).differences
    assert not found, found[0].told


def test_a_path_longer_than_is_kept_and_more_ways_back_than_ten_are_the_same_in_both(tmp_path: Path) -> None:
    async def scenario() -> None:
        does = ("1",) * 43 + ("0",) * 12 + ("5", "1", "5")
        async with Machines.open(tmp_path, [ring()]) as machines:
            difference = await machines.compare(Walk(0, "195", OPEN, does))
            assert not difference, difference.told

    asyncio.run(scenario())


def test_in_whatever_way_a_trunk_writes_a_blocked_number_it_is_refused_in_both(tmp_path: Path) -> None:
    """And those next to it are let in."""

    async def scenario() -> None:
        async with Machines.open(tmp_path, [ring()]) as machines:
            walks = [Walk(0, "195", OPEN, (), caller) for caller in BARRED]
            found = await asyncio.gather(*map(machines.compare, walks))
            assert not any(found), [difference.told[-400:] for difference in found if difference]

    asyncio.run(scenario())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_planted_in_the_compiler_is_found_by_walking(tmp_path: Path, fault: str) -> None:
    assert asyncio.run(compare_walks(tmp_path, SEED, 100, FAULTS[fault], most=1)).differences
