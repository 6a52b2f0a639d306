"""A clock of its own for a child process, which a test may set while it runs (libfaketime).

Its monotonic clock walks on, as on a machine whose clock is set. Asterisk, the service and its commands may
share one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

_LIBRARIES = Path("/usr/lib")


class SettableClock:
    """`environment` is for the process; `set` takes effect the next time it looks at its clock."""

    def __init__(self, folder: Path, ahead: timedelta = timedelta()) -> None:
        """`ahead`: of the machine's own clock."""
        self._file = folder / "clock"
        self.set(ahead)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process go by this clock."""
        [library] = _LIBRARIES.glob("*/faketime/libfaketimeMT.so.1")
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def set(self, ahead: timedelta) -> None:
        """Set it to so much ahead of the machine's clock, or behind if it is negative."""
        self._ahead = ahead
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{ahead.total_seconds():+.0f}\n", encoding="ascii")
        fresh.replace(self._file)

    def now(self) -> datetime:
        """What it shows."""
        return datetime.now(UTC) + self._ahead
