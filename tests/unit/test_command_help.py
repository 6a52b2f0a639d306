"""Every command teaches: what it does, and one example that works in the lab."""

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from ivr.command.root import EXAMPLES, GROUPS, app
from tests.commands_page import PAGE, commands, page

ALL = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help_ends_with_one_example(words: tuple[str, ...]) -> None:
    said = CliRunner().invoke(app, [*words, "--help"])
    assert said.exit_code == 0
    last = said.output.strip().splitlines()[-1].strip()
    assert last.startswith("Example: ")
    assert said.output.count("Example:") == 1


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_the_example_names_a_command_that_is_there(words: tuple[str, ...]) -> None:
    assert is_a_command((ALL[words].epilog or "").removeprefix("Example: "))


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_overview_are_commands(example: str) -> None:
    assert is_a_command(example)


def test_without_arguments_every_group_and_three_examples_are_shown() -> None:
    said = CliRunner().invoke(app, []).output
    assert set(GROUPS) == {words[0] for words in ALL if words}
    assert all(f"hotline {group}" in said for group in GROUPS)
    assert [line.strip() for line in said.splitlines() if line.strip() in EXAMPLES] == list(EXAMPLES)


def test_help_names_every_group() -> None:
    said = CliRunner().invoke(app, ["--help"]).output.partition("Commands")[2]
    first = [words[1] for words in map(str.split, said.splitlines()) if len(words) > 1]
    assert [word for word in first if word in GROUPS] == list(GROUPS)


def is_a_command(line: str) -> bool:
    """Whether the words of `hotline …` lead to a command that runs."""
    program, *rest = line.split()
    if rest[:1] == ["--config"]:
        del rest[:2]
    words: tuple[str, ...] = ()
    for word in rest:
        if (*words, word) in ALL:
            words = (*words, word)
    return program == "hotline" and bool(words) and not isinstance(ALL[words], TyperGroup)


def test_the_page_of_commands_is_what_the_commands_tell() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m tests.commands_page"
