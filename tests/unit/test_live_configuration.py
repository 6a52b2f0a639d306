"""Commands about the running hotline go by the configuration that is live, whatever the draft has become."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.command.root import app
from ivr.command.run import HOTLINE
from ivr.revisions.shelf import CONFIG, Revision, Shelf
from tests.stores import empty_store

pytestmark = pytest.mark.slow

SHIPPED = Path(__file__).parents[2] / "config"


@dataclass
class Installed:
    """A draft, and an Asterisk's folder beside which revisions are kept."""

    draft: Path
    asterisk: Path
    shelf: Shelf

    def hotline(self, *words: str) -> Result:
        return CliRunner().invoke(app, ["--config", str(self.draft), *words])

    def put_live(self) -> None:
        """The draft as it is now."""
        number = self.shelf.begin()
        shutil.copytree(self.draft, self.shelf.at(number) / CONFIG, dirs_exist_ok=True)
        self.shelf.finish(Revision(number, "admin", "2026-11-23T08:00:00+00:00"))

    def break_draft(self) -> None:
        """Hours that are live are called otherwise, and nothing fits any more."""
        hours = self.draft / "hours.yaml"
        hours.write_text(hours.read_text(encoding="utf-8").replace("  office:", "  bureau:\n\t", 1))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """With an empty store, and no Asterisk that would answer."""
    shutil.copytree(SHIPPED, tmp_path / "draft")
    (tmp_path / "recordings").mkdir()
    hotline = tmp_path / "draft" / "hotline.yaml"
    text = re.sub("_port: [0-9]+([0-9])", r"_port: \1", hotline.read_text(encoding="utf-8"))
    hotline.write_text(text.replace("    # queue_log:", f"    recordings: {tmp_path / 'recordings'} #", 1))
    asterisk = tmp_path / "etc"
    (asterisk / "secrets.d").mkdir(parents=True)
    (tmp_path / "queue_log").write_text("1795363896|NONE|NONE|NONE|QUEUESTART|\n")
    (tmp_path / "answers.csv").write_text("number,queue\n0502222222,dvx\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOTLINE_ASTERISK", str(asterisk))
    monkeypatch.setenv("HOTLINE_SECRETS", str(asterisk / "secrets.d"))
    monkeypatch.setenv("HOTLINE_DATABASE_URL", f"sqlite:///{tmp_path / 'hotline.db'}")
    empty_store(tmp_path).close()
    return Installed(
        tmp_path / "draft", asterisk, Shelf(asterisk / "hotline-revisions", asterisk / "hotline")
    )


COMMANDS = [
    ("closed office", 1, "Asterisk was not asked"),
    ("closed bureau", 2, "there is no hours 'bureau'"),
    ("menu stats", 0, "no call came through the menu"),
    ("status", 1, "no hotline has run"),
    ("doctor", 1, "revision 1 is live"),
    ("callbacks list", 0, "no callbacks"),
    ("callbacks decide 0501234567", 0, "callback"),
    ("callbacks add 0501234567 --queue dvx", 0, "callback 1"),
    ("callbacks import answers.csv", 0, "1 callbacks imported"),
    ("callbacks pause accept", 0, "is paused"),
    ("callbacks resume", 0, "nothing is paused"),
    ("data totals", 0, "main"),
    ("data audit queue_log", 0, "main"),
    ("data backfill queue_log", 0, "1 lines read"),
    ("data purge", 0, ""),
    ("data recordings 17.1", 1, "no recording"),
    ("data export visits", 0, ""),
]


@pytest.mark.parametrize(("command", "status", "says"), COMMANDS, ids=[row[0] for row in COMMANDS])
def test_a_command_about_the_running_hotline_goes_by_what_is_live_when_the_draft_is_broken(
    installed: Installed, command: str, status: int, says: str
) -> None:
    installed.put_live()
    installed.break_draft()
    assert installed.hotline("config", "check").exit_code == 1
    said = installed.hotline(*command.split())
    assert (said.exit_code, says in said.output) == (status, True), said.output
    assert "has errors" not in said.output
    assert "no revision is live" not in said.output


@pytest.mark.slow
def test_so_does_the_recorder_beside_it(installed: Installed) -> None:
    """In a process of its own: it configures the log."""
    installed.put_live()
    installed.break_draft()
    words = (*HOTLINE, "--config", str(installed.draft), "record", "--ami", ":x")
    told = subprocess.run(words, capture_output=True, cwd=SHIPPED.parent, check=False)
    assert (told.returncode, b"is no HOST:PORT" in told.stderr) == (2, True), told.stderr


def test_moments_are_shown_in_the_time_zone_that_is_live(installed: Installed) -> None:
    hotline = installed.draft / "hotline.yaml"
    hotline.write_text(hotline.read_text(encoding="utf-8").replace("Asia/Baku", "Asia/Tokyo"))
    installed.put_live()
    installed.break_draft()
    assert installed.hotline("callbacks", "add", "0501234567", "--queue", "dvx").exit_code == 0
    [listed] = json.loads(installed.hotline("callbacks", "list", "--json").output)
    shown = installed.hotline("callbacks", "list").output
    minute = (int(listed["due_at"][11:13]) + 9) % 24
    assert f" {minute:02}:{listed['due_at'][14:16]}" in shown


def test_history_shows_the_hotlines_time_zone_and_not_the_machines(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.put_live()
    try:
        with monkeypatch.context() as abroad:
            abroad.setenv("TZ", "America/New_York")
            time.tzset()
            assert "2026-11-23 12:00" in installed.hotline("config", "history").output
    finally:
        time.tzset()


def test_the_doctor_warns_of_a_broken_draft_and_looks_at_what_is_live(installed: Installed) -> None:
    installed.put_live()
    installed.break_draft()
    found = {one["check"]: one for one in json.loads(installed.hotline("doctor", "--json").output)}
    assert (found["draft"]["level"], found["configuration"]["level"]) == ("warning", "ok")
    assert str(installed.draft) in found["draft"]["what"]
    assert {"AMI login", "FastAGI"} <= found.keys()


@pytest.mark.slow
def test_where_no_revision_is_live_a_command_goes_by_the_folder_and_says_so_once_on_a_terminal(
    installed: Installed,
) -> None:
    ours, theirs = os.openpty()
    words = (*HOTLINE, "--config", str(installed.draft), "callbacks", "decide", "0501234567")
    told = subprocess.run(words, stdout=subprocess.PIPE, stderr=theirs, cwd=SHIPPED.parent, check=True)
    os.close(theirs)
    assert os.read(ours, 10_000).decode().count(f"no revision is live: going by {installed.draft}") == 1
    os.close(ours)
    assert told.stdout.startswith(b"0501234567")
    installed.break_draft()
    assert "has errors" in installed.hotline("callbacks", "decide", "0501234567").output
    assert installed.hotline("status").exit_code == 1
