"""What a phone hears, told exactly: which prompt in which language, from when, and which agent spoke.

Asterisk plays a prompt's 8 kHz samples through its µ-law encoder, so the received bytes are the prompt's own
bytes: finding them is proof, not likeness. Agents send a marker that spells their account.
"""

from __future__ import annotations

import array
import bisect
import functools
import sys
import wave
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

RATE = 8000
"""Samples, and µ-law bytes, a second."""
FRAME = 160
"""Bytes of one 20 ms packet."""
SILENCE = b"\xff" * FRAME
SURE = RATE // 2
"""So many equal bytes prove a prompt: half a second."""
_MARK = 0x30
_MARK_DIGITS = 0x10


@functools.cache
def _mulaw_table() -> bytes:
    """µ-law of every 16-bit sample, in the order of its unsigned value (ITU-T G.711)."""
    return bytes(_mulaw(value - 65536 if value > 32767 else value) for value in range(65536))


def _mulaw(sample: int) -> int:
    # Asterisk keeps one table entry for four neighbouring samples, made from the last of them.
    sample |= 3
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32635) + 132
    exponent = max(magnitude.bit_length() - 8, 0)
    return ~(sign | exponent << 4 | (magnitude >> (exponent + 3)) & 0x0F) & 0xFF


def to_mulaw(samples: bytes) -> bytes:
    """Little-endian 16-bit samples as µ-law bytes, encoded as Asterisk does."""
    values = array.array("H", samples)
    if sys.byteorder == "big":
        values.byteswap()
    table = _mulaw_table()
    return bytes([table[value] for value in values])


@dataclass(frozen=True)
class Sound:
    """One prompt in one language as a phone receives it."""

    name: str
    language: str
    mulaw: bytes = field(repr=False)
    needle_at: int = field(repr=False)

    @property
    def seconds(self) -> float:
        return len(self.mulaw) / RATE

    @property
    def needle(self) -> bytes:
        """Half a second from where the voice begins: silence would be found everywhere.

        Of a shorter one, a single word, all but the last, incomplete frame, which Asterisk may cut.
        """
        whole_frames = len(self.mulaw) // FRAME * FRAME
        return self.mulaw[self.needle_at : min(self.needle_at + SURE, whole_frames)]

    @classmethod
    def load(cls, file: Path, language: str) -> Sound:
        """Read an 8 kHz mono 16-bit `.wav`; ValueError if it is another kind."""
        with wave.open(str(file), "rb") as recording:
            if (recording.getframerate(), recording.getnchannels(), recording.getsampwidth()) != (RATE, 1, 2):
                raise ValueError(f"{file} is not 8 kHz mono 16 bit")
            mulaw = to_mulaw(recording.readframes(recording.getnframes()))
        loud = next((at for at, byte in enumerate(mulaw) if byte & 0x70 != 0x70), 0)
        return cls(file.stem, language, mulaw, min(loud, max(len(mulaw) - SURE, 0)))


def load_sounds(folder: Path) -> tuple[Sound, ...]:
    """Every prompt under `<folder>/<language>/hotline/*.wav`, as `hotline prompts build` leaves them."""
    return tuple(Sound.load(file, file.parent.parent.name) for file in sorted(folder.glob("*/hotline/*.wav")))


@dataclass(frozen=True, slots=True)
class Hearing:
    """A prompt that was heard: from when (epoch seconds), and how much of it."""

    name: str
    language: str
    at: float
    seconds: float
    is_whole: bool

    @property
    def until(self) -> float:
        return self.at + self.seconds


@dataclass
class Track:
    """Everything one phone received, byte by byte, with the moment each packet arrived."""

    received: bytearray = field(default_factory=bytearray)
    starts: list[int] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)

    def add(self, payload: bytes, at: float) -> None:
        self.starts.append(len(self.received))
        self.moments.append(at)
        self.received += payload

    def moment_of(self, position: int) -> float:
        """When the byte at that position was heard (a packet's bytes are heard after it has arrived)."""
        packet = bisect.bisect_right(self.starts, position) - 1
        return self.moments[packet] + (position - self.starts[packet]) / RATE

    def position_of(self, moment: float) -> int:
        """The first byte that arrived at that moment or later."""
        packet = bisect.bisect_left(self.moments, moment)
        return self.starts[packet] if packet < len(self.starts) else len(self.received)

    def first_hearing(self, sounds: Iterable[Sound], position: int = 0) -> Hearing | None:
        """The first of these prompts heard from that byte on, as far as it has been heard by now."""
        heard = (next(self._hearings(sound, position), None) for sound in sounds)
        return min((it for it in heard if it), key=lambda it: it.at, default=None)

    def last_hearing(self, sounds: Iterable[Sound], position: int = 0) -> Hearing | None:
        """The latest of these prompts heard from that byte on."""
        return max(self.hearings(sounds, position), key=lambda it: it.at, default=None)

    def hearings(self, sounds: Iterable[Sound], position: int = 0) -> list[Hearing]:
        """All prompts heard, in order. Of those that begin alike (`place-1`, `place-12`) the longest."""
        best: dict[int, Hearing] = {}
        for heard in (heard for sound in sounds for heard in self._hearings(sound, position)):
            key = round(heard.at * 10)
            near = next((k for k in (key, key - 1, key + 1) if k in best), key)
            if near not in best or heard.seconds > best[near].seconds:
                best[near] = heard
        return sorted(best.values(), key=lambda heard: heard.at)

    def _hearings(self, sound: Sound, position: int) -> Iterator[Hearing]:
        found = self.received.find(sound.needle, position)
        while found >= 0:
            begin = max(found - sound.needle_at, 0)
            spoken = sound.mulaw[sound.needle_at :]
            length = sound.needle_at + _common(self.received[found : found + len(spoken)], spoken)
            # The last, incomplete frame of a file may be cut by Asterisk.
            is_whole = length > len(sound.mulaw) - FRAME
            yield Hearing(sound.name, sound.language, self.moment_of(begin), length / RATE, is_whole)
            found = self.received.find(sound.needle, found + SURE)


def _common(left: bytes | bytearray, right: bytes) -> int:
    """Length of the common beginning."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if left[low:middle] == right[low:middle] else (low, middle - 1)
    return low


def marker(account: str) -> bytes:
    """One packet that spells an agent's account (digits) over and over."""
    word = bytes([_MARK, *(_MARK_DIGITS + int(digit) for digit in account)])
    return (word * (FRAME // len(word) + 1))[:FRAME]


def account_in(payload: bytes) -> str:
    """The account a packet spells, empty if it is no marker."""
    begin = payload.find(_MARK)
    end = payload.find(_MARK, begin + 1)
    digits = payload[begin + 1 : end]
    if begin < 0 or end < 0 or not digits or any(not 0 <= digit - _MARK_DIGITS <= 9 for digit in digits):
        return ""
    account = "".join(str(digit - _MARK_DIGITS) for digit in digits)
    return account if payload[begin:] == marker(account)[: len(payload) - begin] else ""
