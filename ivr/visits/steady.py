"""Two clocks made one: Asterisk's timestamps, which may step, and our receipts, which may be late.

Every event gets a place on a steady axis of seconds, on which durations are differences. Asterisk's clock
gives the axis; where it steps while our clock walks on, the receipts bridge the step (DESIGN §5, "Clocks").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

STEP_SECONDS = 2.0
"""Timestamps and receipts that differ by more than this tell of a step, not of a slow network."""
_PACE_WINDOW = 0.25


@dataclass(frozen=True, slots=True)
class When:
    """`at` as Asterisk gave it (else the receipt); `steady` in seconds, for durations and order only.

    `exact`: Asterisk gave a timestamp. `steps`: how often its clock had stepped by then.
    """

    at: datetime
    received_at: datetime
    steady: float
    exact: bool
    steps: int = 0


class SteadyClock:
    """Reads the moments of one server's events, in the order they came.

    A step is believed only when timestamps and receipts have walked at the same pace before it: a recording
    played faster than it happened, or a backlog read at once, says nothing about Asterisk's clock.
    """

    def __init__(self) -> None:
        self._correction = 0.0
        self._steps = 0
        self._walks_together = False
        self._last: tuple[float, float] | None = None
        self._window: tuple[float, float] | None = None

    def new_connection(self) -> None:
        """After a hole nothing is known about the pace."""
        self._walks_together = False
        self._last = self._window = None

    def read(self, timestamp: datetime | None, received_at: datetime) -> When:
        """The place of one event; without a timestamp, the receipt on Asterisk's clock as far as known."""
        received = received_at.timestamp()
        if timestamp is None:
            behind = self._last[0] - self._last[1] if self._last else 0.0
            at = received_at + timedelta(seconds=behind)
            return When(at, received_at, received + behind + self._correction, False, self._steps)
        told = timestamp.timestamp()
        if self._last is not None:
            self._follow(told, received)
        self._last = (told, received)
        if self._window is None:
            self._window = self._last
        return When(timestamp, received_at, told + self._correction, True, self._steps)

    def _follow(self, told: float, received: float) -> None:
        assert self._last is not None
        by_timestamps, by_receipts = told - self._last[0], received - self._last[1]
        if abs(by_timestamps - by_receipts) > STEP_SECONDS and self._walks_together:
            self._correction += by_receipts - by_timestamps
            self._steps += 1
            self._window = (told, received)
            return
        if self._window is None:
            return
        since = (told - self._window[0], received - self._window[1])
        if max(since) >= _PACE_WINDOW:
            self._walks_together = min(since) >= max(since) / 2
            self._window = (told, received)
