"""A demo searched through and through: numbers are in the database alone, secrets in secrets.d alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from typer.testing import CliRunner

from ivr.asterisk.secrets import FOLDER
from ivr.command.root import app
from tests.lab.demo_story import SHORT
from tests.lab.house import REPOSITORY

NUMBERS = frozenset(story.number[1:] for story in SHORT.stories)
"""Without the leading zero, so that every way of writing them is found."""
COMMANDS = (
    "status",
    "doctor",
    "doctor --json",
    "callbacks list",
    "callbacks list --json",
    "callbacks show 1",
    "callbacks show 1 --json",
    "data export visits",
    "data export callbacks --format csv",
    "data export attempts",
    "data export surveys",
    "data export orders",
    "data recordings --number -",
    "data purge",
    "data migrate",
    "config check",
    "prompts list",
)


def command_lines(session: int) -> Iterator[str]:
    """Of every process of that session, as anybody on the machine may read them."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(process.name)) == session:
                yield (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended


def played(folder: Path) -> tuple[str, set[str]]:
    """What a short demo in `folder` writes, and every command line seen meanwhile."""
    words = [sys.executable, "-m", "tests.lab.demo", "--story", "short", "--keep", str(folder)]
    seen: set[str] = set()
    with (folder.parent / "demo.txt").open("w+") as output:
        with subprocess.Popen(
            words, cwd=REPOSITORY, stdout=output, stderr=output, start_new_session=True
        ) as demo:
            while demo.poll() is None:
                seen.update(command_lines(demo.pid))
                time.sleep(0.2)
        output.seek(0)
        return output.read(), seen


def told(folder: Path, number: str) -> str:
    """What each command says of the house afterwards, whether it succeeds or not."""
    env = {
        "HOTLINE_DATABASE_URL": f"sqlite:///{folder / 'hotline.db'}",
        "HOTLINE_SECRETS": str(folder / "etc" / FOLDER),
    }
    results = [
        CliRunner().invoke(app, ["--config", str(folder / "config"), *words.split()], input=number, env=env)
        for words in COMMANDS
    ]
    assert not [result.exception for result in results if not isinstance(result.exception, SystemExit | None)]
    return "\n".join(result.output for result in results)


def test_no_number_and_no_secret_is_where_it_does_not_belong(tmp_path: Path) -> None:
    folder = tmp_path / "house"
    output, processes = played(folder)
    spoken = told(folder, f"+994{min(NUMBERS)}")
    secrets = {
        found[1]
        for file in (folder / "etc" / FOLDER).iterdir()
        if (found := re.search(r"= (\S+)", file.read_text()))
    }
    assert len(secrets) > 10
    assert output.splitlines()[-1].startswith("{"), output
    assert any("hotline" in line and " run" in line for line in processes)
    assert any("asterisk.conf" in line for line in processes)
    files = {path: path.read_bytes().decode(errors="replace") for path in all_files(folder)}
    stored = "".join(text for path, text in files.items() if path.name.startswith("hotline.db"))
    assert all(number in stored for number in NUMBERS), "the search itself finds nothing"

    everywhere = {"output": output, "processes": "\n".join(processes), "commands": spoken}
    everywhere |= {str(path.relative_to(folder)): text for path, text in files.items()}
    # queue_log is Asterisk's own record of calls, from which what was missed is repaired.
    may_hold_numbers = {"hotline.db", "hotline.db-wal", "hotline.db-shm", "log/queue_log"}
    leaks = [
        (place, sorted(word for word in NUMBERS | secrets if word in text))
        for place, text in everywhere.items()
        if not place.startswith(f"etc/{FOLDER}")
        and any(word in text for word in (secrets if place in may_hold_numbers else NUMBERS | secrets))
    ]
    assert leaks == []


def all_files(folder: Path) -> Iterator[Path]:
    """Every file below `folder`; what is linked in is no part of the house."""
    for at, _, names in os.walk(folder):
        yield from (Path(at, name) for name in names if not Path(at, name).is_symlink())
