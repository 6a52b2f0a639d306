"""Opening the store: SQLite in WAL mode or PostgreSQL, one writer thread a process, no SQL on the event loop.

`Store.write` and `Store.read` take a function from a connection to a value and run it in one transaction.
`StoreThread` does the same from asyncio, all on one thread of its own, and never waits for ever. Whatever a
driver says of the database as a whole comes out as `StoreAway` or `StoreUnfit`.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar
from weakref import WeakSet

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ivr.base.permissions import close_to_others
from ivr.storage.engine.faults import REPLACED, RESTORE, StoreAway, StoreUnfit, told

__all__ = ["SETTINGS", "Store", "StoreAway", "StoreThread", "StoreUnfit"]

from ivr.storage.engine.statements import copy_instead

T = TypeVar("T")
Work = Callable[[Connection], T]

BUSY_TIMEOUT_SECONDS: Final = 10
DEADLINE_SECONDS: Final = 10.0
"""How long the database may take to answer the thread; then the connection is cut."""
_POSTGRESQL: Final = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    # What a process that froze in mid transaction has locked becomes free by itself.
    "options": "-c idle_in_transaction_session_timeout=5s -c lock_timeout=8s",
}
_FILES: Final = "files"
"""Under this name each connection to SQLite remembers which files it opened."""
SETTINGS: Final = (
    "as the service's unit does: HOTLINE_DATABASE_URL=sqlite:////var/lib/hotline/hotline.db "
    "HOTLINE_SPOOL=/var/lib/hotline/main.spool"
)
"""An example of what every command needs that meets the records."""
_NOT_SET: Final = StoreUnfit("HOTLINE_DATABASE_URL is not set", f"set it, {SETTINGS}")
_NO_URL: Final = StoreUnfit(
    "HOTLINE_DATABASE_URL is no database URL",
    "such as sqlite:////var/lib/hotline.db or postgresql://user:password@host/name",
)


class Store:
    """One database, given by URL (`sqlite:///hotline.db`, `postgresql://user:password@host/name`)."""

    def __init__(self, url: str, *, waits_for_disk: bool = True) -> None:
        """`waits_for_disk`: a commit is on the disk; if not, a power cut takes the latest ones back.

        Nothing is opened yet. Raises StoreUnfit if the URL is neither, or empty.
        """
        parsed = _parsed(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.file = Path(parsed.database or "") if self.is_sqlite else Path()
        """The SQLite database."""
        self.engine: Engine = create_engine(
            parsed,
            connect_args=_connect_args(self.is_sqlite, waits_for_disk),
            pool_pre_ping=not self.is_sqlite,
            hide_parameters=True,  # they hold citizens' numbers, and errors end in logs and on terminals
        )
        self._connections: WeakSet[Any] = WeakSet()
        if self.is_sqlite:
            event.listen(self.engine, "do_connect", _make_private)
            event.listen(self.engine, "connect", lambda it, _: _prepare_sqlite(it, waits_for_disk))
            event.listen(self.engine, "connect", lambda _, record: self._note_files(record.info))
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine, "connect", lambda connection, _: self._connections.add(connection))
            event.listen(self.engine, "do_executemany", copy_instead)

    @property
    def is_missing(self) -> bool:
        """Whether this is a SQLite file that is not there; one in a folder closed to us may be there."""
        try:
            return self.is_sqlite and not self.file.exists()
        except PermissionError:
            return False

    def write(self, work: Work[T]) -> T:
        """Run `work` in one writing transaction: committed when it returns, rolled back when it raises.

        Raises StoreAway, StoreUnfit.
        """
        with self._transaction(writes=True) as connection:
            return work(connection)

    def read(self, work: Work[T]) -> T:
        """Run `work` in one reading transaction. Raises StoreAway, StoreUnfit."""
        with self._transaction(writes=False) as connection:
            return work(connection)

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        try:
            opened = self.engine.connect().execution_options(writes=writes)
            with opened as connection:
                with connection.begin():
                    yield connection
                if writes and self.is_sqlite:
                    self._require_same_files(connection.info)
        except Exception as problem:
            if (fault := told(problem)) is None:
                raise
            raise fault from problem

    def _note_files(self, info: dict[Any, Any]) -> None:
        info[_FILES] = _files_at(self.file)

    def _require_same_files(self, info: Mapping[Any, Any]) -> None:
        """Raise StoreUnfit if what was committed went into a file that nobody finds any more."""
        opened, now = info[_FILES], _files_at(self.file)
        if now == opened:
            return
        if now.get(self.file) != opened[self.file]:
            # SQLite would apply the WAL of the old file to whatever file stands there at the next start.
            for path, _ in opened.items() & now.items():
                path.replace(f"{path}.replaced")
        raise StoreUnfit(f"{self.file} or its WAL was deleted or replaced while in use", REPLACED)

    def cut(self) -> None:
        """Break every connection, from another thread: who waits for an answer gets StoreAway."""
        for connection in tuple(self._connections):
            if not connection.closed:
                with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as used:
                    used.shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """Look for damage in a SQLite file. Raises StoreUnfit, StoreAway."""
        if self.is_sqlite:
            found = self.read(lambda c: c.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
            if found != "ok":
                raise StoreUnfit(str(found).splitlines()[-1], RESTORE)

    def close(self) -> None:
        """Give all connections back; SQLite folds its WAL into the file."""
        self.engine.dispose()


def _parsed(url: str) -> URL:
    if not url:
        raise _NOT_SET
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # of a port that is no number
        raise _NO_URL from None
    # A password with an `@` that is not written as %40 would stand in every error, as a part of the host.
    if parsed.get_backend_name() not in ("sqlite", "postgresql") or "@" in (parsed.host or ""):
        raise _NO_URL
    return parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed


class StoreThread:
    """The store seen from asyncio: every piece of work runs on one thread, in the order it was given."""

    def __init__(self, store: Store, deadline: float = DEADLINE_SECONDS) -> None:
        self.store = store
        self._deadline = deadline
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")

    async def write(self, work: Work[T]) -> T:
        """`Store.write`, awaited; StoreAway if it takes longer than the deadline."""
        return await self._run(self.store.write, work)

    async def read(self, work: Work[T]) -> T:
        """`Store.read`, awaited; StoreAway if it takes longer than the deadline."""
        return await self._run(self.store.read, work)

    def write_now(self, work: Work[T]) -> T:
        """`Store.write` on the store's thread, waited for by another thread that is not the event loop's.

        StoreAway if that takes longer than the deadline; it may be written later.
        """
        try:
            return self._thread.submit(self.store.write, work).result(self._deadline)
        except TimeoutError:
            raise StoreAway(f"no answer within {self._deadline:g} s") from None

    async def _run(self, do: Callable[[Work[T]], T], work: Work[T]) -> T:
        done = asyncio.get_running_loop().run_in_executor(self._thread, do, work)
        await asyncio.wait({done}, timeout=self._deadline)
        if not done.done():
            self.store.cut()
        return await done

    def close(self) -> None:
        """Finish what was given, then close the store."""
        self._thread.shutdown(wait=True)
        self.store.close()


def _connect_args(is_sqlite: bool, waits_for_disk: bool) -> Mapping[str, object]:
    if is_sqlite:
        return {"timeout": BUSY_TIMEOUT_SECONDS}
    hurry = "" if waits_for_disk else " -c synchronous_commit=off"
    return {**_POSTGRESQL, "options": f"{_POSTGRESQL['options']}{hurry}"}


def _make_private(dialect: object, record: object, arguments: Sequence[Any], named: object) -> None:
    """A file that is not there yet is its owner's alone, and so is its WAL: it holds citizens' numbers.

    From others a copy that was put in its place is closed, too.
    """
    # An old one is never opened: closing it would drop the locks of this process's other connections on it.
    if (path := arguments[0]) == ":memory:":
        return
    with suppress(OSError):  # what is wrong with it SQLite tells
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    for one in _with_wal(Path(path)):
        close_to_others(one)


def _prepare_sqlite(connection: Any, waits_for_disk: bool) -> None:
    # The driver must not open transactions by itself: ours begin with BEGIN IMMEDIATE, see _begin_sqlite.
    connection.isolation_level = None
    # 32 MB: beyond the default 2 MB a year's indices of callers are read from the disk again for every batch.
    # FULL: an attempt that is committed is on the disk before its Originate is sent, whatever the power does.
    # Who is in a hurry writes pages back every 64 MB instead of every 4: most change many times in between.
    disk = ("synchronous=FULL",) if waits_for_disk else ("synchronous=NORMAL", "wal_autocheckpoint=16384")
    # The last reads the file: then its WAL is there, and `_note_files` finds it.
    for pragma in ("journal_mode=WAL", *disk, "foreign_keys=ON", "cache_size=-32768", "schema_version"):
        connection.execute(f"PRAGMA {pragma}").close()


def _files_at(database: Path) -> dict[Path, tuple[int, int]]:
    """Which files stand at the path of a SQLite database and beside it."""
    found = {}
    for path in _with_wal(database):
        with suppress(OSError):
            found[path] = (path.stat().st_dev, path.stat().st_ino)
    return found


def _with_wal(database: Path) -> tuple[Path, ...]:
    return database, Path(f"{database}-wal"), Path(f"{database}-shm")


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns writer in mid transaction fails at once with "database is locked", whatever the
    # busy timeout; so a transaction that writes says so at its start.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
