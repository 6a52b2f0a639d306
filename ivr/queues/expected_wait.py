"""How long the caller at a place in line may expect to wait, from the talks that just ended.

Formula: place x mean handle time / agents serving. With c agents whose calls last H seconds on average, one
of them becomes free every H / c seconds, and the caller at place p takes the p-th. It counts every agent of
the queue in full, also one who serves another queue too, so it is a little short where agents are shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

FEWEST_TALKS = 3
"""Fewer talks than this say nothing reliable."""
MOST_TALKS = 30
LOOK_BACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Talk:
    """One finished call of an agent: when it ended, and how long talk and wrap-up kept them, in seconds."""

    ended_at: datetime
    handle_seconds: float


def expected_wait(place: int, agents: int, talks: Sequence[Talk], now: datetime) -> float | None:
    """Seconds the caller at `place` (1 = next) may expect to wait; None where nothing reliable is known."""
    recent = [talk.handle_seconds for talk in talks if now - talk.ended_at <= LOOK_BACK]
    if agents < 1 or len(recent) < FEWEST_TALKS:
        return None
    return place * fmean(recent) / agents
