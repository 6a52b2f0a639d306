"""A SQLite file or WAL that is deleted or replaced under a running recorder: noticed, and nothing is lost."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.asterisk.connection import AmiConnection
from ivr.recording.recorder import Recorder
from ivr.storage.engine.store import Store, StoreThread, StoreUnfit
from tests.recordings.replay import Replay
from tests.replayed.test_database_away import (
    is_true,
    listening,
    recorder,
    told_in_halves,
    until,
    visits,
)
from tests.replayed.test_record_command import said
from tests.stores import empty_store

FILE, WAL = "hotline.db", "hotline.db-wal"


def delete(folder: Path) -> None:
    (folder / FILE).unlink()


def replace(folder: Path) -> None:
    """As an operator restores a copy: the old file aside, the copy in its place, the WAL forgotten."""
    (folder / FILE).rename(folder / "broken.db")
    shutil.copy(folder / "copy.db", folder / FILE)


def delete_wal(folder: Path) -> None:
    (folder / WAL).unlink()


@pytest.mark.parametrize("harm", [delete, replace, delete_wal])
def test_a_recorder_whose_database_file_is_deleted_or_replaced_ends_within_seconds_and_loses_nothing(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    url = f"sqlite:///{tmp_path / FILE}"
    empty_store(tmp_path).close()
    shutil.copy(tmp_path / FILE, tmp_path / "copy.db")

    async def scenario() -> str:
        before, after = told_in_halves()
        async with Replay() as replay:
            first = await recorder(tmp_path, replay, url)
            await listening(replay)
            if harm is delete_wal:
                await replay.say(before)
                await until(lambda: visits(url))
            harm(tmp_path)
            await replay.say(after if harm is delete_wal else before + after)
            async with asyncio.timeout(15.0):
                status, _, log = await said(first)
            assert status == 1
            second = await recorder(tmp_path, replay, url)
            await listening(replay, 2)
            await until(lambda: is_true(url))
            second.terminate()
            status, _, _ = await said(second)
            assert status == 0
            return log

    log = asyncio.run(scenario())
    assert "deleted or replaced while in use" in log
    assert "last good copy" in log
    # Else SQLite would read what is not stored yet of the old file into the new one.
    assert (tmp_path / f"{WAL}.replaced").exists() is (harm is not delete_wal)


def test_a_recorder_that_hears_nothing_notices_within_seconds_too(tmp_path: Path) -> None:
    empty_store(tmp_path).close()

    async def scenario() -> None:
        async with Replay() as replay:
            connection = AmiConnection("127.0.0.1", replay.port, "listener", "secret")
            thread = StoreThread(Store(f"sqlite:///{tmp_path / FILE}"))
            running = asyncio.create_task(Recorder(connection, thread).run(asyncio.Event()))
            await listening(replay)
            delete(tmp_path)
            with pytest.raises(StoreUnfit, match="deleted or replaced while in use"):
                await asyncio.wait_for(running, 15.0)
            thread.close()

    asyncio.run(scenario())
