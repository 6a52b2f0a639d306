"""Two clocks made one: Asterisk's timestamps, which may step, and our receipts, which may be late.

Every event gets a place on a steady axis of seconds, on which durations are differences. Asterisk's clock
gives the axis; where it steps while our clock walks on, the receipts bridge the step.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

STEP_SECONDS = 2.0
"""Timestamps and receipts that differ by more than this tell of a step, not of a slow network."""
_PAUSE = 0.2
"""Seconds without an event from which a pause shows whether both clocks walk at the same pace."""
_JITTER = 0.1
_PAUSES_ALIKE = 2
"""So many pauses in a row must be alike on both clocks; one could be chance."""


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

    A step is believed only of a clock that walked with ours: it showed our time, or the latest pauses were as
    long on both. A recording played faster than it happened says nothing about Asterisk's clock. A backlog
    that we read late looks like a step back at first, and is taken back as it is caught up.
    """

    def __init__(self) -> None:
        self._correction = 0.0
        self._steps = 0
        self._late = 0.0
        """Seconds of the correction that may be a backlog of ours, not a step back."""
        self._pauses_alike = 0
        self._delay: float | None = None
        """Receipt minus corrected timestamp, as long as both clocks walk together."""
        self._last: tuple[float, float] | None = None

    def new_connection(self) -> None:
        """After a hole nothing is known about the pace."""
        self._pauses_alike = 0
        self._delay = self._last = None

    def read(self, timestamp: datetime | None, received_at: datetime) -> When:
        """The place of one event; without a timestamp, the receipt on Asterisk's clock as far as known."""
        received = received_at.timestamp()
        if timestamp is None:
            behind = self._last[0] - self._last[1] if self._last else 0.0
            at = received_at + timedelta(seconds=behind)
            return When(at, received_at, received + behind + self._correction, False, self._steps)
        told = timestamp.timestamp()
        if self._last is not None:
            self._follow(told - self._last[0], received - self._last[1])
        self._last = (told, received)
        self._compare(received - told - self._correction)
        return When(timestamp, received_at, told + self._correction, True, self._steps)

    def _follow(self, by_timestamps: float, by_receipts: float) -> None:
        late_by = by_receipts - by_timestamps
        if abs(late_by) > STEP_SECONDS and self._delay is not None:
            self._correction += late_by
            self._steps += 1
            self._late = max(0.0, self._late + late_by)
        elif max(by_timestamps, by_receipts) >= _PAUSE:
            is_alike = abs(late_by) <= max(_JITTER, by_timestamps * _JITTER)
            self._pauses_alike = self._pauses_alike + 1 if is_alike else 0

    def _compare(self, delay: float) -> None:
        if self._delay is not None and self._late and delay < self._delay - _JITTER:
            caught_up = min(self._late, self._delay - delay)
            self._correction -= caught_up
            self._late -= caught_up
        elif abs(delay) <= STEP_SECONDS or self._pauses_alike >= _PAUSES_ALIKE:
            self._delay = delay
        else:
            self._delay = None
