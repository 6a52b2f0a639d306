"""Takes of a voice, checked before any of them becomes a recording of the configuration.

A folder of files named like their prompts comes in; `faults` says what is wrong with each. Called by
`hotline prompts import`, which copies nothing while there is a fault.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from ivr.config.problems import did_you_mean
from ivr.sounds.prompts import PromptFile, spoken_seconds
from ivr.sounds.synthesis import Level, PromptError, is_recorded, level_of_take, stale

MOST_SILENCE_SECONDS: Final = 1.0
MOST_CLIPPED: Final = 3
"""Samples at full scale; a loud vowel that is clipped has hundreds."""
_SLOWEST, _FASTEST, _SLACK_SECONDS = 2.5, 0.4, 1.0


class Fault(NamedTuple):
    """What is wrong with one file of the folder, or with one that is not there."""

    file: str
    problem: str
    hint: str


def faults(takes: Path, files: Sequence[PromptFile], config: Path) -> Iterator[Fault]:
    """All that is wrong with a folder of takes for `files`, file by file. Raises OSError.

    A prompt may be left out if `config` has a recording of its sentence already.
    """
    wanted = {f"{file.name}.wav": file for file in files}
    found = {path.name: path for path in takes.iterdir() if not path.name.startswith(".")}
    for name in sorted(found.keys() - wanted.keys()):
        yield Fault(name, "no prompt has this name", did_you_mean(name, wanted))
    unfit = stale(files, config)
    with tempfile.TemporaryDirectory() as work:
        for name, file in wanted.items():
            if name in found:
                yield from _of_take(found[name], file, Path(work))
            elif file in unfit or not is_recorded(file, config):
                yield Fault(name, "is missing", f"it says: {file.text}")


def _of_take(path: Path, file: PromptFile, work: Path) -> Iterator[Fault]:
    try:
        found = level_of_take(path, file, work)
    except PromptError:
        yield Fault(path.name, "is no sound that can be read", "export it as WAV (PCM)")
        return
    yield from (Fault(path.name, *told) for told in _told(found, spoken_seconds(file.text)))


def _told(take: Level, expected: float) -> Iterator[tuple[str, str]]:
    """Problem and hint of a take whose sentence takes about `expected` seconds to say."""
    if take.decibels is None:
        yield "nothing is heard in it", "record it again"
        return
    if take.clipped > MOST_CLIPPED:
        yield f"is clipped: {take.clipped} samples at full scale", "record it again at a lower level"
    for end, silence in (("beginning", take.before), ("end", take.after)):
        if silence == 0:
            yield f"no silence at its {end}: a word may be cut off", "leave a tenth of a second"
        elif silence > MOST_SILENCE_SECONDS:
            yield f"{silence:.1f} s of silence at its {end}", f"cut it to {MOST_SILENCE_SECONDS:g} s or less"
    spoken = take.seconds - take.before - take.after
    if not expected * _FASTEST - _SLACK_SECONDS <= spoken <= expected * _SLOWEST + _SLACK_SECONDS:
        yield f"{spoken:.1f} s of speech instead of about {expected:.1f} s", "is it another sentence?"
