"""The clock by which we receive: it shows what the machine's does, and walks on while that is set.

A step of the machine's clock is no time in which a caller waited. Receipts follow it at each new connection
alone; whoever compares them with those of an earlier one takes off `set_by`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta


class Receipts:
    """Call it for the moment of a receipt. `set_by`: how far it has followed since this process began."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """`clock`: the machine's."""
        self._clock = clock
        self._began, self._since = clock(), time.monotonic()
        self.set_by = timedelta()

    def __call__(self) -> datetime:
        return self.steady() + self.set_by

    def steady(self) -> datetime:
        """The same as if it had never followed."""
        return self._began + timedelta(seconds=time.monotonic() - self._since)

    def follow(self) -> None:
        """Show from now on what the machine's clock shows."""
        self.set_by = self._clock() - self.steady()
