"""`tests/broken/NN-name` holds what differs from the whole `tests/broken/base`, and what is said of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.command.root import app

BROKEN = Path(__file__).parents[1] / "broken"
CASES = sorted(BROKEN.glob("[0-9]*"))


def test_what_they_are_made_from_is_whole() -> None:
    result = CliRunner().invoke(app, ["--config", str(BROKEN / "base"), "config", "check"])
    assert result.stdout == "no problems in 7 files\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_configuration_gives_one_message_at_its_place_and_nothing_else(
    case: Path, tmp_path: Path
) -> None:
    """`expected`: `file:line:column CODE` (`.` for the folder); then `without FILE` where one is missing."""
    folder = tmp_path / "config"
    shutil.copytree(BROKEN / "base", folder)
    expected, *without = (case / "expected").read_text(encoding="utf-8").splitlines()
    for file in case.glob("*.yaml"):
        shutil.copy(file, folder)
    for line in without:
        (folder / line.removeprefix("without ")).unlink()
    result = CliRunner().invoke(app, ["--config", str(folder), "config", "check", "--json"])
    told = [_told(problem, folder) for problem in json.loads(result.stdout)]
    assert told == [expected], result.stdout


def _told(problem: dict[str, object], folder: Path) -> str:
    name = Path(str(problem["file"])).relative_to(folder)
    place = f"{name}:{problem['line']}:{problem['column']}" if problem["line"] else "."
    return f"{place} {problem['code']}"
