"""A trunk that fails rests, is tried by one call, and comes back by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callback_dialer.pacing import UNLIMITED, calls_allowed
from ivr.calls.callbacks import AttemptState
from ivr.config.callback_rules import Breaker
from ivr.storage.owed.attempts import Tried
from tests.callback_policy import NOON, policy

RULES = policy(breaker=Breaker(faults=3, pause=60.0, longest=200.0))
Told = tuple[AttemptState, str]
FAULT: Told = ("ended", "congestion")
FAILED: Told = ("ended", "trunk_failed")
BUSY: Told = ("ended", "busy")
ABORTED: Told = ("ended", "aborted")
RINGING: Told = ("ringing", "")
SENT: Told = ("originating", "")
PLANNED: Told = ("planned", "")

CASES: list[tuple[str, list[Told], float, int]] = [
    ("nothing was tried", [], 0, UNLIMITED),
    ("two faults are too few", [FAULT, FAILED], 0, UNLIMITED),
    ("three in a row open it", [FAULT, FAILED, FAULT], 59, 0),
    ("half open after the pause", [FAULT, FAULT, FAULT], 60, 1),
    ("a fourth fault doubles the pause", [FAULT] * 4, 119, 0),
    ("and then it is half open again", [FAULT] * 4, 120, 1),
    ("the pause has an end", [FAULT] * 40, 200, 1),
    ("a busy citizen shows that the trunk works", [BUSY, FAULT, FAULT, FAULT], 0, UNLIMITED),
    ("so does a phone that rings", [RINGING, FAULT, FAULT, FAULT], 0, UNLIMITED),
    ("what worked in between counts", [FAULT, FAULT, BUSY, FAULT, FAULT], 0, UNLIMITED),
    ("an aborted attempt tells nothing", [FAULT, ABORTED, FAULT, FAULT], 59, 0),
    ("nor does one that was just sent", [SENT, FAULT, FAULT, FAULT], 60, 1),
    ("nor does one that is only planned", [PLANNED, FAULT, FAULT, FAULT], 60, 1),
]


@pytest.mark.parametrize(("tried", "seconds", "allowed"), [pytest.param(*c[1:], id=c[0]) for c in CASES])
def test_the_latest_attempts_say_how_many_calls_a_trunk_may_carry(
    tried: list[Told], seconds: float, allowed: int
) -> None:
    latest = [Tried(state, said, NOON if state == "ended" else None) for state, said in tried]
    assert calls_allowed(latest, RULES, NOON + timedelta(seconds=seconds)) == allowed
