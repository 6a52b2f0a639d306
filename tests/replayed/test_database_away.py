"""While the database is away the recorder goes on; what it heard is stored once, whoever dies meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_FSIZE, prlimit
from typing import Any

import psycopg
import pytest
from sqlalchemy import Column, select, text
from structlog.testing import capture_logs

from ivr.asterisk.connection import AmiConnection
from ivr.reading.export import rows
from ivr.recording import unstored
from ivr.recording.recorder import Recorder
from ivr.recording.unstored import Spool
from ivr.storage.engine.store import Store, StoreThread
from ivr.storage.schema.recorded import calls
from ivr.storage.schema.recorded import visits as visits_table
from ivr.storage.schema.running import gaps, leases
from tests.postgresql import PostgreSQL
from tests.recordings.listening import Manner, bytes_of
from tests.recordings.replay import Replay
from tests.recordings.truth import CASES, Told, differences
from tests.replayed.test_record_command import hotline, said
from tests.stores import empty_store

CASE = "completecaller"
DEADLINE = 40.0
LAST_LISTS = "CoreShowChannels"
"""What a recorder asks last when it has logged in."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    """One that may be broken."""
    with PostgreSQL.running() as started:
        yield started


def told_in_halves() -> tuple[str, str]:
    """A call up to the agent's answer, and the rest of it."""
    (stream,) = bytes_of(CASES / CASE, Manner(0))
    cut = stream.index(b"Event: BridgeCreate")
    return stream[:cut].decode(), stream[cut:].decode()


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not is_so():
            await asyncio.sleep(0.02)


async def listening(replay: Replay, count: int = 1) -> None:
    """Wait until so many recorders have logged in and looked around."""
    await until(lambda: sum(done["Action"] == LAST_LISTS for done in replay.actions) >= count)


async def recorder(folder: Path, replay: Replay, url: str, name: str = "") -> asyncio.subprocess.Process:
    """`hotline record` as a process."""
    return await hotline(
        folder,
        *("record", "--all-queues", "--ami", f"127.0.0.1:{replay.port}", "--spool", f"{name}.spool"),
        HOTLINE_AMI_SECRET="secret",
        HOTLINE_DATABASE_URL=url,
    )


def visits(url: str) -> list[dict[str, Any]]:
    store = Store(url)
    found = store.read(lambda connection: list(rows(connection, "visits")))
    store.close()
    return found


def is_on_duty(url: str) -> bool:
    store = Store(url)
    found = store.read(lambda connection: connection.execute(select(leases)).first())
    store.close()
    return found is not None


def is_true(url: str, case: str = CASE) -> bool:
    return differences(case, [Told.of(row) for row in visits(url)]) == []


BREAKS: dict[str, tuple[Callable[[PostgreSQL], None], Callable[[PostgreSQL], None]]] = {
    "killed": (PostgreSQL.stop, PostgreSQL.start),
    "read-only": (
        lambda server: server.set_read_only(is_so=True),
        lambda server: server.set_read_only(is_so=False),
    ),
}


@pytest.mark.parametrize("way", BREAKS)
def test_what_a_recorder_heard_before_it_was_killed_beside_a_broken_database_is_stored_by_the_next_one(
    server: PostgreSQL, way: str, tmp_path: Path
) -> None:
    url = server.create_database()
    break_it, mend_it = BREAKS[way]
    spool = tmp_path / ".spool"

    async def scenario() -> str:
        async with Replay() as replay:
            first = await recorder(tmp_path, replay, url)
            await listening(replay)
            break_it(server)
            try:
                await replay.say("".join(told_in_halves()))
                await until(lambda: b'"caller"' in spool.read_bytes())
                first.kill()
                _, _, log = await said(first)
            finally:
                mend_it(server)
            second = await recorder(tmp_path, replay, url)
            await listening(replay, 2)
            second.send_signal(signal.SIGTERM)
            status, _, _ = await said(second)
            assert status == 0
            return log

    log = asyncio.run(scenario())
    assert "database out of reach; records wait" in log
    assert is_true(url)
    assert spool.stat().st_size == 0


