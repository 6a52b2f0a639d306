"""The dialer as a Twisted service, on the asyncio reactor: its own AMI login, its own task, a clean end.

`DialerService.of` puts it together from a checked configuration; `hotline run` gives it to the daemon.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Self

from callback_dialer.dialer import Dialer
from callback_dialer.policy import Policy
from ivr.asterisk.connection import AmiConnection
from ivr.config.lending import loans
from ivr.config.model import Configuration
from ivr.daemon import TaskService
from ivr.lender import Lender
from ivr.queues.board import Board
from ivr.storage.engine import StoreThread


class DialerService(TaskService):
    """Runs the AMI connection and the dialer until it is stopped; what either raises ends the daemon."""

    def __init__(self, dialer: Dialer, lender: Lender, connection: AmiConnection) -> None:
        super().__init__("dialer", self._run)
        self._dialer = dialer
        self._lender = lender
        self._connection = connection

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
        path = configuration.servers[server].queue_log
        queue_log = Path(path) if path else None
        policy = Policy.of(configuration)
        dialer = Dialer(policy, server, store, connection, board, queue_log=queue_log)
        lender = Lender(loans(configuration), policy.reserve, board, connection.send)
        return cls(dialer, lender, connection)

    async def _run(self, stop: asyncio.Event) -> None:
        connecting = asyncio.create_task(self._connection.run())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._dialer.run(stop))
                tasks.create_task(self._lender.run(stop))
        finally:
            await self._connection.close()
            await connecting
