"""The store a command works on: where it is, opened with its schema up to date, closed at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import ArgumentError, OperationalError

from ivr.command.options import fail
from ivr.storage.engine import Store
from ivr.storage.migrations import migrate

DEFAULT_URL: Final = "sqlite:///hotline.db"


def database_url() -> str:
    """`HOTLINE_DATABASE_URL`, else a SQLite file in the working directory."""
    return os.environ.get("HOTLINE_DATABASE_URL") or DEFAULT_URL


@contextmanager
def open_store() -> Iterator[Store]:
    """The store at `database_url`, migrated; ends the command with a clear sentence if it is out of reach."""
    try:
        store = Store(database_url())
        migrate(store)
    except ArgumentError:
        fail(
            "HOTLINE_DATABASE_URL is no database URL",
            hint="such as sqlite:////var/lib/hotline.db",
        )
    except OperationalError as problem:
        fail(f"the database cannot be reached: {problem.orig}", hint="set HOTLINE_DATABASE_URL")
    try:
        yield store
    finally:
        store.close()
