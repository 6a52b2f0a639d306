"""Every recorded case tells the same visits five ways: live, from queue_log alone, and in three mixtures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import exists, or_, select

from ivr.asterisk.connection import AmiConnection, Timing
from ivr.asterisk.queue_log import in_order
from ivr.reading.agreement import Disagreement, LogComparison, Period
from ivr.reading.export import rows
from ivr.recording.queue_log import QueueLog, keep, known
from ivr.recording.recorder import Recorder
from ivr.recording.watched import Watched
from ivr.storage.engine.store import Store, StoreThread
from ivr.storage.migrations import migrate
from ivr.storage.schema import recorded as schema
from tests.recordings.listening import Manner, bytes_of
from tests.recordings.replay import Replay
from tests.recordings.truth import CASES, NAMES, Told, differences

AT_ONCE = Manner(speed=0)
CUT_OFF = ("waiting", "interrupted")
_ASTRAY = select(schema.calls).where(
    schema.calls.c.origin != "internal",
    or_(~exists().where(schema.visits.c.call_id == schema.calls.c.id), schema.calls.c.ended_at.is_(None)),
)
"""But for an agent's own call: they may have handed over the place it had in a queue."""


@contextmanager
def new_store(folder: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{folder / 'hotline.db'}")
    migrate(store)
    yield store
    store.close()


def listen(store: Store, case: str, manner: Manner = AT_ONCE, hear: float = 1.0) -> None:
    """Record what a listener of the case heard; of the last connection only that share."""

    async def main() -> None:
        streams = bytes_of(CASES / case, manner)
        end = streams[-1].rfind(b"\r\n\r\n", 0, int(len(streams[-1]) * hear)) + 4
        streams[-1] = streams[-1][:end]
        async with Replay(streams) as replay, asyncio.timeout(30):
            timing = Timing(retry_first=0.02, ping_every=60)
            connection = AmiConnection("127.0.0.1", replay.port, "listener", "secret", timing=timing)
            stop = asyncio.Event()
            running = asyncio.create_task(Recorder(connection, StoreThread(store), "main").run(stop))
            await replay.played.wait()
            stop.set()
            await running

    asyncio.run(main())


def backfill(store: Store, *paths: Path, watched: Watched | None = None) -> None:
    watched = watched or Watched()
    before = store.read(partial(known, server="main", watched=watched))
    log = QueueLog("main", watched, before.interfaces)
    for told in log.told(in_order(paths), before.positions):
        store.write(partial(keep, server="main", watched=watched, told=told))


def wrong(store: Store, case: str, ami: str = "whole") -> list[str]:
    """In what the visits differ from the truth, and calls that are not over or have no visit."""
    astray = store.read(lambda connection: connection.execute(_ASTRAY).all())
    return [*differences(case, [Told.of(row) for row in visits(store)], ami=ami), *map(repr, astray)]


def disagreeing_with_log(store: Store, case: str) -> list[Disagreement]:
    ever = Period(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    comparison, files = LogComparison(store, "main", ever, None), in_order([CASES / case / "queue_log"])
    found, read_to = [], ever.begin
    for told in QueueLog("main", Watched(), {}).told(files, {}):
        found += comparison.compare(told.changes.visits)
        read_to = told.read_to or read_to
    return [*found, *comparison.end(datetime.fromtimestamp(files[0].began, UTC), read_to)]


def visits(store: Store) -> list[dict[str, Any]]:
    return store.read(lambda connection: list(rows(connection, "visits")))


def _live_then_log(store: Store, case: str) -> None:
    listen(store, case)
    backfill(store, CASES / case / "queue_log")


def _log_then_live(store: Store, case: str) -> None:
    backfill(store, CASES / case / "queue_log")
    listen(store, case)


def _everything_twice(store: Store, case: str) -> None:
    for _ in range(2):
        listen(store, case, Manner(0, twice=True))
        backfill(store, CASES / case / "queue_log")


@pytest.mark.parametrize(
    "tell", [_live_then_log, _log_then_live, _everything_twice], ids=lambda tell: tell.__name__
)
@pytest.mark.parametrize("case", NAMES)
def test_both_sources_in_any_order_tell_the_same_visits(
    case: str, tell: Callable[[Store, str], None], tmp_path: Path
) -> None:
    with new_store(tmp_path) as store:
        tell(store, case)
        assert wrong(store, case) == []
        assert disagreeing_with_log(store, case) == []
        before = visits(store)
        backfill(store, CASES / case / "queue_log")
        assert visits(store) == before


@pytest.mark.parametrize("case", NAMES)
def test_queue_log_changes_no_outcome_that_ami_told_wherever_and_whenever_it_is_read(
    case: str, tmp_path: Path
) -> None:
    """Before AMI, after it, and after a restart of `record --queue-log`, whose bookmark is at any line."""
    lines = (CASES / case / "queue_log").read_bytes().splitlines(keepends=True)
    parts = [tmp_path / f"queue_log.{begin}" for begin in range(len(lines))]
    for begin, path in enumerate(parts):
        path.write_bytes(b"".join(lines[begin:]))
    with new_store(tmp_path) as store:
        listen(store, case)
        of_ami = {row["visit_id"]: row for row in visits(store)}
        for path in parts:
            backfill(store, path)
        after = visits(store)
    (tmp_path / "hotline.db").unlink()
    with new_store(tmp_path) as store:
        backfill(store, parts[0])
        listen(store, case)
        before = visits(store)
    named = {n for n, row in of_ami.items() if not row["uncertain"] and row["outcome"] not in CUT_OFF}
    for now in (after, before):
        told = {row["visit_id"]: row["outcome"] for row in now}
        assert {n: told[n] for n in named} == {n: of_ami[n]["outcome"] for n in named}


@pytest.mark.parametrize("case", NAMES)
def test_queue_log_alone_tells_the_same_visits(case: str, tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        backfill(store, CASES / case / "queue_log")
        assert wrong(store, case, "unheard") == []


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("case", NAMES)
def test_what_a_cut_off_listener_missed_comes_from_queue_log(case: str, share: float, tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        listen(store, case, hear=share)
        backfill(store, CASES / case / "queue_log")
        assert wrong(store, case, "partly") == []


NAME, INTERFACE = "Ђорђе Петровић", "PJSIP/agent1"
LATER = f"""1795365000|1795365000.1|utfq|NONE|ENTERQUEUE||0641000030|1
1795365002|1795365000.1|utfq|{NAME}|CONNECT|2|1795365000.2|2
1795365009|1795365000.1|utfq|{NAME}|COMPLETEAGENT|2|7|1
"""


def _from_configuration(store: Store) -> Watched:
    return Watched(interfaces={("utfq", NAME): INTERFACE})


def _from_an_earlier_call(store: Store) -> Watched:
    listen(store, "member_name_utf8")
    return Watched()


@pytest.mark.parametrize("known", [_from_configuration, _from_an_earlier_call])
def test_an_agent_whom_queue_log_calls_by_name_is_stored_by_the_interface(
    known: Callable[[Store], Watched], tmp_path: Path
) -> None:
    log = tmp_path / "queue_log"
    log.write_text(LATER)
    with new_store(tmp_path) as store:
        backfill(store, log, watched=known(store))
        last = visits(store)[-1]
        assert (last["source"], last["agent"], last["agent_name"]) == ("queue_log", INTERFACE, NAME)
        assert (last["wait_seconds"], last["talk_seconds"], last["ended_by"]) == (2.0, 7.0, "agent")
