"""A short chaos in the suite; `make chaos` is the long one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from rich.console import Console

from tests.lab.chaos import STORES, Plan, run


@pytest.mark.parametrize("store", STORES)
def test_whatever_breaks_for_a_while_the_store_agrees_with_the_phones(store: str, tmp_path: Path) -> None:
    plan = Plan(22.0, seed=1, store=store, callbacks_seconds=8.0)
    outcome = asyncio.run(run(plan, tmp_path, Console(quiet=True)))
    assert outcome.strikes.total() >= 4
    assert outcome.verdict.calls >= 10
    assert not [sentence for found in outcome.verdict.faults.values() for sentence in found]
