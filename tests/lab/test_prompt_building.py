"""Prompts made by the real espeak-ng and sox."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from ivr.calls.prompts import PromptFile
from ivr.calls.synthesis import PromptError, build

SHORT = PromptFile("en", "short", "short", (("en", "Hello."),))
MIXED = PromptFile("az", "mixed", "mixed", (("az", "Salam."), ("ru", "Здравствуйте.")))
DASHES = PromptFile("en", "dashes", "dashes", (("en", "--help $(id) `id`"),))


def test_a_prompt_becomes_an_8_khz_mono_16_bit_file_that_is_not_silent(tmp_path: Path) -> None:
    _build([SHORT, MIXED, DASHES], tmp_path)
    for file in (SHORT, MIXED, DASHES):
        with wave.open(str(tmp_path / "out" / file.path)) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
            assert sound.getnframes() > 2000
            assert max(sound.readframes(sound.getnframes())) > 0
    assert _frames(tmp_path, MIXED) > _frames(tmp_path, SHORT)


def test_only_what_changed_is_made_again(tmp_path: Path) -> None:
    assert _build([SHORT, MIXED], tmp_path) == {"short", "mixed"}
    assert _build([SHORT, MIXED], tmp_path) == set()
    longer = PromptFile("en", "short", "short", (("en", "Hello again and again."),))
    assert _build([longer, MIXED], tmp_path) == {"short"}
    (tmp_path / "out" / MIXED.path).unlink()
    assert _build([longer, MIXED], tmp_path) == {"mixed"}


def test_a_recording_wins_over_the_spoken_sentence_and_is_brought_to_8_khz(tmp_path: Path) -> None:
    _build([SHORT], tmp_path)
    recorded = SHORT.recorded(tmp_path)
    recorded.parent.mkdir(parents=True)
    with wave.open(str(recorded), "wb") as sound:
        sound.setparams((2, 2, 44_100, 0, "NONE", ""))
        sound.writeframes(b"\x00\x10\x00\xf0" * 44_100 * 3)
    assert _build([SHORT], tmp_path) == {"short"}
    assert _frames(tmp_path, SHORT) == pytest.approx(3 * 8000, abs=10)
    recorded.unlink()
    assert _build([SHORT], tmp_path) == {"short"}
    assert _frames(tmp_path, SHORT) < 3 * 8000


def test_a_recording_that_is_no_sound_is_named_and_what_is_in_place_stays(tmp_path: Path) -> None:
    _build([SHORT], tmp_path)
    before = (tmp_path / "out" / SHORT.path).read_bytes()
    SHORT.recorded(tmp_path).parent.mkdir(parents=True)
    SHORT.recorded(tmp_path).write_text("not a sound")
    with pytest.raises(PromptError, match=r"en/hotline/short\.wav: sox failed"):
        _build([SHORT], tmp_path)
    assert (tmp_path / "out" / SHORT.path).read_bytes() == before
    assert [path.name for path in (tmp_path / "out" / "en" / "hotline").iterdir()] == ["short.wav"]


def _build(files: list[PromptFile], folder: Path) -> set[str]:
    (folder / "out").mkdir(exist_ok=True)
    return {
        made.file.name for made in build(files, folder, folder / "out", workers=2) if not made.was_current
    }


def _frames(folder: Path, file: PromptFile) -> int:
    with wave.open(str(folder / "out" / file.path)) as sound:
        return int(sound.getnframes())
