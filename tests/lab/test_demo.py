"""The demo as `make demo` runs it: it passes, sees every planted fault, and survives the death of Python."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.lab.faults import FAULTS
from tests.lab.house import REPOSITORY

_LONGEST_SECONDS = 240


def _demo(*words: str) -> tuple[int, dict[str, Any]]:
    """Exit status and last line of the demo, played without a terminal."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.lab.demo", *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=_LONGEST_SECONDS,
        check=False,
    )
    lines = run.stdout.splitlines()
    assert lines, run.stderr
    assert lines[-1].startswith("{"), run.stdout + run.stderr
    verdict: dict[str, Any] = json.loads(lines[-1])
    return run.returncode, verdict


def test_everything_stored_agrees_with_the_phones() -> None:
    status, verdict = _demo()
    assert verdict["differences"] == []
    assert verdict["matched"] == verdict["visits"] > 20
    assert verdict["duplicate_dials"] == 0
    assert verdict["callbacks"] == {"reached": 3, "busy": 1, "no_answer": 1}
    assert verdict["p95_key_to_agent_seconds"] <= 5.0
    assert status == 0


def test_each_planted_fault_is_told_by_the_demo_which_ends_with_status_1() -> None:
    told = {
        "double-dial": "more often than attempts are stored",
        "lose-visit": "at the phone, not stored",
        "wrong-wait": "wait_seconds",
    }
    status, verdict = _demo("--story", "short", "--break", *told)
    assert status == 1
    assert told.keys() == FAULTS.keys()
    unseen = [fault for fault, what in told.items() if what not in "".join(verdict["differences"])]
    assert unseen == []


def test_with_every_python_process_killed_later_calls_are_answered_and_queued() -> None:
    status, verdict = _demo("--story", "short", "--kill-python-at", "1.0")
    assert verdict["differences"] == []
    assert verdict["calls"] == 4
    assert status == 0
