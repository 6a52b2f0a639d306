"""The dialer as a Twisted service, on the asyncio reactor: its own AMI login, its own task, a clean end.

Put together from a checked configuration; `hotline run` gives it to the daemon.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from callback_dialer.contact_watch import ContactWatch
from callback_dialer.dialer import Dialer
from callback_dialer.policy import Policy
from ivr.asterisk.connection import AmiConnection
from ivr.config.lending import loans
from ivr.config.model import Configuration
from ivr.daemon import TaskService
from ivr.lender import Lender
from ivr.queues.board import Board
from ivr.storage.engine import StoreThread


def dialer_service(
    configuration: Configuration,
    policy: Policy,
    server: str,
    store: StoreThread,
    connection: AmiConnection,
    board: Board,
    watch: ContactWatch,
    last_attempt: Path,
    log_key: bytes,
) -> TaskService:
    """The dialer of one server, its lender and the watch over phones.

    `connection` is this service's alone, as is `last_attempt`. What one of the four raises ends the daemon.
    """
    queue_log = configuration.servers[server].log_file
    dialer = Dialer(
        policy,
        server,
        store,
        connection,
        board,
        queue_log=queue_log,
        log_key=log_key,
        hear=watch.hear,
        last_attempt=last_attempt,
    )
    lender = Lender(loans(configuration), policy.reserve, board, connection.send, connection.clock)

    async def run(stop: asyncio.Event) -> None:
        connecting = asyncio.create_task(connection.run())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(dialer.run(stop))
                tasks.create_task(lender.run(stop))
                tasks.create_task(watch.run(stop))
        finally:
            await connection.close()
            await connecting

    return TaskService("dialer", run)
