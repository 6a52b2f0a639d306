"""Arguments and options that several commands take, each declared once, and what their values mean."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from ivr.asterisk.secrets import pseudonym_key

ETC: Final = Path("/etc/asterisk")
SECRETS: Final = ETC / "secrets.d"
LARGEST: Final = 2**31 - 1
"""No id in the store is larger, and nobody lists more."""
LONGEST: Final = 80
"""Characters of an option's text."""


def server_option(purpose: str) -> Any:
    """The option `--server`; `purpose` is its help."""
    return typer.Option(help=purpose, envvar="HOTLINE_SERVER")


def secrets_option(purpose: str) -> Any:
    """The option `--secrets`; `purpose` is its help."""
    return typer.Option(help=purpose, envvar="HOTLINE_SECRETS")


def from_day(default: str) -> Any:
    """The option `--from`; `default` is how its help names the day it otherwise begins."""
    return typer.Option("--from", formats=["%Y-%m-%d"], help="First day.", show_default=default)


def one_line(text: str | None) -> str | None:
    """An option's text, if a store and a terminal can take it; else a wrong use of the command."""
    if text is not None and (len(text) > LONGEST or not text.isprintable()):
        raise typer.BadParameter(f"no text of at most {LONGEST} letters in one line")
    return text


def line_option(purpose: str) -> Any:
    """An option that is a short text; `purpose` is its help."""
    return typer.Option(help=purpose, callback=one_line)


Bom = Annotated[bool, typer.Option("--bom", help="Mark CSV as UTF-8, as Excel wants it.")]
Delimiter = Annotated[Literal[",", ";"], typer.Option(help="Between the fields of CSV.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document, for programs.")]
AllQueues = Annotated[
    bool, typer.Option("--all-queues", help="Every queue there is; needs no configuration.")
]
ServerInRecords = Annotated[str, server_option("The server's name in the records.")]
Secrets = Annotated[Path, secrets_option("Folder `secrets.d` that `config render` made.")]
AsteriskFolder = Annotated[
    Path, typer.Option("--asterisk", help="Asterisk's configuration folder.", envvar="HOTLINE_ASTERISK")
]
Revisions = Annotated[
    Path | None,
    typer.Option(
        help="Where revisions are kept; default `hotline-revisions` in Asterisk's folder.",
        envvar="HOTLINE_REVISIONS",
    ),
]
LastDay = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.", show_default="today")
]
SpoolFile = Annotated[
    Path | None,
    typer.Option("--spool", help="Where records wait while the database is away.", envvar="HOTLINE_SPOOL"),
]


def group(what: str, example: str) -> typer.Typer:
    """A group of commands, which shows its help when it is called without one."""
    return typer.Typer(help=what, epilog=f"Example: {example}", no_args_is_help=True, add_completion=False)


def key_of_pseudonyms() -> str:
    """The key by which old numbers are hashed, if this machine has it and this user may read it."""
    return pseudonym_key(Path(os.environ.get("HOTLINE_SECRETS", SECRETS)))


def number_from(given: str) -> str:
    """The number of an argument; of `-` from standard input, for every user of the machine sees arguments."""
    return sys.stdin.readline().strip() if given == "-" else given
