"""`docs/commands.md` as the commands themselves tell it; `python -m tests.commands_page` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from ivr.command.root import app

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group below `command`, by its words, in the order of the help."""
    yield words, command
    if isinstance(command, TyperGroup):
        nowhere: Any = None
        for name in command.list_commands(nowhere):
            yield from commands(command.get_command(nowhere, name), (*words, name))


def page() -> str:
    """The whole page."""
    return "\n".join(["# Commands", "", *_lines()])


def _lines() -> Iterator[str]:
    for words, command in commands(typer.main.get_command(app)):
        yield f"## {' '.join(('hotline', *words))}"
        yield ""
        yield " ".join((command.help or "").replace("\b", "").split())
        yield ""
        rows = [_row(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            yield from ("| option | | default |", "|---|---|---|", *rows, "")
        example = (command.epilog or "").removeprefix("Example: ")
        yield from (f"    {example}", "")


def _row(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in parameter.opts) if parameter.opts else parameter.name
    told = [getattr(parameter, "help", None) or ""]
    if parameter.envvar:
        told.append(f"(`{parameter.envvar}`)")
    default = parameter.default
    shown = "" if default in (None, False, "", ()) or callable(default) else f"`{default}`"
    return f"| {names} | {' '.join(told).strip()} | {shown} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
