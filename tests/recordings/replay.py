"""An AMI server that plays a recorded case to whoever logs in: the first connection, then the second.

Any secret but `wrong` is right. `replay.played` is set when the last byte is sent.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType

_LISTS = {"queuestatus": b"QueueStatusComplete", "coreshowchannels": b"CoreShowChannelsComplete"}


class Replay:
    """`async with Replay(bytes_of(folder)) as replay:`, then connect to its port. `chunk`: bytes a write."""

    def __init__(self, connections: Sequence[bytes] = (), chunk: int = 0) -> None:
        self._connections = connections
        self._chunk = chunk
        self._next = 0
        self.played = asyncio.Event()
        self.actions: list[dict[str, str]] = []
        self.answers = True
        self.version = b"11.0.0"
        """Of the AMI, in the banner."""
        self.refusals: dict[str, list[str]] = {}
        """Action → what Asterisk says instead of an answer, the first time and the next ones."""
        self.rows: dict[str, str] = {}
        """Action → the rows of its list, an empty ActionID is filled in; or more headers of its answer."""
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Replay:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """End every connection."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def say(self, text: str) -> None:
        """Send raw text to everybody who is connected; who has died meanwhile hears nothing."""
        for writer in self._writers:
            with suppress(ConnectionError):
                await self._send(writer, text.encode())

    async def _serve(self, incoming: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        writer.write(b"Asterisk Call Manager/" + self.version + b"\r\n")
        try:
            while message := await incoming.readuntil(b"\r\n\r\n"):
                fields = dict(re.findall(r"(?m)^(\w+): ?([^\r\n]*)", message.decode()))
                self.actions.append(fields)
                if self.answers:
                    await self._answer(fields, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, fields: dict[str, str], writer: asyncio.StreamWriter) -> None:
        action, own = fields["Action"].lower(), f"ActionID: {fields['ActionID']}\r\n".encode()
        if action == "login" and fields.get("Secret") == "wrong":
            await self._send(writer, b"Response: Error\r\n" + own + b"Message: Authentication failed\r\n\r\n")
            writer.close()
        elif action == "login":
            await self._send(
                writer, b"Response: Success\r\n" + own + b"Message: Authentication accepted\r\n\r\n"
            )
            await self._play(writer)
        elif self.refusals.get(fields["Action"]):
            why = self.refusals[fields["Action"]].pop(0).encode()
            await self._send(writer, b"Response: Error\r\n" + own + b"Message: " + why + b"\r\n\r\n")
        elif action in _LISTS:
            start = b"Response: Success\r\n" + own + b"EventList: start\r\nMessage: will follow\r\n\r\n"
            start += self.rows.get(fields["Action"], "").replace("ActionID: \r\n", own.decode()).encode()
            end = b"Event: " + _LISTS[action] + b"\r\n" + own + b"EventList: Complete\r\n\r\n"
            await self._send(writer, start + end)
        elif action == "logoff":
            await self._send(writer, b"Response: Goodbye\r\n" + own + b"Message: Thanks\r\n\r\n")
            writer.close()
        else:
            more = self.rows.get(fields["Action"], "").encode()
            await self._send(writer, b"Response: Success\r\n" + own + more + b"Message: taken\r\n\r\n")

    async def _play(self, writer: asyncio.StreamWriter) -> None:
        number, self._next = self._next, self._next + 1
        if number < len(self._connections):
            await self._send(writer, self._connections[number])
        if number + 1 < len(self._connections):
            writer.close()
        else:
            self.played.set()

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        for begin in range(0, len(data), self._chunk or len(data) or 1):
            writer.write(data[begin : begin + (self._chunk or len(data))])
            if self._chunk:
                await writer.drain()
                await asyncio.sleep(0)  # so that the listener reads this chunk alone
        await writer.drain()
