"""What every command shares: where the configuration is, how output is written, how a failure is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn
from zoneinfo import ZoneInfo

import typer

from ivr.config.model import Configuration, Language, Server

LOCAL_TIME: Final = ZoneInfo("Asia/Baku")
"""In which commands show moments."""


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


def server_of(configuration: Configuration, name: str) -> Server:
    """The server of `--server`; ends the command if the configuration has none of that name."""
    if name not in configuration.servers:
        fail(f"there is no server {name!r}", hint=f"servers: {', '.join(configuration.servers)}")
    return configuration.servers[name]


def spoken(configuration: Configuration, language: str) -> Language:
    """A language of `--language`, the default if none is given; ends the command if it is not spoken."""
    languages = configuration.hotline.languages
    for known in languages:
        if known == (language or languages[0]):
            return known
    fail(f"the hotline does not speak {language}", hint=f"it speaks {', '.join(languages)}", status=2)
