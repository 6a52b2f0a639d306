"""`hotline closed`: opening hours ended by hand, at once and without a new configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from ivr.asterisk import readiness
from ivr.asterisk.connection import utc_now
from ivr.asterisk.messages import AmiError
from ivr.asterisk.readiness import Send, logged_in
from ivr.asterisk.secrets import SecretMissing
from ivr.command.loading import local, moment_from, running_configuration
from ivr.command.options import SECRETS, Secrets, server_option
from ivr.command.printing import fail, print_lines
from ivr.command.store import note_afterwards
from ivr.config.model import Configuration
from ivr.revisions.takeover import USER, WITHIN

T = TypeVar("T")

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: hotline closed office --until 14:00")
def closed(
    hours: Annotated[str, typer.Argument(help="A schedule of `hours`; left out, show those closed.")] = "",
    until: Annotated[
        str, typer.Option(help="When it opens by itself: 14:00, or '2026-12-30 14:00'; default never.")
    ] = "",
    open_again: Annotated[bool, typer.Option("--open", help="Back to the clock.")] = False,
    secrets: Secrets = SECRETS,
    server: Annotated[str, server_option("Which of `servers`.")] = "main",
) -> None:
    """Close everything that has these hours now, whatever the clock says; those who wait are served.

    It is kept by Asterisk: it holds without the daemon and after a restart. Callbacks go by the clock.
    """
    configuration = running_configuration()
    require_known("hours", hours, configuration.hours)
    moment = moment_to_come(until) if until else readiness.FOR_GOOD

    async def work(send: Send) -> dict[str, datetime]:
        if hours and not open_again:
            await readiness.close(send, hours, moment)
        elif hours and not await readiness.open_again(send, hours):
            fail(f"`{hours}` is not closed by hand", hint="hotline closed")
        return await readiness.closed_by_hand(send, configuration.hours)

    found = in_asterisk(configuration, server, secrets, work)
    if hours:
        done, until = ("hours opened", "") if open_again else ("hours closed", said_until(moment))
        note_afterwards(done, hours, until)
    print_lines(f"{name} is closed by hand {said_until(local(end))}" for name, end in found.items())
    print_lines(f"{name} goes by the clock" for name in configuration.hours.keys() - found.keys())


def require_known(what: str, name: str, known: Collection[str]) -> None:
    """End the command if the configuration has nothing of that name; an empty name will do."""
    if name and name not in known:
        fail(f"there is no {what} {name!r}", hint=f"{what}: {', '.join(known)}", status=2)


def in_asterisk(
    configuration: Configuration, server: str, secrets: Path, work: Callable[[Send], Awaitable[T]]
) -> T:
    """What that work in Asterisk, as the user that may change AstDB, comes to; else the command ends."""
    require_known("server", server, configuration.servers)

    async def ask() -> T:
        async with logged_in(configuration.servers[server], USER, secrets, WITHIN) as send:
            return await work(send)

    try:
        return asyncio.run(ask())
    except (SecretMissing, AmiError, OSError, TimeoutError) as problem:
        fail(f"Asterisk was not asked: {problem}", hint="see `hotline doctor`")


def moment_to_come(text: str) -> datetime:
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
