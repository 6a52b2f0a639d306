"""A wire that can be cut, slow or half open: TCP passed on to where Asterisk listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_CHUNK = 65536


class Wire:
    """`port` is where the clients connect.

    `cut` ends what is up; `hold` lets nothing through, silently; `forget` holds what is up now for ever;
    `slow` delays each piece.
    """

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._open: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self._forgotten: set[asyncio.StreamWriter] = set()
        self._delay = 0.0
        self._is_down = False
        self._server: asyncio.Server

    @classmethod
    @asynccontextmanager
    async def open(cls, host: str, port: int, here: int = 0) -> AsyncIterator[Wire]:
        """A wire to `host:port`, gone at the end; `here`: its near end, a free port unless given."""
        wire = cls(host, port)
        wire._server = await asyncio.start_server(wire._connected, host, here)
        try:
            yield wire
        finally:
            wire._flows.set()
            wire._server.close()
            wire.cut()
            await wire._server.wait_closed()

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """Every connection breaks at once, without a farewell; new ones are refused until `mend`."""
        self._is_down = True
        for writer in tuple(self._open):
            writer.transport.abort()

    def mend(self) -> None:
        """As if nothing had happened: new connections are taken, what was held goes on."""
        self._is_down = False
        self._delay = 0.0
        self._flows.set()

    def slow(self, seconds: float) -> None:
        """Each piece, of 64 kB at most, takes that long until `mend`."""
        self._delay = seconds

    def forget(self) -> None:
        """The far ends vanish without a word; a new connection works."""
        self._forgotten |= self._open

    def hold(self) -> None:
        """Connections stay up and carry nothing, as behind a firewall that forgot them."""
        self._flows.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if not self._is_down:
                with suppress(OSError):
                    far_reader, far_writer = await asyncio.open_connection(*self._there)
                    self._open.add(far_writer)
                    await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(_CHUNK):
                await self._flows.wait()
                if writer in self._forgotten:
                    continue
                await asyncio.sleep(self._delay)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._open.discard(writer)
            self._forgotten.discard(writer)
            writer.close()
