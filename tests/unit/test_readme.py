"""What the README prints is what happens: its menu with one wrong key, its way in, its figures, its index."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ivr.checks.whole import load_files
from tests.unit.starter import FILES

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
WRONG, RIGHT = "aibndxx", "aibndx"


def block(start: str) -> str:
    """The text between the fence that opens with `start` and the next one."""
    return README.split(f"```{start}", 1)[1].split("```", 1)[0]


def test_the_menu_in_the_readme_is_the_shipped_one_but_for_one_key() -> None:
    excerpt = block("yaml\n")
    assert excerpt.count(WRONG) == 1
    shipped = textwrap.indent(excerpt.replace(WRONG, RIGHT), "    ")
    assert shipped in FILES["menu.yaml"].decode()


def test_check_says_of_that_menu_what_the_readme_prints() -> None:
    wrong = FILES["menu.yaml"].decode().replace(f'"4": {RIGHT}\n', f'"4": {WRONG}\n')
    (problem,) = load_files({**FILES, "menu.yaml": wrong.encode()}).problems
    place = f"config/{problem.place.file}:{problem.place.line}:{problem.place.column}"
    printed = f"{place} {problem.code} {problem.message}\n    {problem.hint}\n1 problem\n"
    assert block("\n$ hotline config check\n") == printed


@pytest.mark.slow
def test_whoever_follows_the_way_in_has_a_report_of_their_own_queue_log(tmp_path: Path) -> None:
    commands = README.split("Then in an empty folder:\n\n```sh\n")[1].split("```")[0]
    log = "1735729200|7.1|dvx|NONE|ENTERQUEUE||0501234567|1\n1735729212|7.1|dvx|NONE|ABANDON|1|1|12\n"
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "queue_log").write_text(log)
    (tmp_path / "empty").mkdir()
    commands = commands.replace("~/hotline-trial/bin", f"{sys.prefix}/bin")
    commands = commands.replace("/var/log/asterisk", str(tmp_path / "log"))
    clean = {"PATH": os.environ["PATH"], "HOTLINE_ASTERISK": str(tmp_path / "no-asterisk")}
    said = subprocess.run(
        ["sh", "-ec", commands],
        cwd=tmp_path / "empty",
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stderr) == (0, "")
    assert "1 received = 0 answered + 0 requests + 0 excluded + 1 lost" in said.stdout


def test_each_figure_that_a_quick_command_prints_is_true() -> None:
    rows = re.findall(r"^\| (.+) \| .+ \| `(grep .+)` \|$", README, re.MULTILINE)
    assert len(rows) == 4
    for figure, command in rows:
        said = subprocess.check_output(["sh", "-c", command], cwd=REPOSITORY, text=True)
        least = int(re.sub(r"\D", "", figure))
        assert int(said) == least or (figure != str(least) and int(said) > least), (figure, command, said)


def test_the_index_names_each_page_and_about_how_long_it_takes() -> None:
    """A minute for 200 words."""
    index = (REPOSITORY / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (REPOSITORY / "docs").glob("*.md")} - {"README.md"}
    assert pages <= set(re.findall(r"\]\(([\w-]+\.md)\)", index))
    for page, minutes in re.findall(r"\]\(([\w./-]+\.md)\) \| (\d+) \|", index):
        words = len((REPOSITORY / "docs" / page).read_text(encoding="utf-8").split())
        assert abs(words / 200 - int(minutes)) <= 1 + words / 1000, (page, words)
