"""The store a command works on: opened with this version's tables, closed at the end; who did what there.

The login's uid is who did it. What anybody may claim, `--by` and SUDO_USER, stands in the audit's note.
"""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection

from ivr.base.logs import Trouble
from ivr.base.masking import visible
from ivr.command.options import LONGEST
from ivr.command.printing import fail, print_line
from ivr.recording.unstored import Spool, SpoolTaken
from ivr.storage.engine.store import SETTINGS, Store, StoreAway, StoreUnfit
from ivr.storage.migrations import NEWEST, migrate, require_tables
from ivr.storage.people import audit

log = structlog.get_logger(__name__)

_AGAIN_SECONDS: Final = 1.0
_LOGIN_UID: Final = Path("/proc/self/loginuid")
_NOT_SET: Final = 2**32 - 1
"""The process began outside any login, such as by systemd."""


def database_url() -> str:
    """`HOTLINE_DATABASE_URL`; empty if it is not set."""
    return os.environ.get("HOTLINE_DATABASE_URL", "")


@contextmanager
def open_store(*, waits_for_disk: bool = True) -> Iterator[Store]:
    """The store at `database_url` as it is; ends the command with a clear sentence if that cannot be used.

    `waits_for_disk`: see `Store`.
    """
    with _opened(waits_for_disk) as store:
        require_tables(store)
        yield store


@contextmanager
def open_store_of_daemon() -> Iterator[Store]:
    """The same for a daemon: waits while it is away, looks for damage, makes the tables if there are none."""
    trouble = Trouble("waiting for the database", "the database is there")
    with _opened() as store:
        while True:
            try:
                store.check()
                if migrate(store):
                    log.info("made the tables of a new database", schema=NEWEST)
            except StoreAway as problem:
                trouble.because(str(problem))
                time.sleep(_AGAIN_SECONDS)
            else:
                break
        trouble.ends()
        yield store


def make_tables() -> tuple[str, bool]:
    """Make the tables where there are none; returns the database's name and whether this made them."""
    with _opened() as store:
        return str(store.engine.url.database), migrate(store)


@contextmanager
def _opened(waits_for_disk: bool = True) -> Iterator[Store]:
    try:
        with closing(Store(database_url(), waits_for_disk=waits_for_disk)) as store:
            yield store
    except StoreUnfit as problem:
        fail(f"the database cannot be used: {problem.what}", hint=problem.hint)
    except StoreAway as problem:
        hint = "start it, make room for it, or set HOTLINE_DATABASE_URL"
        fail(f"the database is out of reach: {problem}", hint=hint)


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
            require_tables(store)
            store.write(lambda connection: noted(connection, action, subject, *said))
    except (StoreAway, StoreUnfit, OSError) as problem:
        print_line(f"done, but the audit has no line of it: {problem}", err=True)


def spool_path(given: Path | None) -> Path:
    """Where the recorder's spool is; beside it the dialer notes its last attempt."""
    return given or fail("HOTLINE_SPOOL is not set", hint=f"set it, or give --spool, {SETTINGS}")


def open_spool(path: Path) -> Spool:
    """The recorder's spool; ends the command if it cannot be written or another recorder has it."""
    try:
        return Spool(path)
    except SpoolTaken as problem:
        hint = "another `hotline run` or `record` has it: stop that one, or give this one another --spool"
        fail(str(problem), hint=hint)
    except OSError as problem:
        fail(f"the spool {path} cannot be written: {problem.strerror}", hint="--spool names another file")
