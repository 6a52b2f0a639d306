"""The dialer as a Twisted service, on the asyncio reactor: its own AMI login, its own task, a clean end.

Put together from a checked configuration; `hotline run` gives it to the daemon.
"""

from __future__ import annotations

import asyncio

from callback_dialer.contact_watch import ContactWatch
from callback_dialer.dialer import Dialer
from callback_dialer.lender import Lender
from ivr.base.daemon import TaskService
from ivr.config.lending import loans
from ivr.config.model import Configuration


def dialer_service(configuration: Configuration, dialer: Dialer, watch: ContactWatch) -> TaskService:
    """The dialer of one server with its connection, its lender and the watch over phones.

    What one of the four raises ends the daemon.
    """
    connection = dialer.connection
    reserve, send, clock = dialer.policy.reserve, connection.send, connection.clock
    lender = Lender(loans(configuration), reserve, dialer.board, send, clock)

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