@asynccontextmanager
async def recording(
    replay: Replay, url: str, file: Path, queue_log: Path | None = None
) -> AsyncIterator[None]:
    """A recorder in this process."""
    connection = AmiConnection("127.0.0.1", replay.port, "listener", "secret")
    thread = StoreThread(Store(url), deadline=0.5)
    spool = Spool(file)
    stop = asyncio.Event()
    recorder = Recorder(connection, thread, spool=spool, queue_log=queue_log)
    running = asyncio.create_task(recorder.run(stop))
    yield
    stop.set()
    await running
    thread.close()
    spool.close()


def test_a_recorder_outlives_a_database_that_answers_nothing_and_waits_for_it_on_no_event_loop(
    server: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.create_database()
    file = tmp_path / "hotline.spool"
    waiting_on: set[threading.Thread] = set()

    def noted(wait: Callable[..., Any]) -> Callable[..., Any]:
        def do(*given: Any, **named: Any) -> Any:
            waiting_on.add(threading.current_thread())
            return wait(*given, **named)

        return do

    async def scenario() -> None:
        async with Replay() as replay, recording(replay, url, file):
            await listening(replay)
            server.freeze()
            try:
                await replay.say("".join(told_in_halves()))
                await until(lambda: file.stat().st_size)
            finally:
                server.thaw()
            await until(lambda: not file.stat().st_size)

    for owner, name in ((os, "fsync"), (psycopg.Connection, "connect"), (psycopg.Cursor, "execute")):
        monkeypatch.setattr(owner, name, noted(getattr(owner, name)))
    asyncio.run(scenario())
    monkeypatch.undo()
    assert waiting_on
    assert threading.main_thread() not in waiting_on
    assert is_true(url)


def test_a_recorder_waits_for_a_database_that_went_away_before_it_was_first_asked(
    server: PostgreSQL, tmp_path: Path
) -> None:
    url = server.create_database()
    file = tmp_path / "hotline.spool"

    async def scenario() -> None:
        async with Replay() as replay:
            server.stop()
            async with recording(replay, url, file):
                try:
                    await until(lambda: [one for one in log if one["event"] == "waiting for the database"])
                finally:
                    server.start()
                await listening(replay)
                await replay.say("".join(told_in_halves()))

    with capture_logs() as log:
        asyncio.run(scenario())
    assert is_true(url)


def test_what_a_full_spool_does_not_take_is_told_by_queue_log_once_the_database_is_back(
    server: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = "abandon_then_call_again"
    url = server.create_database()
    file, queue_log = tmp_path / "hotline.spool", tmp_path / "queue_log"
    monkeypatch.setattr(unstored, "MOST_RECORDS", 2)
    store = Store(url)

    def found(column: Column[Any]) -> list[Any]:
        return store.read(lambda c: list(c.scalars(select(column))))

    async def scenario() -> None:
        async with Replay() as replay, recording(replay, url, file, queue_log):
            await listening(replay)
            server.stop()
            try:
                (stream,) = bytes_of(CASES / case, Manner(0))
                second = stream.rindex(b"Event: QueueCallerJoin")
                await replay.say(stream[:second].decode())
                await until(lambda: file.stat().st_size)
                await replay.say(stream[second:].decode())
                await until(lambda: [one for one in log if one["event"].startswith("too many records")])
                queue_log.write_text((CASES / case / "queue_log").read_text())
            finally:
                server.start()
            await until(lambda: found(gaps.c.reason) and is_true(url, case))

    with capture_logs() as log:
        asyncio.run(scenario())
    assert found(gaps.c.reason) == ["spool full"]
    assert "ami" not in found(visits_table.c.source)
    assert None not in found(calls.c.ended_at)
    assert file.stat().st_size == 0
    told = [one["event"] for one in log]
    assert told.count("the database has all that waited") == 1
    assert sum(event.startswith("too many records") for event in told) == 1
    store.close()


def test_a_recorder_that_is_started_before_its_database_says_so_and_waits_and_a_command_ends_at_once(
    server: PostgreSQL, tmp_path: Path
) -> None:
    url = server.create_database()

    async def scenario() -> str:
        async with Replay() as replay:
            server.stop()
            try:
                early = await recorder(tmp_path, replay, url)
                assert early.stderr is not None
                log = (await asyncio.wait_for(early.stderr.readline(), DEADLINE)).decode()
                command = await hotline(tmp_path, "status", HOTLINE_DATABASE_URL=url)
                status, _, refusal = await said(command)
                assert status == 1
                assert refusal.startswith("the database is out of reach: ")
                assert "HOTLINE_DATABASE_URL" in refusal.splitlines()[-1]
                assert early.returncode is None
            finally:
                server.start()
            await listening(replay)
            await replay.say("".join(told_in_halves()))
            await until(lambda: visits(url))
            early.terminate()
            status, _, rest = await said(early)
            assert status == 0
            return log + rest

    log = asyncio.run(scenario())
    assert "Connection refused" in log.splitlines()[0]
    assert log.count("waiting for the database") == 1 + log.count("starting up")
    assert log.count("the database is there") == 1
    assert is_true(url)


def test_a_recorder_whose_disk_is_full_says_so_once_and_stores_everything_when_there_is_room(
    tmp_path: Path,
) -> None:
    """No file of its process grows, neither the database nor the spool."""
    url = f"sqlite:///{tmp_path / 'hotline.db'}"
    empty_store(tmp_path).close()

    async def scenario() -> str:
        async with Replay() as replay:
            full = await recorder(tmp_path, replay, url)
            assert full.stderr is not None
            await listening(replay)
            prlimit(full.pid, RLIMIT_FSIZE, (1, RLIM_INFINITY))
            await replay.say("".join(told_in_halves()))
            log = ""
            async with asyncio.timeout(DEADLINE):
                while "the spool cannot be written" not in log:
                    log += (await full.stderr.readline()).decode()
            prlimit(full.pid, RLIMIT_FSIZE, (RLIM_INFINITY, RLIM_INFINITY))
            await until(lambda: is_true(url))
            full.terminate()
            status, _, rest = await said(full)
            assert status == 0
            return log + rest

    log = asyncio.run(scenario())
    assert log.count("the spool cannot be written") == 1
    assert log.count("database out of reach; records wait") == 1
    assert log.count("the database has all that waited") == 1


def test_a_recorder_whose_tables_are_gone_keeps_what_it_heard_and_ends_with_what_to_do(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'hotline.db'}"
    store = empty_store(tmp_path)

    async def scenario() -> str:
        async with Replay() as replay:
            first = await recorder(tmp_path, replay, url)
            await listening(replay)
            store.write(lambda c: c.execute(text("ALTER TABLE calls RENAME TO gone")))
            await replay.say("".join(told_in_halves()))
            status, _, log = await said(first)
            assert status == 1
            store.write(lambda c: c.execute(text("ALTER TABLE gone RENAME TO calls")))
            second = await recorder(tmp_path, replay, url)
            await until(lambda: is_true(url))
            second.terminate()
            await said(second)
            return log

    log = asyncio.run(scenario())
    store.close()
    assert "no such table" in log
    assert "hotline data migrate" in log


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_of_two_recorders_one_stores_and_the_other_goes_on_when_it_is_gone(
    postgresql: str, end: signal.Signals, tmp_path: Path
) -> None:
    """A frozen one that wakes up again adds nothing to what the other has stored."""
    before, after = told_in_halves()

    async def scenario() -> list[dict[str, Any]]:
        async with Replay() as replay:
            first = await recorder(tmp_path, replay, postgresql, "first")
            await until(lambda: is_on_duty(postgresql))
            second = await recorder(tmp_path, replay, postgresql, "second")
            await listening(replay, 2)
            await replay.say(before)
            await until(lambda: visits(postgresql))
            first.send_signal(end)
            await replay.say(after)
            await until(lambda: is_true(postgresql))
            found = visits(postgresql)
            if end is signal.SIGSTOP:
                first.send_signal(signal.SIGCONT)
                first.terminate()
            second.terminate()
            for process in (first, second):
                await said(process)
            return found

    found = asyncio.run(scenario())
    assert visits(postgresql) == found
