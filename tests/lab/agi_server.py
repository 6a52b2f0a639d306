"""Our FastAGI server in the test's own event loop, and a client that speaks as Asterisk does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from twisted.internet.asyncioreactor import AsyncioSelectorReactor

from ivr.asterisk.fastagi import FastAgiService, Limits, Script


@asynccontextmanager
async def serving(
    scripts: Mapping[str, Script], limits: Limits, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[FastAgiService]:
    """The service while it runs on a Twisted reactor of this event loop; port 0 takes a free one."""
    loop = asyncio.get_running_loop()
    reactor = AsyncioSelectorReactor(loop)
    service = FastAgiService(host, port, scripts, limits, reactor)
    service.startService()
    try:
        yield service
    finally:
        await service.stopService().asFuture(loop)


class Client:
    """Asterisk's end of one session."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    @asynccontextmanager
    async def open(cls, port: int) -> AsyncIterator[Client]:
        """Connected, nothing said yet."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()

    def say(self, text: str) -> None:
        """Send, as it is."""
        self._writer.write(text.encode())

    def ask_for(self, script: str, *arguments: str) -> None:
        """All headers, and the empty line after them."""
        headers = [f"agi_arg_{number}: {argument}" for number, argument in enumerate(arguments, 1)]
        self.say("\n".join([f"agi_network_script: {script}", "agi_uniqueid: 1.1", *headers, "", ""]))

    async def line(self, deadline: float = 30.0) -> str:
        """The next line it sends us; empty once it has closed."""
        async with asyncio.timeout(deadline):
            try:
                return (await self._reader.readline()).decode().rstrip("\n")
            except ConnectionResetError:
                return ""

    def hang_up(self) -> None:
        """Close at once."""
        self._writer.transport.abort()
