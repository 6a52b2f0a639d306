"""The configuration a command works with, draft or live; its mistakes shown, and moments in its time zone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from ivr.checks.whole import load
from ivr.command.options import ETC
from ivr.command.printing import fail, joined, or_fail, print_line, print_lines, styled
from ivr.config.loading import Loaded, configuration_of
from ivr.config.model import Configuration, Hotline, Language, Server
from ivr.config.problems import Problem, errors
from ivr.revisions.shelf import CONFIG, Shelf

_LOCALTIME: Final = Path("/etc/localtime")
_NO_ZONE: Final = (ZoneInfoNotFoundError, ValueError, OSError)
"""What `ZoneInfo` raises for a name that is not one, or is a folder of others."""
_YEARS: Final = range(2000, 2100)
"""Others are slips of the pen, and some no database and no calendar can count with."""


@dataclass(frozen=True)
class Options:
    """Set once by the root command; every other command gets them by `options`."""

    config: Path
    """Folder of the YAML files."""
    time_zone: str = ""
    """The one of `--time-zone`, where a command has it."""

    @cached_property
    def live(self) -> tuple[Loaded, Path, int]:
        """The configuration as it is live, its folder and revision. Raises OSError."""
        return load_live(shelf_of(), self.config)

    @property
    def has_configuration(self) -> bool:
        """Whether a revision is live, or `--config` names a folder."""
        try:
            return self.live[1].exists()
        except OSError:  # there is one, which this user may not read
            return True

    @cached_property
    def zone(self) -> ZoneInfo:
        """`--time-zone`, else `hotline.time_zone` as it is live, else the machine's.

        The default where the configuration cannot be read. Ends the command if the machine's has no name.
        """
        if self.time_zone:
            return ZoneInfo(self.time_zone)
        if not self.has_configuration:
            return _zone_of_machine(self.config)
        try:
            loaded, _, _ = self.live
        except OSError:  # of whoever may not read the revisions
            loaded = load(self.config)
        known = loaded.configuration.hotline.time_zone if loaded.configuration else None
        return ZoneInfo(known or Hotline.model_fields["time_zone"].default)


def _zone_of_machine(config: Path) -> ZoneInfo:
    """The zone of TZ, else the one /etc/localtime points to, else UTC; says which one that is."""
    name = os.environ.get("TZ", "").removeprefix(":")
    if not name:
        name = str(_LOCALTIME.resolve()).rpartition("/zoneinfo/")[2] if _LOCALTIME.exists() else "UTC"
    try:
        zone = ZoneInfo(name)
    except _NO_ZONE:
        fail(f"this machine's time zone has no name: {name}", hint="set TZ, such as TZ=Asia/Baku")
    print_line(f"no configuration in {config}: going by this machine's time zone, {name}", err=True)
    return zone


GIVEN: ContextVar[Options] = ContextVar("options")


def options() -> Options:
    """The root command's options."""
    return GIVEN.get()


def _use_zone(name: str) -> str:
    """Let this command go by the zone of `--time-zone`."""
    if name:
        try:
            ZoneInfo(name)
        except _NO_ZONE:
            raise typer.BadParameter(f"there is no time zone {name!r}; one is Asia/Baku") from None
        GIVEN.set(replace(options(), time_zone=name))
    return name


TimeZone = Annotated[
    str,
    typer.Option(
        "--time-zone",
        help="Such as Asia/Baku; default the hotline's, without a configuration the machine's.",
        show_default=False,
        callback=_use_zone,
    ),
]


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


def load_or_stop(folder: Path) -> Loaded:
    """The configuration for a command that needs one; if it has errors, print them, end with status 1."""
    return _or_stop(load(folder), folder)


def draft_configuration() -> Configuration:
    """The configuration in `--config`; if it has errors, print them, end with status 1."""
    return configuration_of(load_or_stop(options().config))


def _or_stop(loaded: Loaded, folder: Path) -> Loaded:
    if loaded.configuration is None:
        show_problems(errors(loaded.problems), folder, err=True)
        fail("the configuration has errors", hint=f"see them all: hotline --config {folder} config check")
    return loaded


def load_running(shelf: Shelf | None = None) -> tuple[Loaded, Path, int]:
    """The live configuration, its folder and revision, for what reports or acts on the running hotline.

    Where nothing was applied it is the one in `--config`, and a terminal shows that.
    """
    given = options().config
    with or_fail("let this user read the folder of --revisions"):
        loaded, folder, number = load_live(shelf, given) if shelf else options().live
    if folder == given and sys.stderr.isatty():
        print_line(f"no revision is live: going by {given}", err=True)
    return _or_stop(loaded, folder), folder, number


def running_configuration() -> Configuration:
    """The same, for a command that needs no more."""
    return configuration_of(load_running()[0])


def configuration_if_any() -> Configuration | None:
    """The running configuration; None where no revision is live and `--config` names no folder."""
    return running_configuration() if options().has_configuration else None


def server_of(configuration: Configuration, name: str) -> Server:
    """The server of `--server`; ends the command if the configuration has none of that name."""
    if name not in configuration.servers:
        fail(f"there is no server {name!r}", hint=f"servers: {', '.join(configuration.servers)}")
    return configuration.servers[name]


def spoken(configuration: Configuration, language: str) -> Language:
    """A language of `--language`, the default if none is given; ends the command if it is not spoken."""
    languages = configuration.hotline.languages
    if language and language not in languages:
        fail(f"the hotline does not speak {language}", hint=f"it speaks {', '.join(languages)}", status=2)
    return next(known for known in languages if language in ("", known))


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


def show_problems(problems: Sequence[Problem], folder: Path, *, err: bool = False) -> None:
    """Print their `lines_of`."""
    print_lines(lines_of(problems, folder, err=err), err=err)


def lines_of(problems: Sequence[Problem], folder: Path, *, err: bool = False) -> Iterator[str]:
    """One line for each problem, `file:line:column CODE message`, what to do about it below.

    On a terminal, stderr if `err`, the codes stand in one column; in a file one space parts the words.
    """
    stream = sys.stderr if err else sys.stdout
    places = [problem.located(str(folder)) for problem in problems]
    width = max(map(len, places), default=0) if stream.isatty() else 0
    for problem, place in zip(problems, places, strict=True):
        is_warning = problem.severity == "warning"
        code = styled(problem.code, fg="yellow" if is_warning else "red", bold=True)
        kind = "warning: " if is_warning else ""
        message, *more = problem.message.split("\n")
        yield joined(f"{place:<{width}}", code, f"{kind}{message}")
        yield from more
        if problem.hint:
            yield f"    {problem.hint}"


def as_data(problem: Problem, folder: Path) -> dict[str, object]:
    """The problem as programs read it."""
    data = {**asdict(problem), **asdict(problem.place), "file": str(folder / problem.place.file)}
    del data["place"]
    return data
