"""Our FastAGI server in the test's own event loop, and a client that speaks as Asterisk does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from twisted.internet.asyncioreactor import AsyncioSelectorReactor

from ivr.asterisk.fastagi import FastAgiService, Limits, Script
from ivr.asterisk.secrets import FOLDER, agi_answer, read_secret_file
from ivr.asterisk.words import FASTAGI_QUESTION, FASTAGI_SECRET
from tests.lab.house import House

SECRET = b"secret = what Asterisk and the server read\n"
"""Of a server without a house."""
_QUESTION = re.compile(re.escape(FASTAGI_QUESTION).replace("%s", "([0-9a-f]{64})"))


@asynccontextmanager
async def serving(
    scripts: Mapping[str, Script], limits: Limits, house: House | None = None
) -> AsyncIterator[FastAgiService]:
    """The service while it runs on a Twisted reactor of this event loop: for that house, else at any port."""
    loop = asyncio.get_running_loop()
    reactor = AsyncioSelectorReactor(loop)
    secret = read_secret_file(house.etc / FOLDER, FASTAGI_SECRET) if house else SECRET
    port = house.agi_port if house else 0
    service = FastAgiService("127.0.0.1", port, scripts, limits, secret, reactor)
    service.privilegedStartService()
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

    def ask_for(self, script: str, *arguments: str, uniqueid: str = "1.1") -> None:
        """All headers, and the empty line after them."""
        headers = [f"agi_arg_{number}: {argument}" for number, argument in enumerate(arguments, 1)]
        self.say("\n".join([f"agi_network_script: {script}", f"agi_uniqueid: {uniqueid}", *headers, "", ""]))

    async def line(self, deadline: float = 30.0) -> str:
        """The next line it sends us, but for the question that only Asterisk can answer; empty at the end."""
        async with asyncio.timeout(deadline):
            line = await self.raw_line()
            if asked := _QUESTION.fullmatch(line):
                self.say(f"{agi_answer(SECRET, asked[1])}\n")
                line = await self.raw_line()
            return line

    async def raw_line(self) -> str:
        """The next line, whatever it is."""
        try:
            return (await self._reader.readline()).decode().rstrip("\n")
        except ConnectionResetError:
            return ""

    def hang_up(self) -> None:
        """Close at once."""
        self._writer.transport.abort()
