"""An attempt whose dialer and Asterisk died is settled by its own lines in queue_log."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from callback_dialer.following import Following
from callback_dialer.resolving import Resolver
from ivr.asterisk.connection import AmiConnection
from ivr.storage.engine.store import Store, StoreThread
from ivr.storage.migrations import migrate
from ivr.storage.owed import attempts
from ivr.storage.owed.attempts import Attempt
from tests.contracts.test_callback_attempts import dialled
from tests.contracts.test_callback_decisions import ALWAYS
from tests.recordings.replay import Replay


def resolved(store: Store, queue_log: Path, channels: str = "", following: Following | None = None) -> None:
    """Ask an Asterisk that has these channels; nothing is followed, unless given."""

    async def main() -> None:
        async with Replay() as replay, asyncio.timeout(30):
            connection = AmiConnection("127.0.0.1", replay.port, "dialer", "secret")
            running = asyncio.create_task(connection.run())
            while not connection.is_connected:
                await asyncio.sleep(0.01)
            thread = StoreThread(store)
            replay.rows["CoreShowChannels"] = channels
            followed = following or Following()
            await Resolver(ALWAYS, "main", thread, connection, followed, queue_log).resolve()
            await connection.close()
            await running
            thread.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("events", "disposition"),
    [
        ([], ""),
        (["CBSTART|provider", "CBANSWERED|"], "unknown"),
        (["CBSTART|provider", "CBANSWERED|", "CBCONFIRMED|", "CONNECT|1|a.1|1"], "reached"),
        (["CBSTART|provider", "CBEND|BUSY 17"], "busy"),
    ],
    ids=["nothing", "answered", "connected", "busy"],
)
def test_an_attempt_that_left_asterisk_is_over_before_its_deadline_if_it_was_dialled(
    events: list[str], disposition: str, tmp_path: Path
) -> None:
    store = Store(f"sqlite:///{tmp_path / 'hotline.db'}")
    migrate(store)
    attempt_id = store.write(dialled).attempt_id
    now = int(time.time())
    lines = [f"{now}|{attempt_id}|dvx|NONE|{event}\n" for event in events]
    log = tmp_path / "queue_log"
    log.write_text(f"{now - 3600}|NONE|NONE|NONE|QUEUESTART|\n" + "".join(lines))
    resolved(store, log)

    def found(one: Attempt | None) -> str:
        assert one is not None
        return one.disposition

    assert store.read(lambda connection: found(attempts.find(connection, attempt_id))) == disposition


def test_an_agent_whom_queue_log_names_is_stored_by_interface(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'hotline.db'}")
    migrate(store)
    attempt_id = store.write(dialled).attempt_id
    now, ((_, name), interface) = int(time.time()), next(iter(ALWAYS.interfaces.items()))
    log = tmp_path / "queue_log"
    log.write_text(
        f"{now - 3600}|NONE|NONE|NONE|QUEUESTART|\n"
        f"{now}|{attempt_id}|dvx|NONE|CBSTART|provider\n"
        f"{now}|{attempt_id}|dvx|{name}|CONNECT|1|a.1|1\n"
    )
    resolved(store, log)
    attempt = store.read(lambda connection: attempts.find(connection, attempt_id))
    assert attempt is not None
    assert (attempt.disposition, attempt.agent) == ("reached", interface)


@pytest.mark.parametrize("is_followed", [True, False])
def test_queue_log_is_read_for_an_overdue_attempt_that_lives_only_if_it_is_not_followed(
    tmp_path: Path, is_followed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its talk is long, and each look would read a day's file again."""
    store = Store(f"sqlite:///{tmp_path / 'hotline.db'}")
    migrate(store)
    progress = store.write(dialled)
    store.write(lambda connection: connection.exec_driver_sql("UPDATE attempts SET deadline_at = 0"))
    following = Following()
    if is_followed:
        following.follow(progress)
    unreadable = tmp_path / "queue_log"
    unreadable.mkdir()
    channel = f"Local/1@hotline-callback;1\r\nUniqueid: {progress.attempt_id}"
    alive = f"Event: CoreShowChannel\r\nActionID: \r\nChannel: {channel}\r\n\r\n"
    resolved(store, unreadable, alive, following)
    assert progress.attempt_id in following
    assert ("queue_log not readable" in capsys.readouterr().out) is not is_followed
