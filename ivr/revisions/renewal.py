"""A daemon's eye on the shelf: once another revision is live, the daemon shall end and begin with that.

Called by `hotline run`, whose services end as on SIGTERM: what was heard is stored, and an attempt in the air
is found again by its channel id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from ivr.availability import stopped
from ivr.revisions.shelf import Shelf

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS: Final = 1.0


class Renewal:
    """`is_due` once another revision than `number` is live; 0 where nothing was applied so far."""

    def __init__(self, shelf: Shelf, number: int) -> None:
        self.is_due = False
        self._shelf, self._number = shelf, number

    async def watch(self, stop: asyncio.Event, end: Callable[[], None]) -> None:
        """Until `stop` is set, or another revision is live: then `end` the daemon."""
        while not await stopped(stop, LOOK_EVERY_SECONDS):
            number = await asyncio.to_thread(self._live)
            if number != self._number:
                log.info("another revision is live: beginning anew with it", revision=number)
                self.is_due = True
                end()
                return

    def _live(self) -> int:
        try:
            live = self._shelf.live()
        except OSError as problem:  # a revision may be forgotten while it is read
            log.debug("revisions cannot be read now", reason=str(problem))
            return self._number
        return live.number if live else self._number
