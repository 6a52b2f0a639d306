"""`hotline closed` and `hotline notice`: hours closed and notices put by hand, at once.

Asterisk keeps both: they need no new configuration, and hold without the daemon and after a restart.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from ivr.asterisk import readiness
from ivr.asterisk.connection import utc_now
from ivr.asterisk.messages import AmiError
from ivr.asterisk.readiness import Send
from ivr.asterisk.secrets import SecretMissing
from ivr.command.loading import local, moment_from, running_configuration
from ivr.command.options import SECRETS, Secrets, server_option
from ivr.command.printing import fail, print_lines
from ivr.command.store import note_afterwards
from ivr.config.model import Configuration
from ivr.revisions.takeover import USER, WITHIN
from ivr.sounds.prompts import FOLDER, needed
from ivr.sounds.synthesis import PromptError, convert

T = TypeVar("T")
_Server = Annotated[str, server_option("Which of `servers`.")]

app = typer.Typer(add_completion=False)
notice = typer.Typer(epilog="Example: hotline notice put flood.wav --until 14:00")
app.add_typer(notice, name="notice")


@app.command(epilog="Example: hotline closed office --until 14:00")
def closed(
    hours: Annotated[str, typer.Argument(help="A schedule of `hours`; left out, show those closed.")] = "",
    until: Annotated[
        str, typer.Option(help="When it opens by itself: 14:00, or '2026-12-30 14:00'; default never.")
    ] = "",
    open_again: Annotated[bool, typer.Option("--open", help="Back to the clock.")] = False,
    secrets: Secrets = SECRETS,
    server: _Server = "main",
) -> None:
    """Close everything that has these hours now, whatever the clock says; those who wait are served.

    It is kept by Asterisk: it holds without the daemon and after a restart. Callbacks go by the clock.
    """
    configuration = running_configuration()
    _require_known("hours", hours, configuration.hours)
    moment = _moment_to_come(until) if until else readiness.FOR_GOOD

    async def work(send: Send) -> dict[str, datetime]:
        if hours and not open_again:
            await readiness.close(send, hours, moment)
        elif hours and not await readiness.open_again(send, hours):
            fail(f"`{hours}` is not closed by hand", hint="hotline closed")
        return await readiness.closed_by_hand(send, configuration.hours)

    found = _in_asterisk(configuration, server, secrets, work)
    if hours:
        done, until = ("hours opened", "") if open_again else ("hours closed", said_until(moment))
        note_afterwards(done, hours, until)
    print_lines(f"{name} is closed by hand {said_until(local(end))}" for name, end in found.items())
    print_lines(f"{name} goes by the clock" for name in configuration.hours.keys() - found.keys())


def _require_known(what: str, name: str, known: Collection[str]) -> None:
    """End the command if the configuration has nothing of that name; an empty name will do."""
    if name and name not in known:
        fail(f"there is no {what} {name!r}", hint=f"{what}: {', '.join(known)}", status=2)


def _in_asterisk(
    configuration: Configuration, server: str, secrets: Path, work: Callable[[Send], Awaitable[T]]
) -> T:
    """What that work in Asterisk, as the user that may change AstDB, comes to; else the command ends."""
    _require_known("server", server, configuration.servers)

    async def ask() -> T:
        async with readiness.logged_in(configuration.servers[server], USER, secrets, WITHIN) as send:
            return await work(send)

    try:
        return asyncio.run(ask())
    except (SecretMissing, AmiError, OSError, TimeoutError) as problem:
        fail(f"Asterisk was not asked: {problem}", hint="see `hotline doctor`")


def _moment_to_come(text: str) -> datetime:
    """14:00 of today, or '2026-12-30 14:00'; anything else, or a moment that is over, ends the command."""
    now = local(utc_now())
    try:
        moment = moment_from(f"{now:%Y-%m-%d} {text}" if len(text) <= len("14:00") else text)
    except ValueError:
        fail(f"{text!r} is no moment", hint="write 14:00, or '2026-12-30 14:00'", status=2)
    if moment <= now:
        fail(f"{text} is over", hint="name a moment to come", status=2)
    return local(moment)


def said_until(end: datetime) -> str:
    """Until when hours are closed by hand, in words."""
    return "until --open" if end == readiness.FOR_GOOD else f"until {end:%Y-%m-%d %H:%M}"


@notice.callback(invoke_without_command=True)
def notices(context: typer.Context, secrets: Secrets = SECRETS, server: _Server = "main") -> None:
    """Notices that callers hear before the menu or a queue; without a command, list them."""
    if context.invoked_subcommand is None:
        _list(secrets, server)


@notice.command(epilog="Example: hotline notice put flood.wav --until 14:00 --queue dvx")
def put(
    what: Annotated[
        str, typer.Argument(metavar="NAME|FILE", help="A prompt of the configuration, or a sound file.")
    ],
    until: Annotated[str, typer.Option(help="How long it is heard: 14:00, or '2026-12-30 14:00'.")],
    queue: Annotated[str, typer.Option(help="Before that queue; default before the menu.")] = "",
    secrets: Secrets = SECRETS,
    server: _Server = "main",
) -> None:
    """Put a notice before the menu, or before a queue, in place of the one that is there.

    A prompt is heard in each caller's language, a file by all callers alike: for a notice per language, make
    it a prompt. The file is converted and copied to Asterisk's sounds. Asterisk keeps the notice: it holds
    without the daemon and after a restart.
    """
    configuration, moment = running_configuration(), _moment_to_come(until)
    _require_known("queue", queue, configuration.queues)
    files = [file for file in needed(configuration) if file.name == what]
    name = what if files else f"{readiness.OWN_NOTICE}{Path(what).stem}"
    if not files and not Path(what).is_file():
        fail(f"{what!r} is neither a prompt nor a file", hint="hotline prompts list", status=2)
    if not re.fullmatch("[A-Za-z0-9_-]{1,60}", name):
        fail(f"{what!r}: a file's name here is letters, digits, `_` and `-`", hint="rename it", status=2)

    async def work(send: Send) -> None:
        sounds = await readiness.sounds_folder(send)
        if sounds is None:
            fail("Asterisk does not say where its sounds are", hint="see `hotline doctor`")
        for file in files:
            if not (sounds / file.path).is_file():
                fail(f"{file.path} is not in {sounds}", hint=f"hotline prompts build --out {sounds}")
        try:
            if not files:
                await asyncio.to_thread(convert, Path(what), sounds / FOLDER / f"{name}.wav")
        except (PromptError, OSError) as problem:
            fail(f"nothing was put: {problem}")
        await readiness.put_notice(send, queue, f"{FOLDER}/{name}", moment)

    _in_asterisk(configuration, server, secrets, work)
    note_afterwards("notice put", readiness.heard_before(queue), f"{name} {said_until(moment)}")
    _list(secrets, server)


@notice.command("take-away", epilog="Example: hotline notice take-away flood")
def take_away(
    what: Annotated[
        str, typer.Argument(metavar="NAME", help="As `hotline notice` lists it; wherever it is heard.")
    ],
    secrets: Secrets = SECRETS,
    server: _Server = "main",
) -> None:
    """End a notice before its time."""

    async def work(send: Send) -> None:
        found = await readiness.notices(send, configuration.queues)
        if what not in (name for name, _ in found.values()):
            fail(f"no notice {what!r} is heard", hint="hotline notice")
        for queue, (name, _) in found.items():
            if name == what:
                await readiness.take_notice_away(send, queue)

    configuration = running_configuration()
    _in_asterisk(configuration, server, secrets, work)
    note_afterwards("notice taken away", what)
    _list(secrets, server)


def _list(secrets: Path, server: str) -> None:
    configuration = running_configuration()
    found = _in_asterisk(
        configuration, server, secrets, lambda send: readiness.notices(send, configuration.queues)
    )
    print_lines(
        f"{name} is heard before {readiness.heard_before(queue)} {said_until(local(until))}"
        for queue, (name, until) in found.items()
    )
    if not found:
        print_lines(["no notice is heard"])
