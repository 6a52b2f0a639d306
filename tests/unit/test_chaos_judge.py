"""The judge of a chaos sees each fault it counts, and finds none where the store is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from tests.lab.chaos_judge import (
    DIALLED_TWICE,
    DOUBLED,
    FAULTS,
    LOST,
    MISSING,
    WRONG,
    SeenCall,
    SeenTry,
    judge,
)

WHO = "+994502100000"
ANSWERED = SeenCall(WHO, answered_at=100.0, voice_at=104.0, agent="1101", ended_at=110.0, ended="there")
TALKED_SIX = replace(ANSWERED, talked=6.1)
GAVE_UP = SeenCall(WHO, answered_at=100.0, voice_at=None, agent="", ended_at=108.0, ended="here")
KILLED = replace(GAVE_UP, ended="lost")
REFUSED = SeenCall(WHO, answered_at=None, voice_at=None, agent="", ended_at=100.1, ended="rejected")
TALKED, UNREACHED = SeenTry(WHO, has_talked=True), SeenTry(WHO, has_talked=False)


def visit(outcome: str, wait: float | None, agent: str = "", **more: Any) -> dict[str, Any]:
    row = {
        "origin": "inbound",
        "caller_e164": WHO,
        "outcome": outcome,
        "wait_seconds": wait,
        "precision": "ms",
        "source": "ami",
        "talk_seconds": 6.0 if agent else None,
        "ended_by": "",
    }
    return {**row, "agent": agent and f"PJSIP/{agent}", **more}


def owed(state: str = "owed") -> dict[str, Any]:
    return {"id": 1, "caller_e164": WHO, "state": state}


def tried(count: int) -> list[dict[str, Any]]:
    return [{"callback_id": 1}] * count


def found(
    call: SeenCall,
    visits: list[dict[str, Any]],
    callbacks: list[dict[str, Any]] | None = None,
    tries: list[SeenTry] | None = None,
    attempts: int = 0,
    joined: Mapping[str, int] = MappingProxyType({}),
) -> list[str]:
    """The names of the faults, once for each."""
    verdict = judge([call], tries or [], visits, callbacks or [], tried(attempts), joined)
    return [name for name in FAULTS for _ in verdict.faults[name]]


@pytest.mark.parametrize(
    ("call", "visits", "callbacks"),
    [
        (ANSWERED, [visit("answered", 3.0, "1101")], []),
        (TALKED_SIX, [visit("answered", 3.0, "1101")], []),
        (ANSWERED, [visit("answered", 2.0, "1101", precision="s")], []),
        (GAVE_UP, [visit("abandoned", 7.0)], [owed()]),
        (replace(GAVE_UP, agent="1101", talked=0.0), [visit("abandoned", 7.0)], [owed()]),
        (KILLED, [visit("interrupted", 1.0)], []),
        (replace(GAVE_UP, is_cut=True), [visit("interrupted", 1.0)], []),
        (KILLED, [visit("abandoned", 6.0)], [owed()]),
        (KILLED, [visit("interrupted", 6.0, source="both", precision="s")], []),
        (replace(GAVE_UP, ended_at=103.5), [visit("abandoned", 1.6, source="both")], []),
        (REFUSED, [], []),
        (replace(GAVE_UP, ended_at=101.5), [], []),
    ],
)
def test_a_store_that_is_right_has_no_fault(call: SeenCall, visits: list[Any], callbacks: list[Any]) -> None:
    assert found(call, visits, callbacks) == []


@pytest.mark.parametrize(
    ("call", "visits", "callbacks", "fault"),
    [
        (ANSWERED, [], [], MISSING),
        (GAVE_UP, [], [owed()], MISSING),
        (ANSWERED, [visit("answered", 4.0, "1101")] * 2, [], DOUBLED),
        (REFUSED, [visit("abandoned", 1.0, caller_e164="+994500000000")], [], DOUBLED),
        (ANSWERED, [visit("abandoned", 4.0)], [owed()], WRONG),
        (ANSWERED, [visit("interrupted", 4.0)], [owed()], WRONG),
        (ANSWERED, [visit("answered", 4.0, "1102")], [], WRONG),
        (ANSWERED, [visit("answered", 6.0, "1101")], [], WRONG),
        (TALKED_SIX, [visit("answered", 3.0, "1101", talk_seconds=9.0)], [], WRONG),
        (TALKED_SIX, [visit("answered", 3.0, "1101", talk_seconds=None)], [], WRONG),
        (GAVE_UP, [visit("timeout", 7.0)], [owed()], WRONG),
        (GAVE_UP, [visit("interrupted", 7.0)], [owed()], WRONG),
        (GAVE_UP, [visit("abandoned", None)], [owed()], WRONG),
        (GAVE_UP, [visit("abandoned", 7.0)], [], LOST),
        (KILLED, [visit("interrupted", 6.0)], [], LOST),
        (replace(GAVE_UP, ended_at=103.5), [visit("abandoned", 1.6)], [], LOST),
        (GAVE_UP, [visit("abandoned", 7.0)], [owed("reached")], LOST),
        (GAVE_UP, [visit("abandoned", 7.0)], [owed("expired")], LOST),
    ],
)
def test_each_fault_is_found_once_under_its_name(
    call: SeenCall, visits: list[Any], callbacks: list[Any], fault: str
) -> None:
    assert found(call, visits, callbacks) == [fault]


@pytest.mark.parametrize(
    ("tries", "attempts", "state", "faults"),
    [
        ([UNREACHED, TALKED], 2, "reached", []),
        ([UNREACHED], 1, "reached", [LOST]),
        ([replace(UNREACHED, is_cut=True)], 1, "reached", []),  # Asterisk died as it connected the agent
        ([UNREACHED], 2, "owed", []),  # an attempt that never left, or was cut off before
        ([TALKED], 1, "owed", [LOST]),
        ([UNREACHED, UNREACHED], 1, "owed", [DIALLED_TWICE]),
        ([TALKED, UNREACHED], 2, "reached", [DIALLED_TWICE]),
    ],
)
def test_a_citizen_is_rung_once_for_each_attempt_and_never_after_they_were_reached(
    tries: list[SeenTry], attempts: int, state: str, faults: list[str]
) -> None:
    assert found(GAVE_UP, [visit("abandoned", 7.0)], [owed(state)], tries, attempts) == faults


def test_who_stands_in_queue_log_is_missed_however_short_the_call_was() -> None:
    at_once = replace(GAVE_UP, ended_at=101.0)
    assert found(at_once, []) == []
    assert found(at_once, [], joined={WHO: 100}) == [MISSING]


def test_a_wait_is_measured_from_the_second_in_which_queue_log_says_they_joined() -> None:
    """However long Asterisk waited for Python before that; who waited no longer is owed no call."""
    late = {WHO: 106}
    assert found(GAVE_UP, [visit("abandoned", 1.0)], joined=late) == []
    assert found(GAVE_UP, [visit("abandoned", 7.0)], [owed()], joined=late) == [WRONG]
    assert found(GAVE_UP, [visit("abandoned", 4.5)], joined={WHO: 103}) == [LOST]


def test_who_heard_the_notices_while_asterisk_stood_still_need_not_have_joined() -> None:
    cut_short = replace(KILLED, ended_at=104.0)
    assert found(cut_short, []) == [MISSING]
    assert found(replace(cut_short, frozen_seconds=2.0), []) == []


def test_a_talk_that_ended_as_asterisk_died_may_be_one_the_restart_ended() -> None:
    by_restart = [visit("answered", 3.0, "1101", talk_seconds=None, ended_by="restart")]
    assert found(replace(TALKED_SIX, is_cut=True), by_restart) == []
    assert found(TALKED_SIX, by_restart) == [WRONG]


def test_a_late_hang_up_is_no_fault_while_asterisk_stood_still() -> None:
    late = [visit("abandoned", 11.0)]
    assert found(GAVE_UP, late, [owed()]) == [WRONG]
    assert found(replace(GAVE_UP, frozen_seconds=3.0), late, [owed()]) == []


@pytest.mark.parametrize(("ended_at", "faults"), [(102.0, []), (104.0, [LOST])])
def test_a_wait_in_whole_seconds_may_be_up_to_one_less_than_it_was(
    ended_at: float, faults: list[str]
) -> None:
    call = replace(GAVE_UP, ended_at=ended_at)
    stored = visit("abandoned", 1.0 if not faults else 3.0, source="queue_log", precision="s")
    assert found(call, [stored], [], joined={WHO: 99}) == faults
