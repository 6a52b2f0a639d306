"""A voice's takes on their way into the configuration, and the sheet the studio reads them from: real sox."""

from __future__ import annotations

import csv
import json
import math
import shutil
import wave
from array import array
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ivr.command.root import app

BASE = Path(__file__).parents[1] / "broken" / "base"
LENGTHS = {"front": 1.6, "news": 1.2, "wrong_key": 1.4, "closed": 1.3}
"""Seconds of speech that are about right for each prompt."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A hotline of four prompts."""
    shutil.copytree(BASE, tmp_path / "config")
    return tmp_path / "config"


@pytest.fixture
def takes(tmp_path: Path) -> Path:
    """Right takes of all four."""
    folder = tmp_path / "takes"
    folder.mkdir()
    for name, seconds in LENGTHS.items():
        _take(folder / f"{name}.wav", seconds)
    return folder


def test_right_takes_become_the_recordings_whatever_their_rate_and_channels(
    config: Path, takes: Path
) -> None:
    _take(takes / "news.wav", 1.2, rate=44_100, channels=2)
    (takes / ".DS_Store").touch()
    assert _import(config, takes, "--dry-run").stdout == "4 takes are right, 0 copied\n"
    assert not (config / "prompts").exists()
    assert _import(config, takes).stdout == "4 takes are right, 4 copied\n"
    for name in LENGTHS:
        copied = config / "prompts" / "az" / f"{name}.wav"
        assert copied.read_bytes() == (takes / f"{name}.wav").read_bytes()
    listed = json.loads(_hotline(config, "prompts", "list", "--json").stdout)
    assert {row["language"] for row in listed if row["recorded"] and not row["stale"]} == {"az"}


def test_one_line_says_of_each_wrong_take_what_is_wrong_and_nothing_is_copied(
    config: Path, takes: Path
) -> None:
    (takes / "front.wav").write_text("not a sound")
    (takes / "news.wav").rename(takes / "News.wav")
    _take(takes / "wrong_key.wav", 9.0)
    _take(takes / "closed.wav", 1.3, before=0.0, after=2.5, height=40_000)
    result = _import(config, takes)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "News.wav: no prompt has this name (did you mean `news.wav`?)",
        "front.wav: is no sound that can be read (export it as WAV (PCM))",
        "news.wav: is missing (it says: Yenilik yoxdur)",
        "wrong_key.wav: 9.0 s of speech instead of about 1.4 s (is it another sentence?)",
        "closed.wav: is clipped: 4056 samples at full scale (record it again at a lower level)",
        "closed.wav: no silence at its beginning: a word may be cut off (leave a tenth of a second)",
        "closed.wav: 2.5 s of silence at its end (cut it to 1 s or less)",
        "7 problems, nothing is copied",
        "  correct them and import the folder again",
    ]
    assert not (config / "prompts").exists()


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"height": 0}, "nothing is heard in it"),
        ({"height": 20}, "nothing is heard in it"),
        ({"after": 0.0}, "no silence at its end"),
        ({"before": 1.5}, "1.5 s of silence at its beginning"),
    ],
)
def test_a_take_that_nobody_could_hear_well_is_refused(
    config: Path, takes: Path, wrong: dict[str, Any], problem: str
) -> None:
    _take(takes / "news.wav", 1.2, **wrong)
    result = _import(config, takes, "--dry-run")
    assert (result.exit_code, result.stderr.startswith(f"news.wav: {problem}")) == (1, True), result.stderr


def test_a_prompt_that_is_recorded_need_not_be_recorded_again_unless_its_sentence_changed(
    config: Path, takes: Path
) -> None:
    _import(config, takes)
    (takes / "front.wav").unlink()
    (takes / "closed.wav").unlink()
    assert _import(config, takes).stdout == "2 takes are right, 2 copied\n"
    sentences = config / "prompts.yaml"
    sentences.write_text(sentences.read_text().replace("Hazırda bağlıyıq", "Hazırda işləmirik"))
    assert _import(config, takes).stderr.startswith("closed.wav: is missing (it says: Hazırda işləmirik)\n")


def test_the_sheet_names_each_file_with_its_sentence_where_it_is_heard_and_its_seconds(config: Path) -> None:
    estimated = list(
        csv.DictReader(_hotline(config, "prompts", "script", "--lang", "ru").stdout.splitlines())
    )
    assert estimated[2] == {
        "file": "wrong_key.wav",
        "sentence": "Такого пункта нет",
        "heard": "menu.wrong_key; menu.silence",
        "seconds": "1.4",
        "length": "estimated",
    }
    _hotline(config, "prompts", "build", "--language", "ru")
    lines = _hotline(config, "prompts", "script", "--lang", "ru", "--format", "jsonl").stdout.splitlines()
    measured = [json.loads(line) for line in lines]
    assert {row["length"] for row in measured} == {"measured"}
    assert [row["file"] for row in measured] == [row["file"] for row in estimated]
    for row, guess in zip(measured, estimated, strict=True):
        assert row["seconds"] == pytest.approx(float(guess["seconds"]), abs=1.0)


def _take(
    path: Path,
    seconds: float,
    *,
    before: float = 0.2,
    after: float = 0.2,
    height: float = 9000,
    rate: float = 8000,
    channels: int = 1,
) -> None:
    """A tone between two silences, `height` high and clipped as a microphone would."""
    spoken = (height * math.sin(2 * math.pi * 440 * at / rate) for at in range(int(seconds * rate)))
    samples = [
        *[0] * int(before * rate),
        *(int(max(-32768, min(32767, sample))) for sample in spoken),
        *[0] * int(after * rate),
    ]
    with wave.open(str(path), "wb") as sound:
        sound.setparams((channels, 2, int(rate), 0, "NONE", ""))
        sound.writeframes(array("h", (sample for sample in samples for _ in range(channels))))


def _import(config: Path, takes: Path, *options: str) -> Result:
    return CliRunner().invoke(
        app, ["--config", str(config), "prompts", "import", str(takes), "--lang", "az", *options]
    )


def _hotline(config: Path, *words: str) -> Result:
    out = ["--out", str(config.parent / "built")]
    return CliRunner().invoke(app, ["--config", str(config), *words, *out])
