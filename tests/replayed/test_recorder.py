"""The recorder from a socket to the database: every case stored once, nothing lost at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from structlog.testing import capture_logs

from ivr.asterisk.connection import AmiConnection, Timing
from ivr.queues.board import RecordedBoard
from ivr.reading.export import rows
from ivr.recording.recorder import Recorder, RecordsLost
from ivr.recording.watched import Watched
from ivr.storage.engine.store import Store, StoreAway, StoreThread
from ivr.storage.migrations import migrate
from ivr.storage.schema.recorded import calls, visits
from tests.recordings.listening import Manner, bytes_of
from tests.recordings.replay import Replay
from tests.recordings.truth import CASES, WHOLE, Told, differences

AT_ONCE = Manner(speed=0)
DEADLINE = 30.0


async def record(
    replay: Replay,
    thread: StoreThread,
    watched: Watched | None = None,
    until: Callable[[], bool] = lambda: True,
) -> None:
    """Run a recorder until everything was played and `until` is true, then stop it."""
    timing = Timing(retry_first=0.02, ping_every=60)
    connection = AmiConnection("127.0.0.1", replay.port, "listener", "secret", timing=timing)
    stop = asyncio.Event()
    running = asyncio.create_task(Recorder(connection, thread, "main", watched).run(stop))
    async with asyncio.timeout(DEADLINE):
        await replay.played.wait()
        while not until() and not running.done():
            await asyncio.sleep(0.01)
        stop.set()
        await running


def record_case(case: str, url: str, manner: Manner = AT_ONCE, chunk: int = 0) -> list[dict[str, Any]]:
    """What the store exports after a recorder has listened to the case."""
    store = Store(url)
    migrate(store)

    async def main() -> None:
        async with Replay(bytes_of(CASES / case, manner), chunk) as replay:
            await record(replay, StoreThread(store))

    asyncio.run(main())
    exported = store.read(lambda connection: list(rows(connection, "visits")))
    store.close()
    return exported


def told(exported: list[dict[str, Any]]) -> list[Told]:
    return [Told.of(row) for row in exported]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'hotline.db'}"


@pytest.mark.parametrize("chunk", [0, 7])
@pytest.mark.parametrize("manner", [AT_ONCE, Manner(0, twice=True), Manner(0, timestamps=False)], ids=str)
@pytest.mark.parametrize("case", WHOLE)
def test_a_recorded_case_is_stored_true(case: str, manner: Manner, chunk: int, url: str) -> None:
    ami = "whole" if manner.timestamps else "untimed"
    assert differences(case, told(record_case(case, url, manner, chunk)), ami=ami) == []


@pytest.mark.parametrize("case", WHOLE)
def test_a_recorded_case_is_stored_true_in_postgresql(case: str, postgresql: str) -> None:
    assert differences(case, told(record_case(case, postgresql))) == []


@pytest.mark.parametrize("case", WHOLE)
def test_a_case_recorded_a_second_time_changes_nothing(case: str, url: str) -> None:
    """But the moment at which Asterisk was lost, which is the moment the socket broke."""
    first, second = (
        [row for row in record_case(case, url) if row["ended_by"] != "restart"] for _ in range(2)
    )
    assert first == second


def test_every_visit_belongs_to_a_call_that_ended_with_its_last_visit_or_later(url: str) -> None:
    record_case("same_queue_twice", url)
    store = Store(url)
    found = store.read(lambda connection: connection.execute(select(calls)).all())
    last = store.read(lambda connection: connection.execute(select(func.max(visits.c.ended_at))).scalar_one())
    store.close()
    assert [(call.linkedid, call.caller, call.ended_by) for call in found] == [
        ("1795364488.112", "0641000051", "caller")
    ]
    assert found[0].ended_at >= last


@pytest.mark.parametrize(("is_heard", "ended_by"), [(True, "agent"), (False, "restart")])
def test_a_recorder_that_starts_again_ends_a_talk_that_was_handed_over(
    is_heard: bool, ended_by: str, url: str
) -> None:
    """By its channels, or by the last sign of life if it is gone."""
    (stream,) = bytes_of(CASES / "consulted_transfer", AT_ONCE)
    cut = stream.index(b"Event: NewCallerid", stream.index(b"Event: AttendedTransfer"))
    store = Store(url)
    migrate(store)

    async def main() -> None:
        async with Replay([stream[:cut]]) as replay:
            await record(replay, StoreThread(store))
        assert [row["ended_by"] for row in _exported(store)] == ["transfer", "caller", ""]
        async with Replay([stream[cut:] if is_heard else b""]) as replay:
            await record(
                replay, StoreThread(store), until=lambda: all(row["ended_by"] for row in _exported(store))
            )

    asyncio.run(main())
    assert [row["ended_by"] for row in _exported(store)] == ["transfer", "caller", ended_by]
    assert _exported(store)[-1]["talk_seconds"] == (pytest.approx(1.7, abs=0.1) if is_heard else None)
    store.close()


def test_a_recorder_that_starts_again_goes_on_with_what_the_last_one_left_open(url: str) -> None:
    (stream,) = bytes_of(CASES / "completecaller", AT_ONCE)
    cut = stream.index(b"Event: BridgeCreate")
    store = Store(url)
    migrate(store)

    async def main() -> None:
        async with Replay([stream[:cut]]) as replay:
            await record(replay, StoreThread(store))
        assert [row["outcome"] for row in _exported(store)] == ["answered"]
        assert [row["ended_by"] for row in _exported(store)] == [""]
        async with Replay([stream[cut:]]) as replay:
            await record(replay, StoreThread(store))

    asyncio.run(main())
    assert differences("completecaller", told(_exported(store))) == []
    store.close()


def test_a_login_that_may_not_ask_corestatus_is_warned_of(url: str) -> None:
    store = Store(url)
    migrate(store)

    async def main() -> None:
        async with Replay(bytes_of(CASES / "abandon_long", AT_ONCE)) as replay:
            replay.refusals = {"CoreStatus": ["Permission denied"]}
            await record(replay, StoreThread(store), until=lambda: not replay.refusals["CoreStatus"])

    with capture_logs() as log:
        asyncio.run(main())
    assert [line["needs"] for line in log if "CoreStatus" in line["event"]] == ["write=reporting"]
    store.close()


def test_queues_that_are_not_configured_are_not_recorded(url: str) -> None:
    store = Store(url)
    migrate(store)

    async def main() -> None:
        async with Replay(bytes_of(CASES / "blind_transfer_queue", AT_ONCE)) as replay:
            await record(replay, StoreThread(store), Watched(frozenset({"billing"}), {"billing": "dvx"}))

    asyncio.run(main())
    assert [(row["queue"], row["structure"]) for row in _exported(store)] == [("billing", "dvx")]
    store.close()


class _BrokenFor(Store):
    """A store whose database cannot be reached the first times it is written to."""

    def __init__(self, url: str, times: int) -> None:
        super().__init__(url)
        self.refusals = times

    def write(self, work: Callable[[Connection], Any]) -> Any:
        if self.refusals > 0:
            self.refusals -= 1
            raise StoreAway("no route to host")
        return super().write(work)


def test_a_board_that_raises_costs_no_visit(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise LookupError("a queue nobody thought of")

    for method in ("apply", "restore", "lose", "take_changes"):
        monkeypatch.setattr(RecordedBoard, method, fails)
    with capture_logs() as log:
        assert differences("completecaller", told(record_case("completecaller", url))) == []
    assert "not understood; the recorder goes on" in {line["event"] for line in log}


def test_a_database_that_comes_back_gets_what_it_missed(url: str) -> None:
    store = _BrokenFor(url, 0)
    migrate(store)
    store.refusals = 2

    async def main() -> None:
        async with Replay(bytes_of(CASES / "abandon_long", AT_ONCE)) as replay:
            await record(replay, StoreThread(store))

    asyncio.run(main())
    assert differences("abandon_long", told(_exported(store))) == []
    store.close()


def test_a_recorder_that_cannot_store_its_last_records_says_so(url: str) -> None:
    store = _BrokenFor(url, 0)
    migrate(store)
    store.refusals = 1000

    async def main() -> None:
        async with Replay(bytes_of(CASES / "abandon_long", AT_ONCE)) as replay:
            with pytest.raises(RecordsLost):
                await record(replay, StoreThread(store), until=lambda: store.refusals < 1000)

    asyncio.run(main())
    store.close()


def _exported(store: Store) -> list[dict[str, Any]]:
    return store.read(lambda connection: list(rows(connection, "visits")))
