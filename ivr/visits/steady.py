"""Two clocks made one: Asterisk's timestamps, which may step, and our receipts, which may be late.

Every event gets a place on a steady axis of seconds, on which durations are differences. Asterisk's clock
gives the axis; where it steps while our clock walks on, the receipts bridge the step. They are monotonic: a
setting of our own machine's clock is not among them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

STEP_SECONDS = 2.0
"""Timestamps and receipts that differ by more than this tell of a step, not of a slow network."""
_PAUSE = 0.2
"""Seconds without an event from which a pause shows whether both clocks walk at the same pace."""
_JITTER = 0.1
_PAUSES_ALIKE = 2
"""So many pauses in a row must be alike on both clocks; one could be chance."""


class When(NamedTuple):
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
    long on both; or of one that goes back, for events come in their order. A recording played faster than it
    happened says nothing about Asterisk's clock. A receipt in doubt is an interval: a step is only what no
    moment of it explains, and what comes after it is compared with the last receipt that was known.
    """

    def __init__(self) -> None:
        self._correction = 0.0
        self._steps = 0
        self._delay = 0.0
        """The last known receipt minus its place on the steady axis."""
        self._last: tuple[float, float] | None = None
        """That place and that receipt; None before the first of a connection."""
        self._pauses_alike = 0
        self._shows_our_time = self._is_told = False

    def new_connection(self, set_by: float = 0.0) -> None:
        """After a hole nothing is known about the pace.

        `set_by`: so many seconds our clock was set, which the receipts read here do not follow. Where
        Asterisk tells no moments, they are those of our clock, and have stepped with it.
        """
        if not self._is_told:
            self._correction -= set_by
            self._steps += abs(set_by) > STEP_SECONDS
        self._last, self._pauses_alike, self._shows_our_time = None, 0, False

    def read(self, timestamp: datetime | None, received_at: datetime, doubt: float = 0.0) -> When:
        """The place of one event; without a timestamp, the receipt on Asterisk's clock as far as known.

        `doubt`: it may have been received so many seconds earlier.
        """
        received = received_at.timestamp()
        if timestamp is None:
            steady = received - self._delay
            at = received_at - timedelta(seconds=self._delay + self._correction)
            return When(at, received_at, steady, False, self._steps)
        self._is_told = True
        told = timestamp.timestamp()
        if self._shows_our_time or self._walks_with_ours(told + self._correction, received):
            self._bridge(received - told - self._correction - self._delay, doubt)
        steady = told + self._correction
        if not doubt:
            self._learn(steady, received)
        return When(timestamp, received_at, steady, True, self._steps)

    def _walks_with_ours(self, steady: float, received: float) -> bool:
        """One pause alike is enough for a leap ahead of a pause in which we waited too: no stall is that."""
        if self._last is None:
            return False
        told, passed = steady - self._last[0], received - self._last[1]
        leaps = told < -STEP_SECONDS or (self._pauses_alike > 0 and told > passed >= _PAUSE)
        return leaps or self._pauses_alike >= _PAUSES_ALIKE

    def _bridge(self, late_by: float, doubt: float) -> None:
        """`late_by` seconds, or up to `doubt` less, has the receipt fallen behind the timestamp."""
        nearest_to_none = max(late_by - doubt, min(late_by, 0.0))
        if abs(nearest_to_none) > STEP_SECONDS:
            self._correction += nearest_to_none
            self._steps += 1

    def _learn(self, steady: float, received: float) -> None:
        if self._last is not None:
            told, passed = steady - self._last[0], received - self._last[1]
            if max(told, passed) >= _PAUSE:
                is_alike = abs(passed - told) <= max(_JITTER, told * _JITTER)
                self._pauses_alike = self._pauses_alike + 1 if is_alike else 0
        self._last, self._delay = (steady, received), received - steady
        self._shows_our_time = abs(self._delay) <= STEP_SECONDS
