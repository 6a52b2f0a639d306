"""Where there is no configuration, commands that need only a time zone work, and say which one they go by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.command.root import app
from tests.stores import empty_store

pytestmark = pytest.mark.slow

LATE = "1767212100"
"""2025-12-31 20:15 UTC: in Baku it is the year after."""
LOG = f"{LATE}|7.1|sales|NONE|ENTERQUEUE||0501234567|1\n{LATE}|7.1|sales|NONE|ABANDON|1|1|0\n"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One visit of somebody else's Asterisk; tests only read it."""
    folder = tmp_path_factory.mktemp("theirs")
    empty_store(folder).close()
    (folder / "queue_log").write_text(LOG)
    url = f"sqlite:///{folder / 'hotline.db'}"
    words = ("data", "backfill", "--all-queues", str(folder / "queue_log"), "--server", "theirs")
    said = CliRunner().invoke(app, words, env={"HOTLINE_DATABASE_URL": url})
    assert said.exit_code == 0, said.output
    return url


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    """In an empty folder, with that database and nothing of ours."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Asia/Baku")
    monkeypatch.setenv("HOTLINE_ASTERISK", str(tmp_path / "etc"))
    monkeypatch.setenv("HOTLINE_DATABASE_URL", database)


def hotline(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def visits(*words: str) -> int:
    said = hotline("data", "totals", "--json", "--from", "2026-01-01", "--to", "2026-01-01", *words)
    assert said.exit_code == 0, said.output
    return sum(one["number"] for one in json.loads(said.stdout)["totals"])


def test_days_are_those_of_the_machine_and_that_is_said() -> None:
    assert visits() == 1
    said = hotline("data", "totals")
    assert said.stderr == "no configuration in config: going by this machine's time zone, Asia/Baku\n"
    assert "theirs: 0 min up" in said.stdout


def test_they_are_those_of_the_zone_that_is_given() -> None:
    assert visits("--time-zone", "UTC") == 0
    assert hotline("data", "totals", "--time-zone", "UTC").stderr == ""
    noted = hotline("data", "audit-log", "--time-zone", "Mars/Olympus")
    assert (noted.exit_code, "no time zone 'Mars/Olympus'" in noted.stderr) == (2, True)


@pytest.mark.parametrize("command", ["data totals", "data audit-log", "menu stats", "callbacks list"])
def test_each_of_these_works(command: str) -> None:
    assert hotline(*command.split()).exit_code == 0


def test_a_machine_whose_zone_has_no_name_is_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "AZT-4")
    said = hotline("data", "totals")
    assert (said.exit_code, said.stderr.splitlines()[-1].strip()) == (1, "set TZ, such as TZ=Asia/Baku")


def test_a_configuration_with_mistakes_is_not_taken_for_none() -> None:
    Path("config").mkdir()
    said = hotline("data", "totals")
    assert (said.exit_code, "the configuration has errors" in said.stderr) == (1, True)


def test_where_there_is_one_its_zone_holds_unless_another_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("HOTLINE_CONFIG", str(Path(__file__).parents[2] / "config"))
    assert (visits(), visits("--time-zone", "UTC")) == (1, 0)
