"""Who did what: the lines that commands leave in the audit, and `hotline data audit-log`, which reads them.

The login's uid is who did it. What anybody may claim, `--by` and SUDO_USER, stands in the note.
"""

from __future__ import annotations

import os
from contextlib import closing
from datetime import datetime, timedelta
from typing import Annotated, Final

import typer
from sqlalchemy import Connection

from ivr.asterisk.connection import utc_now
from ivr.calls.outside_text import visible
from ivr.command.options import local, operator, timestamp
from ivr.command.parameters import LONGEST, AsJson
from ivr.command.printing import print_json, print_line, print_table
from ivr.command.store import database_url, open_store
from ivr.storage import audit
from ivr.storage.engine import Store, StoreAway, StoreUnfit

_DAYS_BACK: Final = timedelta(days=30)


def remark(*said: str) -> str:
    """A note of what is said, with SUDO_USER if it is set."""
    sudo_user = visible(os.environ.get("SUDO_USER", ""))[:LONGEST]
    return "; ".join(filter(None, (*said, sudo_user and f"SUDO_USER {sudo_user}")))


def noted(connection: Connection, action: str, subject: str, *said: str, done: bool = True) -> bool:
    """Append a line for what this transaction does, if it was `done`; returns that."""
    if done:
        audit.note(connection, operator(), action, subject, remark(*said))
    return done


def note_afterwards(action: str, subject: str, *said: str) -> None:
    """A line for what is done already: no database keeps anybody from closing the hotline."""
    try:
        with closing(Store(database_url())) as store:
            if store.is_sqlite and not store.file.exists():
                raise StoreAway(f"there is no database {store.file}")
            store.write(lambda connection: noted(connection, action, subject, *said))
    except (StoreAway, StoreUnfit, OSError) as problem:
        print_line(f"done, but the audit has no line of it: {problem}", err=True)


def audit_log(
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day.", show_default="30 days ago")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Who did what, the newest first: exports, whole numbers, callbacks stopped, hours closed, applies.

    `who` is the login the command was started from, whatever `sudo` or `su` came between.
    """
    begin = since.replace(tzinfo=local(utc_now()).tzinfo) if since else utc_now() - _DAYS_BACK
    with open_store() as store:
        found = store.read(lambda connection: audit.lines(connection, begin))
    if as_json:
        print_json(found)
        return
    rows = [(timestamp(one["at"]), *map(str, list(one.values())[1:])) for one in found]
    print_table(("when", "who", "action", "about", "note"), rows)
