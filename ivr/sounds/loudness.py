"""How long and how loud a built prompt is: its seconds, and the level of what is heard of it.

Read by `ivr.sounds.synthesis`, which brings all prompts to one level, and by `hotline prompts list`.
"""

from __future__ import annotations

import math
import wave
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FULL_SCALE: Final = 32768.0**2
_SILENCE: Final = _FULL_SCALE * 1e-5
"""50 dB below full scale: pauses say nothing about how loud a voice is."""
_WINDOW_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Level:
    """`decibels`: mean power of the voice, 0 at full scale; None if nothing is heard."""

    seconds: float
    decibels: float | None


def level(path: Path) -> Level:
    """The level of a mono 16-bit WAV file. Raises OSError, wave.Error, EOFError for what is none."""
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        samples = array("h", file.readframes(file.getnframes()))
    step = int(rate * _WINDOW_SECONDS)
    windows = (samples[start : start + step] for start in range(0, len(samples), step))
    powers = [sum(sample * sample for sample in window) / len(window) for window in windows]
    heard = [power for power in powers if power > _SILENCE]
    decibels = 10 * math.log10(sum(heard) / len(heard) / _FULL_SCALE) if heard else None
    return Level(len(samples) / rate, decibels)
