"""What every command shares: where the configuration is, how output is written, how a failure is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn
from zoneinfo import ZoneInfo

import typer

from ivr.config.model import Configuration, Language

LOCAL_TIME: Final = ZoneInfo("Asia/Baku")
"""In which commands show moments."""


LARGEST: Final = 2**31 - 1
"""No id in the store is larger, and nobody lists more."""
LONGEST: Final = 80


@dataclass(frozen=True)
class Options:
    """Set once by the root command, found as `context.obj` in every other."""

    config: Path
    """Folder of the YAML files."""


def options(context: typer.Context) -> Options:
    """The root command's options, typed."""
    found = context.obj
    assert isinstance(found, Options)
    return found


def fail(message: str, *, hint: str = "", status: int = 1) -> NoReturn:
    """End the command: one sentence on stderr, what to do next below it, no stack trace."""
    typer.secho(message, fg="red", err=True)
    if hint:
        typer.echo(f"  {hint}", err=True)
    raise typer.Exit(status)


def one_line(text: str | None) -> str | None:
    """An option's text, if a store and a terminal can take it; else a wrong use of the command."""
    if text is not None and (len(text) > LONGEST or not text.isprintable()):
        raise typer.BadParameter(f"no text of at most {LONGEST} letters in one line")
    return text


def spoken(configuration: Configuration, language: str) -> Language:
    """A language of `--language`, the default if none is given; ends the command if it is not spoken."""
    languages = configuration.hotline.languages
    for known in languages:
        if known == (language or languages[0]):
            return known
    fail(f"the hotline does not speak {language}", hint=f"it speaks {', '.join(languages)}", status=2)
