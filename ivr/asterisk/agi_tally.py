"""What the AGI scripts did since the service started: counted on the reactor, told with the sign of life."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass(slots=True)
class Ran:
    """One script. `slow`: cut off by the deadline; `milliseconds`: of all runs together."""

    runs: int = 0
    failed: int = 0
    slow: int = 0
    milliseconds: float = 0.0


@dataclass(slots=True)
class Tally:
    """All scripts by name. `refused`: calls that went on without one at once, for all places were taken.

    `unproved`: sessions that were ended before they had proved to be this Asterisk's.
    """

    scripts: dict[str, Ran] = field(default_factory=dict)
    refused: int = 0
    unproved: int = 0

    def of(self, script: str) -> Ran:
        """The counts of that script."""
        return self.scripts.setdefault(script, Ran())

    def as_json(self, **beside: object) -> str:
        """As one line, with what else the dialer's process reports."""
        return json.dumps({**asdict(self), **beside})
