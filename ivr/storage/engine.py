"""Opening the store: SQLite in WAL mode or PostgreSQL, one writer thread a process, no SQL on the event loop.

`Store.write` and `Store.read` take a function from a connection to a value and run it in one transaction.
`StoreThread` does the same from asyncio, all on one thread of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

T = TypeVar("T")
Work = Callable[[Connection], T]

BUSY_TIMEOUT_SECONDS = 10


class Store:
    """One database, given by URL (`sqlite:///hotline.db`, `postgresql+psycopg://…`)."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.engine: Engine = create_engine(
            parsed,
            connect_args={"timeout": BUSY_TIMEOUT_SECONDS} if self.is_sqlite else {},
            pool_pre_ping=not self.is_sqlite,
            hide_parameters=True,  # they hold citizens' numbers, and errors end in logs and on terminals
        )
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    def write(self, work: Work[T]) -> T:
        """Run `work` in one writing transaction: committed when it returns, rolled back when it raises."""
        with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            return work(connection)

    def read(self, work: Work[T]) -> T:
        """Run `work` in one reading transaction."""
        with self.engine.connect() as connection, connection.begin():
            return work(connection)

    def close(self) -> None:
        """Give all connections back; SQLite folds its WAL into the file."""
        self.engine.dispose()


class StoreThread:
    """The store seen from asyncio: every piece of work runs on one thread, in the order it was given."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")

    async def write(self, work: Work[T]) -> T:
        """`Store.write`, awaited."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.store.write, work)

    async def read(self, work: Work[T]) -> T:
        """`Store.read`, awaited."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.store.read, work)

    def close(self) -> None:
        """Finish what was given, then close the store."""
        self._thread.shutdown(wait=True)
        self.store.close()


def _prepare_sqlite(connection: Any, record: object) -> None:
    # The driver must not open transactions by itself: ours begin with BEGIN IMMEDIATE, see _begin_sqlite.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns writer in mid transaction fails at once with "database is locked", whatever the
    # busy timeout; so a transaction that writes says so at its start.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
