"""The media of one call: sends µ-law every 20 ms while it is up, receives, presses keys (RFC 2833).

Asterisk's Answer() waits for media, so a phone sends silence from the start. All streams of a process
share one clock; a stream costs nothing when closed.
"""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections import deque
from dataclasses import dataclass
from typing import ClassVar, cast
from weakref import WeakKeyDictionary

from tests.lab.audio import FRAME, RATE, SILENCE, Track, account_in
from tests.lab.sip import PCMU, Address, Media

_TICK = FRAME / RATE
_KEYS = "0123456789*#"
_KEY_TICKS = 5
"""A key is held for 100 ms …"""
_END_TICKS = 3
"""… its end is told three times …"""
_GAP_TICKS = 4
"""… and 80 ms pass before the next."""


@dataclass
class Spoken:
    """An agent's voice as this phone heard it: the account, and the first and last packet (epoch seconds)."""

    account: str
    first_at: float
    last_at: float


@dataclass
class _Pressed:
    key: str
    done: asyncio.Future[float]
    ticks: int = 0
    timestamp: int = 0


class RtpStream(asyncio.DatagramProtocol):
    """Opened with a port of its own; silent until `start` says where the other side listens."""

    def __init__(self) -> None:
        self.track = Track()
        self.spoken: list[Spoken] = []
        self.voice = SILENCE
        self._transport: asyncio.DatagramTransport | None = None
        self._media: Media | None = None
        # Below 2^15, as RFC 3711 advises: see "RTP through a Local channel" in docs/asterisk-notes.md.
        self._sequence = random.randrange(1 << 15)
        self._timestamp = random.randrange(1 << 31)
        self._source = random.randrange(1 << 32)
        self._pressed: deque[_Pressed] = deque()

    @classmethod
    async def open(cls, host: str = "127.0.0.1") -> RtpStream:
        loop = asyncio.get_running_loop()
        _, stream = await loop.create_datagram_endpoint(cls, local_addr=(host, 0))
        return stream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    @property
    def address(self) -> Address:
        assert self._transport is not None, "the stream is closed"
        host, port = self._transport.get_extra_info("sockname")
        return host, port

    def start(self, media: Media) -> None:
        """Send to that address from now on; a later offer may move it."""
        self._media = media
        _Clock.of_this_loop().add(self)

    def close(self) -> None:
        """Stop sending and give the port back. Keys not yet pressed are never pressed."""
        _Clock.of_this_loop().remove(self)
        for pressed in self._pressed:
            pressed.done.cancel()
        self._pressed.clear()
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    async def press(self, key: str) -> float:
        """Press a key; the moment (epoch seconds) its end was first sent, when Asterisk acts on it."""
        if key not in _KEYS:
            raise ValueError(f"{key!r} is no key of a phone")
        pressed = _Pressed(key, asyncio.get_running_loop().create_future())
        self._pressed.append(pressed)
        return await pressed.done

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) <= 12 or data[1] & 0x7F != PCMU:
            return
        payload, now = data[12:], time.time()
        self.track.add(payload, now)
        if account := account_in(payload):
            if not self.spoken or self.spoken[-1].account != account:
                self.spoken.append(Spoken(account, now, now))
            self.spoken[-1].last_at = now

    def tick(self) -> None:
        """Send this 20 ms' packet: a key if one is down, else the voice."""
        assert self._media is not None
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF
        if not self._pressed:
            self._send(PCMU, self._timestamp, self.voice)
            return
        pressed = self._pressed[0]
        pressed.timestamp = pressed.timestamp or self._timestamp
        pressed.ticks += 1
        if pressed.ticks <= _KEY_TICKS + _END_TICKS:
            is_end = pressed.ticks > _KEY_TICKS
            duration = min(pressed.ticks, _KEY_TICKS) * FRAME
            event = struct.pack("!BBH", _KEYS.index(pressed.key), 0x80 * is_end | 10, duration)
            self._send(self._media.keys, pressed.timestamp, event, is_first=pressed.ticks == 1)
            if pressed.ticks == _KEY_TICKS + 1 and not pressed.done.done():
                pressed.done.set_result(time.time())
            return
        self._send(PCMU, self._timestamp, self.voice)
        if pressed.ticks >= _KEY_TICKS + _END_TICKS + _GAP_TICKS:
            self._pressed.popleft()

    def _send(self, kind: int, timestamp: int, payload: bytes, *, is_first: bool = False) -> None:
        if self._transport is None or self._media is None:
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        header = struct.pack("!BBHII", 0x80, 0x80 * is_first | kind, self._sequence, timestamp, self._source)
        self._transport.sendto(header + payload, self._media.address)


class _Clock:
    """One 20 ms clock for all streams of an event loop; it stands still while there are none."""

    _clocks: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, _Clock]] = WeakKeyDictionary()

    def __init__(self) -> None:
        self._streams: set[RtpStream] = set()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def of_this_loop(cls) -> _Clock:
        return cls._clocks.setdefault(asyncio.get_running_loop(), cls())

    def add(self, stream: RtpStream) -> None:
        self._streams.add(stream)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def remove(self, stream: RtpStream) -> None:
        self._streams.discard(stream)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while self._streams:
            due += _TICK
            await asyncio.sleep(max(0.0, due - loop.time()))
            for stream in tuple(self._streams):
                stream.tick()
