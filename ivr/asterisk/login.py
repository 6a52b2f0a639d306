"""A short visit to the AMI: log in, ask, leave. For commands; daemons keep an `AmiConnection`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from ivr.asterisk.connection import utc_now
from ivr.asterisk.readiness import Send, unless_refused
from ivr.asterisk.secrets import read_secret
from ivr.asterisk.session import Session
from ivr.config.model import Server


@asynccontextmanager
async def logged_in(server: Server, user: str, secrets: Path, within: float) -> AsyncIterator[Send]:
    """`Send` as that AMI user, whose secret is in the folder `secrets`; each action has `within` seconds.

    Raises SecretMissing, ActionRefused (the login), OSError or TimeoutError (nobody answers there).
    """
    secret = read_secret(secrets, user)
    session = await Session.open(server.ami_host, server.ami_port, utc_now, within)

    send = partial(session.ask, deadline=within)
    try:
        await send({"Action": "Login", "Username": user, "Secret": secret, "Events": "off"})
        yield send
    finally:
        session.cut("looked")


async def settings_of(send: Send, file: str, category: str) -> list[tuple[str, str]]:
    """Settings of a file of Asterisk's, as it would read them now; empty if there is no such category."""
    asked = {"Action": "GetConfig", "Filename": file, "Category": category}
    headers = answer.headers if (answer := await unless_refused(send, asked)) else {}
    lines = {name: text for name, text in headers.items() if name.startswith("Line-")}
    # Of several sections of one name all are reported, and the first holds.
    first = min((name.rpartition("-")[0] for name in lines), default="")
    settings = (text.partition("=") for name, text in lines.items() if name.startswith(f"{first}-"))
    return [(name, value) for name, _, value in settings]


async def sounds_folder(send: Send) -> Path | None:
    """The folder Asterisk plays sounds from, if it tells that."""
    folder = dict(await settings_of(send, "asterisk.conf", "directories")).get("astdatadir")
    return Path(folder, "sounds") if folder else None
