"""A database that dies, freezes, is read-only, full or busy: told as `StoreAway`, in time, and used again."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Connection, func, select, text

from ivr.storage.engine.store import Store, StoreAway, StoreThread, StoreUnfit
from ivr.storage.schema.columns import database_now
from ivr.storage.schema.owed import denied_numbers
from tests.postgresql import PostgreSQL, drop_database
from tests.stores import empty_store

DEADLINE = 1.0
NUMBERS = (f"+99450{i:07}" for i in range(10_000_000))


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    """One that may be broken; nobody else uses it."""
    with PostgreSQL.running() as started:
        yield started


@pytest.fixture
def broken(server: PostgreSQL) -> Iterator[StoreThread]:
    """A store on it, in use."""
    url = server.create_database()
    thread = StoreThread(Store(url), DEADLINE)
    asyncio.run(thread.write(deny))
    yield thread
    thread.close()
    drop_database(url)


def deny(connection: Connection) -> None:
    values = {"caller_e164": next(NUMBERS), "since": database_now(), "why": os.urandom(3500).hex()}
    connection.execute(denied_numbers.insert().values(values))


def denied(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(denied_numbers)) or 0


async def write_when_it_recovers(thread: StoreThread, work: Callable[[Connection], None]) -> None:
    """A server that could not even write its log restarts by itself."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await thread.write(work)
            except StoreAway:
                await asyncio.sleep(0.1)


def test_a_server_that_was_killed_is_used_again_when_it_is_back(
    server: PostgreSQL, broken: StoreThread
) -> None:
    server.stop()
    for _ in range(2):
        with pytest.raises(StoreAway):
            asyncio.run(broken.write(deny))
    server.start()
    asyncio.run(broken.write(deny))
    assert asyncio.run(broken.read(denied)) == 2


def test_a_server_that_answers_nothing_is_given_up_after_the_deadline_and_the_event_loop_goes_on(
    server: PostgreSQL, broken: StoreThread
) -> None:
    async def scenario() -> int:
        writing, turns = asyncio.create_task(broken.write(deny)), 0
        async with asyncio.timeout(60):
            while not writing.done():
                await asyncio.sleep(0.01)
                turns += 1
        with pytest.raises(StoreAway):
            await writing
        return turns

    server.freeze()
    try:
        assert asyncio.run(scenario()) > 5, "the event loop stood still meanwhile"
    finally:
        server.thaw()
    asyncio.run(broken.write(deny))
    assert asyncio.run(broken.read(denied)) == 2


def test_a_read_only_server_is_read_and_told_as_away_to_who_writes(
    server: PostgreSQL, broken: StoreThread
) -> None:
    server.set_read_only(is_so=True)
    try:
        with pytest.raises(StoreAway, match="read-only"):
            asyncio.run(broken.write(deny))
        assert asyncio.run(broken.read(denied)) == 1
    finally:
        server.set_read_only(is_so=False)
    asyncio.run(broken.write(deny))


def test_a_full_disk_is_told_as_away(server: PostgreSQL, broken: StoreThread) -> None:
    def much(connection: Connection) -> None:
        for _ in range(400):
            deny(connection)

    server.limit_disk(1)
    try:
        with pytest.raises(StoreAway):
            asyncio.run(broken.write(much))
    finally:
        server.limit_disk(0)
    asyncio.run(write_when_it_recovers(broken, much))
    assert asyncio.run(broken.read(denied)) == 401


def test_what_a_frozen_client_has_locked_is_free_after_a_while(server: PostgreSQL) -> None:
    url = server.create_database()
    frozen, other = Store(url), Store(url)
    frozen.write(deny)
    with pytest.raises(StoreAway, match="idle-in-transaction"):
        frozen.write(partial(_wait_for_other_to_delete, other=other))
    frozen.close()
    other.close()
    drop_database(url)


def _wait_for_other_to_delete(connection: Connection, other: Store) -> None:
    connection.execute(text("UPDATE denied_numbers SET why = 'locked'"))
    other.write(lambda c: c.execute(text("DELETE FROM denied_numbers")))
    connection.execute(text("SELECT 1"))


def test_a_full_sqlite_file_is_told_as_away_and_used_again_when_there_is_room(tmp_path: Path) -> None:
    store = empty_store(tmp_path)
    limit = store.read(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar_one())

    def full(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {limit}")
        for _ in range(100):
            deny(connection)

    with pytest.raises(StoreAway, match="full"):
        store.write(full)
    store.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1000000"))
    store.write(deny)
    store.close()


def test_a_busy_sqlite_file_is_waited_for(tmp_path: Path) -> None:
    store = empty_store(tmp_path)
    other = sqlite3.connect(tmp_path / "hotline.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")

    async def scenario() -> None:
        thread = StoreThread(store)
        writing = asyncio.create_task(thread.write(deny))
        await asyncio.wait({writing}, timeout=0.3)
        assert not writing.done()
        other.execute("COMMIT")
        await writing

    asyncio.run(scenario())
    other.close()
    store.close()


@pytest.mark.parametrize("damage", [b"x" * 4096, b"SQLite format 3\0" + b"\xff" * 4080])
def test_a_damaged_sqlite_file_is_found_before_it_is_used(tmp_path: Path, damage: bytes) -> None:
    empty_store(tmp_path).close()
    file = tmp_path / "hotline.db"
    file.write_bytes(damage + file.read_bytes()[4096:])
    store = Store(f"sqlite:///{file}")
    with pytest.raises(StoreUnfit, match=r"recover"):
        store.check()
    store.close()


def test_a_sound_store_passes_its_check(store: Store) -> None:
    store.check()


def test_who_waits_for_the_store_s_thread_is_told_that_it_takes_too_long(tmp_path: Path) -> None:
    """An AGI script has no time for a database that stands still; its call goes on."""
    thread, goes_on = StoreThread(empty_store(tmp_path), 0.05), Event()
    try:
        with pytest.raises(StoreAway, match=r"no answer within 0\.05 s"):
            thread.write_now(lambda connection: goes_on.wait(10.0))
    finally:
        goes_on.set()
        thread.close()
