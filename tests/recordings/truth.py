"""What was true of a recorded case, and in what a recorder's visits differ from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "cases"
NAMES = sorted(folder.name for folder in CASES.iterdir())
EXCHANGED = (
    "attended_transfer_queue",
    "attended_transfer_abandoned",
    "attended_transfer_same_queue",
    "attended_transfer_same_queue_abandoned",
    "local_caller_optimised",
)
"""One channel joins the queue and another one ends that stay."""
WITH_A_HOLE = frozenset({"ami_lost_midcall"})
"""What happened while the listener was cut off cannot be known live."""
STEPPED = ["../stepped/set_back", "../stepped/set_forward"]
"""Asterisk's clock steps: true only if heard as fast as it happened, and with timestamps."""
WHOLE = [name for name in NAMES if name not in WITH_A_HOLE]

_ALSO_CALLED = {"unknown": "interrupted", "lost": "interrupted"}


@dataclass(frozen=True)
class Told:
    """A stored visit, as far as the truth knows it too."""

    caller: str
    queue: str
    outcome: str
    joined_at: datetime
    wait: float | None
    agent: str
    agent_name: str
    handle: float | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Told:
        """A visit as `hotline data export` writes it, numbers whole."""
        return cls(
            row["caller"],
            row["queue"],
            row["outcome"],
            datetime.fromisoformat(row["joined_at"]),
            row["wait_seconds"],
            row["agent"],
            row["agent_name"],
            row["handle_seconds"],
        )


def differences(case: str, told: Sequence[Told], *, ami: str = "whole") -> list[str]:
    """One sentence for each difference; seconds may differ by one.

    What AMI alone tells (`only_ami` of the truth) is not expected if `ami` is `unheard`. If it is heard
    `partly`, the latest may be missing and an end unknown; where it is `untimed`, the seconds of a talk are.
    """
    truth = json.loads((CASES / case / "truth.json").read_text(encoding="utf-8"))
    visits, by_ami = truth["visits"], [visit for visit in truth["visits"] if "only_ami" in visit]
    missed = {"unheard": len(by_ami), "partly": len(visits) - len(told)}.get(ami, 0)
    visits = [visit for visit in visits if visit not in by_ami[max(len(by_ami) - missed, 0) :]]
    if ami != "whole":
        visits = [{**visit, "handle_known": False} if visit in by_ami else visit for visit in visits]
    if len(told) != len(visits):
        return [f"{len(told)} visits stored, {len(visits)} are true"]
    in_order = sorted(visits, key=lambda visit: visit["join_epoch"])
    pairs = zip(in_order, sorted(told, key=lambda visit: visit.joined_at), strict=True)
    tolerance = truth["tolerance_seconds"] + 0.05
    return [wrong for true, visit in pairs for wrong in _differs(true, visit, tolerance)]


def _differs(true: Mapping[str, Any], told: Told, tolerance: float) -> list[str]:
    outcomes = {_ALSO_CALLED.get(name, name) for name in (true["outcome"], *true.get("accept_outcome", ()))}
    agents = {true["agent"], true.get("agent_name")} - {None} or {""}
    checks = {
        "queue": told.queue == true["queue"],
        "caller": told.caller in {true["caller"] or "", true.get("as_seen"), true.get("real_caller")},
        "outcome": told.outcome in outcomes,
        "agent": bool({told.agent, told.agent_name} & agents),
        "wait": "interrupted" in outcomes or _near(told.wait, true["wait"], tolerance),
        "talk": not true.get("handle_known", True) or _near(told.handle, true["handle"], tolerance),
    }
    return [f"{name}: {told} but true is {true}" for name, is_true in checks.items() if not is_true]


def _near(told: float | None, true: float | None, tolerance: float) -> bool:
    if told is None or true is None:
        return told is None and true is None
    return abs(told - true) <= tolerance
