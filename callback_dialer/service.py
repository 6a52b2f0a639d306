"""The dialer as a Twisted service, on the asyncio reactor: its own AMI login, its own task, a clean end.

`DialerService.of` puts it together from a checked configuration; the daemon gives it to its MultiService.
Needs `twisted.internet.asyncioreactor` to be installed before the reactor is imported.
"""

from __future__ import annotations

import asyncio
from typing import Self

import structlog
from twisted.application.service import Service
from twisted.internet.defer import Deferred

from callback_dialer.dialer import Dialer
from callback_dialer.policy import Policy
from ivr.asterisk.connection import AmiConnection
from ivr.config.model import Configuration
from ivr.queues.board import Board
from ivr.storage.engine import StoreThread

log = structlog.get_logger(__name__)


class DialerService(Service):
    """Runs the AMI connection and the dialer between `startService` and `stopService`.

    `ended` fires when both are over; with a failure if one of them failed, so that the daemon can end too.
    """

    def __init__(self, dialer: Dialer, connection: AmiConnection) -> None:
        self._dialer = dialer
        self._connection = connection
        self._stop = asyncio.Event()
        self.ended: Deferred[None] = Deferred()

    @classmethod
    def of(
        cls,
        configuration: Configuration,
        server: str,
        store: StoreThread,
        connection: AmiConnection,
        board: Board,
    ) -> Self:
        """The service for one server of a checked configuration; `connection` is this service's alone."""
        return cls(Dialer(Policy.of(configuration), server, store, connection, board), connection)

    def startService(self) -> None:  # noqa: N802 - Twisted's name
        """Start on the running asyncio loop."""
        super().startService()
        self.ended = Deferred.fromFuture(asyncio.ensure_future(self._run()))
        log.info("dialer started")

    def stopService(self) -> Deferred[None]:  # noqa: N802 - Twisted's name
        """Let the turn in hand end, store what is known, log off."""
        super().stopService()
        self._stop.set()
        return self.ended

    async def _run(self) -> None:
        connecting = asyncio.create_task(self._connection.run())
        try:
            await self._dialer.run(self._stop)
        finally:
            await self._connection.close()
            await connecting
            log.info("dialer stopped")
