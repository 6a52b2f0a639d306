"""The database's own clock, set ahead: the product's SQL asks the database, and gets another moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.event import listen, remove

from ivr.storage.engine.store import Store

_UNIX_EPOCH = 2440587.5
"""As a Julian day, in which SQLite counts."""
_OURS_FIRST = "SET LOCAL search_path = moved, pg_catalog, public"
_OURS = """
CREATE SCHEMA moved;
CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql AS
$$ SELECT pg_catalog.clock_timestamp() + current_setting('moved.by')::interval $$
"""


class MovedClock:
    """`ahead` is how far; every transaction that begins later sees it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """What the database says it is."""
        return datetime.now(UTC) + self.ahead

    def julianday(self, moment: str) -> float:
        """What SQLite asks."""
        assert moment == "now"
        return _UNIX_EPOCH + (time.time() + self.ahead.total_seconds()) / 86400


@contextmanager
def moved_clock(store: Store) -> Iterator[MovedClock]:
    """A clock for every transaction of that store, until the store is closed."""
    clock = MovedClock()

    def begun(connection: Connection) -> None:
        if store.is_sqlite:
            driver: Any = connection.connection.dbapi_connection
            driver.create_function("julianday", 1, clock.julianday)
        else:
            connection.exec_driver_sql(_OURS_FIRST)
            connection.exec_driver_sql(f"SET LOCAL moved.by = '{clock.ahead.total_seconds()} s'")

    if not store.is_sqlite:
        store.write(lambda connection: connection.exec_driver_sql(_OURS))
    listen(store.engine, "begin", begun)
    yield clock
    remove(store.engine, "begin", begun)
