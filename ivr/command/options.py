"""What every command shares: where the configuration is, how output is written, how a failure is told.

Arguments and options that several commands take, each declared once, and the limits of their values.
"""

from __future__ import annotations

import os
import pwd
import sys
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn
from zoneinfo import ZoneInfo

import typer

from ivr.asterisk.secrets import pseudonym_key
from ivr.checks.whole import load
from ivr.command.printing import print_line, styled
from ivr.config.loading import Loaded
from ivr.config.model import Configuration, Hotline, Language, Server
from ivr.revisions.shelf import CONFIG, Shelf

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
    typer.Option(
        "--spool",
        help="Where records wait while the database is away.",
        envvar="HOTLINE_SPOOL",
    ),
]


def group(what: str, example: str) -> typer.Typer:
    """A group of commands, which shows its help when it is called without one."""
    return typer.Typer(help=what, epilog=f"Example: {example}", no_args_is_help=True, add_completion=False)


_YEARS: Final = range(2000, 2100)
"""Others are slips of the pen, and some no database and no calendar can count with."""
_LOGIN_UID: Final = Path("/proc/self/loginuid")
_NOT_SET: Final = 2**32 - 1
"""The process began outside any login, such as by systemd."""


@dataclass(frozen=True)
class Options:
    """Set once by the root command; every other command gets them by `options`."""

    config: Path
    """Folder of the YAML files."""

    @cached_property
    def live(self) -> tuple[Loaded, Path, int]:
        """The configuration as it is live, its folder and revision. Raises OSError."""
        return load_live(shelf_of(), self.config)

    @cached_property
    def zone(self) -> ZoneInfo:
        """`hotline.time_zone` as it is live; the default where the configuration cannot be read."""
        try:
            loaded, _, _ = self.live
        except OSError:  # of whoever may not read the revisions
            loaded = load(self.config)
        known = loaded.configuration.hotline.time_zone if loaded.configuration else None
        return ZoneInfo(known or Hotline.model_fields["time_zone"].default)


GIVEN: ContextVar[Options] = ContextVar("options")


def options() -> Options:
    """The root command's options."""
    return GIVEN.get()


def shelf_of(asterisk: Path | None = None, revisions: Path | None = None) -> Shelf:
    """The shelf beside an Asterisk's configuration; a command without the options goes by the environment."""
    etc = asterisk or Path(os.environ.get("HOTLINE_ASTERISK") or ETC)
    kept = revisions or os.environ.get("HOTLINE_REVISIONS") or etc / "hotline-revisions"
    return Shelf(Path(kept), etc / "hotline")


def load_live(shelf: Shelf, given: Path) -> tuple[Loaded, Path, int]:
    """The live configuration, its folder and its revision; the given one and 0 where none was applied.

    Raises OSError.
    """
    live = shelf.live()
    kept = shelf.at(live.number) / CONFIG if live else given
    folder = kept if kept.is_dir() else given
    return load(folder), folder, live.number if live else 0


def operator() -> str:
    """Who runs the command, for the audit: the uid of the login, which `sudo` keeps, else of the process."""
    try:
        uid = int(_LOGIN_UID.read_text())
    except (OSError, ValueError):  # a kernel without audit
        uid = _NOT_SET
    uid = os.getuid() if uid == _NOT_SET else uid
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:  # such as in a container
        return f"uid {uid}"


def key_of_pseudonyms() -> str:
    """The key by which old numbers are hashed, if this machine has it and this user may read it."""
    return pseudonym_key(Path(os.environ.get("HOTLINE_SECRETS", SECRETS)))


def number_from(given: str) -> str:
    """The number of an argument; of `-` from standard input, for every user of the machine sees arguments."""
    return sys.stdin.readline().strip() if given == "-" else given


def local(moment: datetime) -> datetime:
    """That moment as commands show it: in the hotline's time zone."""
    return moment.astimezone(options().zone)


def timestamp(moment: datetime) -> str:
    """The same as text, such as `2026-11-23 14:00:05`."""
    return f"{local(moment):%Y-%m-%d %H:%M:%S}"


def moment_from(text: str) -> datetime:
    """A moment as a person writes it, in the hotline's time zone if it names none. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.year not in _YEARS:
        raise ValueError(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=options().zone)


def fail(message: str, *, hint: str = "", status: int = 1) -> NoReturn:
    """End the command: one sentence on stderr, what to do next below it, no stack trace."""
    print_line(styled(message, fg="red"), err=True)
    if hint:
        print_line(f"  {hint}", err=True)
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
