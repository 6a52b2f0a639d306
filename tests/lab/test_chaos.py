"""A short chaos in the suite; `make chaos` is the long one."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console

from tests.lab.chaos import Plan, run
from tests.lab.chaos_strikes import STRIKES

_LONG = ("ami_silent", "ami_stalled_long", "recorder_frozen_long")
SHORT = tuple(kind for kind in STRIKES if kind not in _LONG)


def test_whatever_breaks_for_half_a_minute_the_store_agrees_with_the_phones(tmp_path: Path) -> None:
    plan = Plan(22.0, seed=1, kinds=SHORT, backfill=True, callbacks_seconds=8.0)
    outcome = asyncio.run(run(plan, tmp_path, Console(quiet=True)))
    assert outcome.strikes.total() >= 4
    assert outcome.verdict.calls >= 10
    assert not [sentence for found in outcome.verdict.faults.values() for sentence in found]
