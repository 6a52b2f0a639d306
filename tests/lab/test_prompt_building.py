"""Prompts made by the real espeak-ng and sox."""

from __future__ import annotations

import json
import math
import shutil
import wave
from array import array
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.command.root import app
from ivr.sounds.prompts import PromptFile
from ivr.sounds.synthesis import PromptError, build, level

BASE = Path(__file__).parents[1] / "broken" / "base"
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
    with pytest.raises(PromptError, match=r"en/hotline/short\.wav: sox failed") as failed:
        _build([SHORT], tmp_path)
    assert "FAIL" not in str(failed.value)
    assert str(SHORT.recorded(tmp_path)) in str(failed.value)
    assert (tmp_path / "out" / SHORT.path).read_bytes() == before
    assert [path.name for path in (tmp_path / "out" / "en" / "hotline").iterdir()] == ["short.wav"]


def test_a_faint_recording_and_a_spoken_sentence_become_equally_loud(tmp_path: Path) -> None:
    recorded = SHORT.recorded(tmp_path)
    recorded.parent.mkdir(parents=True)
    tone = [int(300 * math.sin(2 * math.pi * 440 * at / 8000)) for at in range(16_000)]
    with wave.open(str(recorded), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(array("h", [*tone, *[0] * 8000]))
    assert level(recorded).decibels == pytest.approx(-44, abs=1)
    _build([SHORT, MIXED], tmp_path)
    levels = [level(tmp_path / "out" / file.path) for file in (SHORT, MIXED)]
    assert [found.decibels for found in levels] == pytest.approx([-20, -20], abs=1)
    assert levels[0].seconds == pytest.approx(3, abs=0.01)


def test_a_changed_sentence_makes_its_built_file_old_and_its_recording_stale_until_it_is_recorded_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no terminal, how far it is stands in lines on stderr."""
    monkeypatch.setattr("ivr.command.prompts._TOLD_EVERY", 2)
    config = tmp_path / "config"
    shutil.copytree(BASE, config)
    recorded = config / "prompts" / "az" / "news.wav"
    recorded.parent.mkdir(parents=True)
    _write_tone(recorded, 440)
    first, again = (_hotline(config, "prompts", "build") for _ in range(2))
    files = len(json.loads(_hotline(config, "prompts", "list", "--json").stdout))
    assert first.stderr.splitlines()[0] == f"2 of {files} prompts are there"
    assert again.stderr == ""
    assert _of_news(config) == {"az": (True, False, False), "ru": (False, False, False)}
    sentences = config / "prompts.yaml"
    changed = (
        sentences.read_text().replace("Yenilik yoxdur", "Yenilik var").replace("Новостей нет", "Есть новости")
    )
    sentences.write_text(changed)
    assert _of_news(config) == {"az": (True, True, False), "ru": (False, False, True)}
    told = _hotline(config, "config", "check", "--prompts", str(tmp_path / "built")).stdout
    assert "prompts.yaml:3:14 PRM010 warning: the recording of az/hotline/news.wav still says" in told
    assert "PRM006 ru/hotline/news.wav is built from what was there before" in told
    _write_tone(recorded, 550)
    _hotline(config, "prompts", "build")
    assert _of_news(config) == {"az": (True, False, False), "ru": (False, False, False)}


def test_one_prompt_is_played_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "news.wav"
    said = _hotline(BASE, "prompts", "play", "news", "--language", "ru", "--out", str(out), built=False)
    assert said.stdout == f"{out}: Новостей нет\n"
    assert level(out).decibels == pytest.approx(-20, abs=1)


def _hotline(config: Path, *words: str, built: bool = True) -> Result:
    out = ["--out", str(config.parent / "built")] if built and words[0] == "prompts" else []
    return CliRunner().invoke(app, ["--config", str(config), *words, *out])


def _of_news(config: Path) -> dict[str, tuple[bool, bool, bool]]:
    """Language → whether `news` is recorded, stale, old."""
    rows = json.loads(_hotline(config, "prompts", "list", "--json").stdout)
    return {
        row["language"]: (row["recorded"], row["stale"], row["old"]) for row in rows if row["name"] == "news"
    }


def _write_tone(path: Path, hertz: int) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(
            array("h", [int(9000 * math.sin(2 * math.pi * hertz * at / 8000)) for at in range(4000)])
        )


def _build(files: list[PromptFile], folder: Path) -> set[str]:
    (folder / "out").mkdir(exist_ok=True)
    return {
        made.file.name for made in build(files, folder, folder / "out", workers=2) if not made.was_current
    }


def _frames(folder: Path, file: PromptFile) -> int:
    with wave.open(str(folder / "out" / file.path)) as sound:
        return int(sound.getnframes())
