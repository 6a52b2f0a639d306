"""`docs/admin.md` alone is enough for a structure more; `tests/lab/test_admin_page.py` puts it live."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.command.config import starter_folder
from ivr.command.root import app
from ivr.config.loading import configuration_of
from tests.admin_page import recipe
from tests.lab.house import change
from tests.lab.serve import until_open
from tests.loading import load_or_fail

pytestmark = pytest.mark.slow


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The shipped configuration as an admin finds it who then follows the page."""
    shutil.copytree(starter_folder(), tmp_path / "config")
    recipe().follow(tmp_path / "config")
    return tmp_path / "config"


def test_a_structure_more_takes_two_files_twenty_five_lines_and_three_commands() -> None:
    assert recipe().lines <= 25
    assert [words[2:4] for words in recipe().commands] == [
        ("config", "check"),
        ("prompts", "build"),
        ("config", "apply"),
    ]


def test_who_follows_the_page_has_no_problem_and_two_tests_more(config: Path) -> None:
    before = _hotline("--config", str(starter_folder()), "menu", "test").stdout
    after = _hotline("--config", str(config), "menu", "test").stdout
    assert int(after.split()[0]) == int(before.split()[0]) + 2
    assert _hotline("--config", str(config), "config", "check").stdout.count("no problems in ") == 1


def test_the_lab_runs_what_the_page_has_made(config: Path) -> None:
    """`make run` changes ports, which its copy has in whatever files the admin has put the sections."""
    change(config, {"servers.main.ami_port": 15038, "callback.reserve": 0, "queues.dvx.survey": None})
    configuration = configuration_of(load_or_fail(config))
    assert (configuration.servers["main"].ami_port, configuration.queues["dvx"].survey) == (15038, None)
    assert "Leyla" in (config / "customs.yaml").read_text(encoding="utf-8").partition("agents:")[2]
    assert "# The voice menu." in (config / "menu.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("now", "hours"),
    [("2026-11-30 10:00", 0), ("2026-11-30 08:00", 1), ("2026-11-27 18:00", 63), ("2026-12-31 12:00", 117)],
)
def test_the_labs_clock_is_ahead_until_the_hotline_opens(now: str, hours: int) -> None:
    moment = datetime.fromisoformat(f"{now}+04:00")
    assert until_open(configuration_of(load_or_fail(starter_folder())), moment) == timedelta(hours=hours)


def test_a_test_beside_what_it_tests_fails_at_its_own_line(config: Path) -> None:
    file = config / "customs.yaml"
    file.write_text(file.read_text().replace("ends: {queue: customs}", "ends: {queue: dvx}"))
    result = _hotline("--config", str(config), "config", "check")
    line = file.read_text().splitlines().index("    ends: {queue: dvx}") + 1
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{file}:{line}:19 TST001 ")


def test_what_is_no_test_is_told_where_it_stands(config: Path) -> None:
    file = config / "customs.yaml"
    file.write_text(file.read_text().replace("    press:", "    pres:", 1))
    told = _hotline("--config", str(config), "config", "check").stdout.splitlines()
    line = file.read_text().splitlines().index('    pres: ["1", "5"]') + 1
    assert told[0] == f"{file}:{line}:5 CFG001 `pres` is not known here"


def _hotline(*words: str) -> Result:
    return CliRunner().invoke(app, words)
