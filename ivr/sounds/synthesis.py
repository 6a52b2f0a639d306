"""Prompt files made by espeak-ng and sox, or converted from recordings; only what changed is made again.

`PromptFile` values come in; 8 kHz mono 16-bit files for Asterisk go out, all at one loudness, with a note of
what each was made from. Called by `hotline prompts build`; `hotline prompts list` reads length and loudness.

A note beside the recordings, in `prompts/` of the configuration, says for which sentence each was made, so
that a changed sentence does not go on in the old voice. A recording that is new, or another than the noted
one, is taken for the sentence as it is then: `prompts build` notes it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import subprocess
import tempfile
import wave
from array import array
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Final, NamedTuple

from ivr.sounds.prompts import PromptFile

RECORDED_FOR: Final = "recorded-for.json"
_NONE_YET: Final = (FileNotFoundError, NotADirectoryError, ValueError)


def is_recorded(file: PromptFile, config: Path) -> bool:
    """Whether a recorded file takes the place of the synthesised one."""
    return file.recorded(config).is_file()


def stale(files: Iterable[PromptFile], config: Path) -> frozenset[PromptFile]:
    """Those whose recording is still the one of an earlier sentence. Raises OSError."""
    notes = _read(config / "prompts" / RECORDED_FOR, _NONE_YET)
    return frozenset(
        file
        for file in files
        if (note := notes.get(str(file.path)))
        and note.get("text") != file.text
        and note.get("sound") == _fingerprint(file, config)
    )


def note(files: Iterable[PromptFile], config: Path) -> None:
    """Take each recording that is not noted yet for its sentence. Raises OSError."""
    path = config / "prompts" / RECORDED_FOR
    notes = _read(path, _NONE_YET)
    fresh = {
        str(file.path): {"sound": sound, "text": file.text}
        for file in files
        if (sound := _fingerprint(file, config)) not in (None, notes.get(str(file.path), {}).get("sound"))
    }
    if fresh:
        text = json.dumps(notes | fresh, ensure_ascii=False, indent=1, sort_keys=True)
        path.write_text(text + "\n", encoding="utf-8")


def _fingerprint(file: PromptFile, config: Path) -> str | None:
    """Of its recording; None if it has none."""
    if not is_recorded(file, config):
        return None
    return hashlib.sha256(file.recorded(config).read_bytes()).hexdigest()[:16]


def _read(notes: Path, missing: tuple[type[Exception], ...]) -> dict[str, Any]:
    """The notes in that file; none if reading it fails in one of these ways, or if they are no notes."""
    try:
        found = json.loads(notes.read_text(encoding="utf-8"))
    except missing:
        return {}
    return found if isinstance(found, dict) else {}


NOTES: Final = "made-from.json"
"""In the folder of built prompts: what each file was made from. Losing it costs one full build."""
PROGRAMS: Final = ("espeak-ng", "sox")
_FORMAT: Final = ("-r", "8000", "-c", "1", "-b", "16", "-e", "signed-integer")
_LOUDNESS: Final = -20.0
"""Decibels to full scale, the same for all voices: the usual level of speech in telephony."""
_SPEED: Final = "150"
"""Words a minute: slower than espeak-ng's own 175, for a telephone."""
_TIME_LIMIT_SECONDS: Final = 60


class PromptError(Exception):
    """A prompt could not be made; the message says which, and why in the program's last words."""


class Made(NamedTuple):
    """One file that is now in place. `was_current`: it was there already, made from the same."""

    file: PromptFile
    was_current: bool


def missing_programs() -> tuple[str, ...]:
    """Those of `PROGRAMS` this machine lacks."""
    return tuple(program for program in PROGRAMS if shutil.which(program) is None)


def outdated(files: Iterable[PromptFile], config: Path, out: Path) -> frozenset[PromptFile]:
    """Those built under `out` from another sentence or recording than `config` has now."""
    notes = _read(out / NOTES, (OSError, ValueError))
    return frozenset(
        file for file in files if notes.get(str(file.path), made := _made_from(file, config)) != made
    )


def build(files: Iterable[PromptFile], config: Path, out: Path, workers: int | None = None) -> Iterator[Made]:
    """Make what is missing or changed under `out`, several at a time; yields each file once it is in place.

    A file appears complete or not at all: a call that plays it meanwhile hears the old or the new one.
    Raises PromptError at the first that cannot be made; what was made until then is kept and noted.
    """
    notes = _read(out / NOTES, (OSError, ValueError))
    wanted = {file: _made_from(file, config) for file in files}
    current = {
        file
        for file, source in wanted.items()
        if notes.get(str(file.path)) == source and (out / file.path).is_file()
    }
    yield from (Made(file, was_current=True) for file in wanted if file in current)
    pool = ThreadPoolExecutor(workers or os.cpu_count() or 1, thread_name_prefix="prompts")
    try:
        jobs = {pool.submit(_make, file, config, out): file for file in wanted if file not in current}
        for job in as_completed(jobs):
            job.result()
            notes[str(jobs[job].path)] = wanted[jobs[job]]
            yield Made(jobs[job], was_current=False)
    finally:
        pool.shutdown(cancel_futures=True)
        if len(current) < len(wanted):
            fresh = out / f".{NOTES}.{os.getpid()}"
            fresh.write_text(json.dumps(notes, indent=1, sort_keys=True), encoding="utf-8")
            fresh.replace(out / NOTES)


