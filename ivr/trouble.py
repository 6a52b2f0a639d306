"""What is away for a while, told when it begins, when the reason changes, and when it is over.

Whoever tries again several times a second has one; the log of an hour's outage stays one page.
"""

from __future__ import annotations

from typing import Any, Final

import structlog

log: Final = structlog.get_logger(__name__)


class Trouble:
    """One thing that may be away; `begun` and `over` are what the log says of it."""

    def __init__(self, begun: str, over: str) -> None:
        self._begun, self._over = begun, over
        self._reason = ""

    @property
    def is_there(self) -> bool:
        """Whether it is away, as far as is known."""
        return bool(self._reason)

    def because(self, reason: str, **facts: Any) -> None:
        """It is away now."""
        if reason != self._reason:
            log.error(self._begun, reason=reason, **facts)
            self._reason = reason

    def ends(self, **facts: Any) -> None:
        """It is there now."""
        if self.is_there:
            log.info(self._over, **facts)
            self._reason = ""
