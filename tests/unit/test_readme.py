"""The README's example is the shipped menu with one wrong key, and what `check` really says of it."""

import textwrap
from pathlib import Path

from ivr.checks.whole import load_files
from tests.unit.starter import FILES

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
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
