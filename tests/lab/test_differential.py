"""One menu, two machines: what Python says of a walk is what a caller meets on Asterisk."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.lab.differential import FAULTS, differences

SEED = 195


def test_made_menus_are_walked_the_same_way_in_python_and_on_asterisk(tmp_path: Path) -> None:
    found = asyncio.run(differences(tmp_path, SEED, 80))
    assert not found, found[0].told


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_planted_in_the_compiler_is_found_by_walking(tmp_path: Path, fault: str) -> None:
    assert asyncio.run(differences(tmp_path, SEED, 100, FAULTS[fault], most=1))
