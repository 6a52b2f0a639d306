"""While the database is away the recorder goes on; what it heard is stored once, whoever dies meanwhile."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ivr.asterisk.connection import AmiConnection
from ivr.recorder import Recorder
from ivr.storage.engine import Store, StoreThread
from ivr.storage.export import rows
from ivr.storage.schema import leases
from ivr.storage.spool import Spool
from tests.postgresql import PostgreSQL
from tests.recordings.listening import Manner, bytes_of
from tests.recordings.replay import Replay
from tests.recordings.truth import CASES, Told, differences
from tests.replayed.test_record_command import hotline, said

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


def is_true(url: str) -> bool:
    return differences(CASE, [Told.of(row) for row in visits(url)]) == []


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


def test_a_recorder_outlives_a_database_that_answers_nothing(server: PostgreSQL, tmp_path: Path) -> None:
    url = server.create_database()
    file = tmp_path / "hotline.spool"

    async def scenario() -> None:
        async with Replay() as replay:
            connection = AmiConnection("127.0.0.1", replay.port, "listener", "secret")
            thread = StoreThread(Store(url), deadline=0.5)
            spool = Spool(file)
            stop = asyncio.Event()
            running = asyncio.create_task(Recorder(connection, thread, spool=spool).run(stop))
            await listening(replay)
            server.freeze()
            try:
                await replay.say("".join(told_in_halves()))
                await until(lambda: file.stat().st_size)
            finally:
                server.thaw()
            await until(lambda: not file.stat().st_size)
            stop.set()
            await running
            thread.close()
            spool.close()

    asyncio.run(scenario())
    assert is_true(url)


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