def _made_from(file: PromptFile, config: Path) -> str:
    """A fingerprint of everything the sound depends on."""
    recorded = file.recorded(config)
    content = recorded.read_bytes() if is_recorded(file, config) else repr((file.parts, _SPEED)).encode()
    return hashlib.sha256(b"\0".join((content, repr((_FORMAT, _LOUDNESS)).encode()))).hexdigest()


def _make(file: PromptFile, config: Path, out: Path) -> None:
    def sources(work: Path) -> Iterable[Path]:
        return [file.recorded(config)] if is_recorded(file, config) else _spoken(file, work)

    _finish(str(file.path), sources, out / file.path)


def convert(source: Path, target: Path) -> None:
    """Bring any sound file to Asterisk's format and our loudness. Raises PromptError, OSError.

    A file in which nothing is heard is refused.
    """
    _finish(source.name, lambda _: [source], target, needs_voice=True)


def _finish(
    name: str, sources: Callable[[Path], Iterable[Path]], target: Path, *, needs_voice: bool = False
) -> None:
    """Join what `sources` finds or makes in the folder given, at our loudness; the target appears complete.

    `needs_voice`: a PromptError if nothing is heard.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.stem}-") as folder:
        work = Path(folder)
        joined, finished, parts = work / "joined.wav", work / "finished.wav", list[str]()
        # sox refuses to join files of different rates: each source is brought to ours first.
        for position, source in enumerate(sources(work)):
            parts.append(str(work / f"part-{position}.wav"))
            _run(name, "sox", str(source), *_FORMAT, parts[-1])
        _run(name, "sox", *parts, str(joined))
        heard = level(joined).decibels
        if needs_voice and heard is None:
            raise PromptError(f"{name}: nothing is heard in it")
        gain = 0.0 if heard is None else _LOUDNESS - heard
        _run(name, "sox", str(joined), str(finished), "gain", "-l", f"{gain:.1f}")
        finished.replace(target)


def _spoken(file: PromptFile, work: Path) -> Iterator[Path]:
    for position, (voice, text) in enumerate(file.parts):
        spoken = work / f"spoken-{position}.wav"
        _run(str(file.path), "espeak-ng", "-v", voice, "-s", _SPEED, "-w", str(spoken), "--stdin", text=text)
        yield spoken


def _run(name: str, *command: str, text: str = "") -> None:
    """Run one program; the text goes through its standard input, never into its arguments."""
    try:
        subprocess.run(
            command, input=text.encode(), check=True, capture_output=True, timeout=_TIME_LIMIT_SECONDS
        )
    except FileNotFoundError:
        raise PromptError(f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise PromptError(f"{name}: {command[0]} did not end in {_TIME_LIMIT_SECONDS} s") from None
    except subprocess.CalledProcessError as error:
        *_, why = error.stderr.decode("utf-8", "replace").strip().rpartition(": ")
        on = command[1] if command[0] == "sox" else "its text"
        raise PromptError(f"{name}: {command[0]} failed on {on}: {why}") from None


_FULL_SCALE: Final = 32768.0**2
_SILENCE: Final = _FULL_SCALE * 1e-5
"""50 dB below full scale: pauses say nothing about how loud a voice is."""
_WINDOW_SECONDS: Final = 0.05


class Level(NamedTuple):
    """`decibels`: mean power of the voice, 0 at full scale; None if nothing is heard.

    `before` and `after` are seconds of silence around the voice, `clipped` counts samples at full scale.
    """

    seconds: float
    decibels: float | None
    before: float
    after: float
    clipped: int


def level(path: Path) -> Level:
    """The level of a mono 16-bit WAV file. Raises OSError, wave.Error, EOFError for any other file."""
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        samples = array("h", file.readframes(file.getnframes()))
    step = int(rate * _WINDOW_SECONDS)
    windows = (samples[start : start + step] for start in range(0, len(samples), step))
    powers = [sum(sample * sample for sample in window) / len(window) for window in windows]
    heard = [position for position, power in enumerate(powers) if power > _SILENCE]
    first, last = (heard[0], heard[-1] + 1) if heard else (len(powers), len(powers))
    mean = sum(powers[position] for position in heard) / max(len(heard), 1)
    return Level(
        seconds=len(samples) / rate,
        decibels=10 * math.log10(mean / _FULL_SCALE) if heard else None,
        before=first * step / rate,
        after=max(len(samples) - last * step, 0) / rate,
        clipped=samples.count(32767) + samples.count(-32768),
    )


def level_of_take(take: Path, file: PromptFile, work: Path) -> Level:
    """The level of a recording in any format sox reads, by a copy in `work`. Raises PromptError."""
    plain = work / f"{file.name}.wav"
    _run(str(file.path), "sox", str(take), "-c", "1", "-b", "16", "-e", "signed-integer", str(plain))
    return level(plain)
