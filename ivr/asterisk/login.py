"""A short visit to the AMI: log in, ask, leave. For commands; daemons keep an `AmiConnection`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from ivr.asterisk.connection import utc_now
from ivr.asterisk.readiness import Send
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
