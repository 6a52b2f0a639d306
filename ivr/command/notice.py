"""`hotline notice`: a spoken notice before the menu or a queue, for a while, without a new configuration."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Annotated

import typer

from ivr.asterisk import readiness
from ivr.asterisk.readiness import Send
from ivr.asterisk.words import NOTICE_MENU
from ivr.command.closed import in_asterisk, moment_to_come, require_known, said_until
from ivr.command.loading import local, running_configuration
from ivr.command.options import SECRETS, Secrets, server_option
from ivr.command.printing import fail, print_lines
from ivr.command.store import note_afterwards
from ivr.sounds.prompts import FOLDER, needed
from ivr.sounds.synthesis import PromptError, convert

_OWN = "notice_"
"""Before the name of a file that was put: no prompt is built there."""
_Server = Annotated[str, server_option("Which of `servers`.")]

app = typer.Typer(
    epilog="Example: hotline notice put flood.wav --until 14:00",
    invoke_without_command=True,
    add_completion=False,
)


@app.callback()
def notices(context: typer.Context, secrets: Secrets = SECRETS, server: _Server = "main") -> None:
    """Notices that callers hear before the menu or a queue; without a command, list them."""
    if context.invoked_subcommand is None:
        _list(secrets, server)


@app.command(epilog="Example: hotline notice put flood.wav --until 14:00 --queue dvx")
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

    A prompt is heard in each caller's language, a file by all callers alike; the file is converted and copied
    to Asterisk's sounds. Asterisk keeps the notice: it holds without the daemon and after a restart.
    """
    configuration, moment = running_configuration(), moment_to_come(until)
    require_known("queue", queue, configuration.queues)
    files = [file for file in needed(configuration) if file.name == what]
    name = what if files else f"{_OWN}{Path(what).stem}"
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
        await readiness.put_notice(send, _place(queue), f"{FOLDER}/{name}", moment)

    in_asterisk(configuration, server, secrets, work)
    note_afterwards("notice put", _place(queue), f"{name} {said_until(moment)}")
    _list(secrets, server)


@app.command("take-away", epilog="Example: hotline notice take-away flood")
def take_away(
    what: Annotated[
        str, typer.Argument(metavar="NAME", help="As `hotline notice` lists it; wherever it is heard.")
    ],
    secrets: Secrets = SECRETS,
    server: _Server = "main",
) -> None:
    """End a notice before its time."""

    async def work(send: Send) -> None:
        found = await readiness.notices(send, map(_place, ("", *configuration.queues)))
        if what not in (_name(sound) for sound, _ in found.values()):
            fail(f"no notice {what!r} is heard", hint="hotline notice")
        for place, (sound, _) in found.items():
            if _name(sound) == what:
                await readiness.take_notice_away(send, place)

    configuration = running_configuration()
    in_asterisk(configuration, server, secrets, work)
    note_afterwards("notice taken away", what)
    _list(secrets, server)


def _list(secrets: Path, server: str) -> None:
    configuration = running_configuration()
    places = {NOTICE_MENU: "the menu", **{_place(name): f"queue {name}" for name in configuration.queues}}
    found = in_asterisk(configuration, server, secrets, lambda send: readiness.notices(send, places))
    print_lines(
        f"{_name(sound)} is heard before {places[place]} {said_until(local(until))}"
        for place, (sound, until) in found.items()
    )
    if not found:
        print_lines(["no notice is heard"])


def _place(queue: str) -> str:
    return f"queue-{queue}" if queue else NOTICE_MENU


def _name(sound: str) -> str:
    return sound.removeprefix(f"{FOLDER}/").removeprefix(_OWN)
